// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import {
  BpfProgram,
  cgroupPrograms,
  clockBoottimeNs,
  enableProgramStats,
  listMaps,
  listPrograms,
} from '../src/index.js';
import { describeAsRoot, loadFixture, temporaryBpffs, temporaryCgroup, thrownBy } from './support.js';

const packet = new Uint8Array(64).fill(7);

describeAsRoot('BpfProgram', () => {
  test('tells what the kernel knows of it', () => {
    const object = loadFixture('basics');
    const program = object.program('multiply_length');
    expect(program).toMatchObject({
      type: 'cgroup_skb',
      section: 'cgroup_skb/egress',
      attachType: 'cgroup_inet_egress',
    });
    const info = program.info();
    expect(info).toMatchObject({
      id: program.id,
      tag: program.tag,
      type: 'cgroup_skb',
      name: 'multiply_length',
    });
    expect(info.tag).toMatch(/^[0-9a-f]{16}$/);
    expect([...info.mapIds].sort()).toEqual(
      [object.map('count_by_number').id, object.map('.bss').id, object.map('.rodata').id].sort(),
    );
    expect(info.xlatedBytes % 8).toBe(0);
    expect(info.jitedBytes).toBeGreaterThan(0);
    expect(info.verifiedInstructions).toBeGreaterThan(5);
    const ageNs = clockBoottimeNs() - info.loadedAtNs;
    expect(ageNs).toBeGreaterThan(0n);
    expect(ageNs).toBeLessThan(10_000_000_000n);
  });

  test('has the same tag each time it is loaded', () => {
    const first = loadFixture('basics').program('length_times_factor');
    const second = loadFixture('basics').program('length_times_factor');
    expect(first.id).not.toBe(second.id);
    expect(first.tag).toBe(second.tag);
  });

  test('is listed with its maps', () => {
    const object = loadFixture('basics');
    expect(listPrograms().map(({ id }) => id)).toContain(object.program('multiply_length').id);
    expect(listMaps()).toContainEqual(object.map('count_by_number').info());
  });

  describe('testRun', () => {
    test('returns value, duration and packet', () => {
      const result = loadFixture('basics')
        .program('length_times_factor')
        .testRun({ dataIn: packet, repeat: 1000 });
      expect(result.retval).toBe(64);
      expect(result.durationNs).toBeLessThan(100_000);
      expect(result.dataOut).toEqual(packet);
    });

    test('takes a context', () => {
      const skb = new Uint8Array(192); // struct __sk_buff
      new DataView(skb.buffer).setUint32(8, 0x2a, true); // mark
      const { ctxOut } = loadFixture('basics')
        .program('length_times_factor')
        .testRun({ dataIn: packet, ctxIn: skb });
      expect(new DataView(ctxOut.buffer).getUint32(8, true)).toBe(0x2a);
    });

    test('says what cannot be run', () => {
      const program = loadFixture('sockets').program('count_established');
      const error = thrownBy(() => program.testRun({ dataIn: packet }));
      expect(error.name).toBe('NotSupportedError');
      expect(error.message).toContain("sock_ops program 'count_established'");
      expect(error.syscall).toBe('bpf(BPF_PROG_TEST_RUN)');
    });
  });

  test('statistics count runs while they are on', () => {
    const program = loadFixture('basics').program('length_times_factor');
    {
      using _statistics = enableProgramStats();
      program.testRun({ dataIn: packet, repeat: 100 });
    }
    const { runCount, runTimeNs } = program.info();
    expect(runCount).toBe(100n);
    expect(runTimeNs).toBeGreaterThan(0n);
    program.testRun({ dataIn: packet, repeat: 100 });
    expect(program.info().runCount).toBe(100n);
  });

  test('is pinned and opened again', () => {
    const path = `${temporaryBpffs()}/program`;
    const { id, tag } = loadFixture('basics', (object) =>
      object.setAutoload('multiply_length', false),
    ).program('length_times_factor');
    const other = loadFixture('basics').program('length_times_factor');
    other.pin(path);
    using again = BpfProgram.openPinned(path);
    expect(again).toMatchObject({ id: other.id, tag, name: 'length_times_fa' });
    expect(again.testRun({ dataIn: packet }).retval).toBe(64);
    using byId = BpfProgram.fromId(id);
    expect(byId.tag).toBe(tag);
    again.unpin(path);
    expect(thrownBy(() => BpfProgram.openPinned(path))).toMatchObject({
      code: 'BPF_PIN',
      errnoName: 'ENOENT',
    });
  });

  test('attaches to a sockhash, until it is detached', () => {
    const object = loadFixture('sockets');
    const program = object.program('pass_message');
    const map = object.map('socket_by_number');
    program.attachMap(map);
    expect(cgroupPrograms(map.fd, 'sk_msg_verdict').programIds).toEqual([program.id]);
    program.detachMap(map);
    expect(cgroupPrograms(map.fd, 'sk_msg_verdict').programIds).toEqual([]);
    expect(thrownBy(() => program.attachMap(object.map('count_by_op')))).toMatchObject({
      syscall: 'bpf(BPF_PROG_ATTACH)',
    });
  });

  test('says where it can be attached when asked for the wrong place', () => {
    const object = loadFixture('sockets');
    const cgroup = temporaryCgroup();
    expect(thrownBy(() => object.program('count_established').attach()).message).toContain('attachCgroup');
    expect(thrownBy(() => object.program('walk_tcp').attachCgroup(cgroup))).toMatchObject({
      code: 'BPF_ATTACH',
    });
    using pinless = BpfProgram.fromId(object.program('count_established').id);
    expect(thrownBy(() => pinless.attachCgroup(cgroup)).message).toContain('its attach type is not known');
    using link = pinless.attachCgroup(cgroup, 'cgroup_sock_ops');
    expect(link.type).toBe('cgroup');
  });
});
