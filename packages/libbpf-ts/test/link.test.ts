// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { BpfLink, cgroupId, cgroupPrograms, listLinks } from '../src/index.js';
import {
  connectInCgroup,
  describeAsRoot,
  loadFixture,
  readU64,
  temporaryBpffs,
  temporaryCgroup,
  thrownBy,
  u32,
} from './support.js';

const ACTIVE_ESTABLISHED = 4;
const PASSIVE_ESTABLISHED = 5;

describeAsRoot('BpfLink', () => {
  test('a sockops program sees the TCP connections of its cgroup', async () => {
    const object = loadFixture('sockets');
    const cgroup = temporaryCgroup();
    using link = object.program('count_established').attachCgroup(cgroup);
    const counts = object.map('count_by_op');
    expect(await connectInCgroup(cgroup, 20)).toBe(0);
    expect(readU64(counts.lookup(u32(ACTIVE_ESTABLISHED)))).toBe(20);
    expect(readU64(counts.lookup(u32(PASSIVE_ESTABLISHED)))).toBe(20);
    expect(link.info()).toEqual({
      type: 'cgroup',
      id: link.id,
      programId: object.program('count_established').id,
      attachType: 'cgroup_sock_ops',
      cgroupId: cgroupId(cgroup),
    });
  });

  test('is read back from the kernel until it is closed', () => {
    const object = loadFixture('sockets');
    const cgroup = temporaryCgroup();
    const program = object.program('count_established');
    expect(cgroupPrograms(cgroup, 'cgroup_sock_ops')).toEqual({ programIds: [], flags: 0 });
    const first = program.attachCgroup(cgroup);
    const second = object.program('count_elsewhere').attachCgroup(cgroup);
    expect(cgroupPrograms(cgroup, 'cgroup_sock_ops').programIds).toEqual([
      program.id,
      object.program('count_elsewhere').id,
    ]);
    expect(cgroupPrograms(cgroup, 'cgroup_sock_ops', { effective: true }).programIds).toContain(program.id);
    expect(cgroupPrograms(cgroup, 'cgroup_inet_egress').programIds).toEqual([]);
    expect(listLinks()).toContainEqual(first.info());
    first.close();
    first.close();
    second[Symbol.dispose]();
    expect(cgroupPrograms(cgroup, 'cgroup_sock_ops').programIds).toEqual([]);
    expect(thrownBy(() => first.info())).toMatchObject({ code: 'BPF_CLOSED' });
  });

  test('update puts another program in place', async () => {
    const object = loadFixture('sockets');
    const cgroup = temporaryCgroup();
    using link = object.program('count_established').attachCgroup(cgroup);
    link.update(object.program('count_elsewhere'));
    expect(cgroupPrograms(cgroup, 'cgroup_sock_ops').programIds).toEqual([
      object.program('count_elsewhere').id,
    ]);
    expect(await connectInCgroup(cgroup, 3)).toBe(0);
    expect(readU64(object.map('count_by_op').lookup(u32(7)))).toBe(3);
    expect(readU64(object.map('count_by_op').lookup(u32(ACTIVE_ESTABLISHED)))).toBe(0);
    expect(thrownBy(() => link.update(object.program('refuse_port_9')))).toMatchObject({ code: 'BPF_LINK' });
  });

  test('a pin keeps it attached after everything was closed', () => {
    const path = `${temporaryBpffs()}/link`;
    const cgroup = temporaryCgroup();
    const object = loadFixture('sockets');
    const { id } = object.program('count_established');
    const link = object.program('count_established').attachCgroup(cgroup);
    link.pin(path);
    link.close();
    object.close();
    expect(cgroupPrograms(cgroup, 'cgroup_sock_ops').programIds).toEqual([id]);
    const again = BpfLink.openPinned(path);
    using byId = BpfLink.fromId(again.id);
    expect(byId.info()).toEqual(again.info());
    again.unpin(path);
    again.close();
    expect(cgroupPrograms(cgroup, 'cgroup_sock_ops').programIds).toEqual([id]);
    byId.detach();
    expect(cgroupPrograms(cgroup, 'cgroup_sock_ops').programIds).toEqual([]);
    expect(byId.info().cgroupId).toBe(0n);
  });

  test('attaches to tracepoints', () => {
    const object = loadFixture('sockets');
    using sysEnter = object.program('count_sys_enter').attach();
    using sysExit = object.program('ignore_sys_exit').attach();
    expect(sysEnter.info().programId).toBe(object.program('count_sys_enter').id);
    expect(sysExit.type).toBe('raw_tracepoint');
    const bss = object.map('.bss');
    const before = bss.lookup(u32(0));
    process.cpuUsage();
    expect(bss.lookup(u32(0))).not.toEqual(before);
    expect(thrownBy(() => sysEnter.update(object.program('count_sys_enter')))).toMatchObject({
      code: 'BPF_LINK',
    });
  });

  test('says which cgroup is not there', () => {
    const program = loadFixture('sockets').program('count_established');
    const error = thrownBy(() => program.attachCgroup('/sys/fs/cgroup/no-such'));
    expect(error).toMatchObject({ code: 'BPF_CGROUP' });
    expect(error.message).toContain('/sys/fs/cgroup/no-such');
    expect(thrownBy(() => program.attachCgroup('/tmp'))).toMatchObject({
      code: 'BPF_ATTACH',
      errnoName: 'EBADF',
    });
    expect(thrownBy(() => BpfLink.fromId(2 ** 31 - 1))).toMatchObject({ code: 'BPF_NOT_FOUND' });
  });
});
