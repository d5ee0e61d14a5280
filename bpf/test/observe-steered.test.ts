// SPDX-License-Identifier: Apache-2.0
import {
  AddressFamily,
  CloseReason,
  type ConnectionRecordValue,
  Engine,
  RecordEvent,
  Reporter,
} from '@undermesh/bpf-abi';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compileFixture, isRoot, Observed, sleep, TestCgroup } from './observed.js';
import { bytesOf, DualEngine, eventually, MeshProgram, type Opened } from './steered.js';

describe.skipIf(!isRoot)('observe.bpf.o beside an engine (needs root and cgroup v2)', () => {
  let program: ReturnType<typeof compileFixture>;
  let cgroup: TestCgroup;
  let mesh: MeshProgram;
  let engine: DualEngine;
  let observed: Observed;

  beforeAll(() => {
    program = compileFixture('mesh', ['-pthread']);
  });
  afterAll(() => program.remove());
  beforeEach(() => {
    cgroup = new TestCgroup();
    engine = new DualEngine(cgroup);
    observed = new Observed(cgroup, { steeredBy: engine.object });
    mesh = new MeshProgram(program.path, cgroup);
  });
  afterEach(async () => {
    await mesh.end();
    observed.close();
    engine.close();
    await sleep(20);
    cgroup.remove();
  });

  /** The ends recorded, once there are `count` of them. */
  const ends = async (count: number): Promise<ConnectionRecordValue[]> => {
    const all: ConnectionRecordValue[] = [];
    await eventually(() => {
      all.push(...observed.records());
      expect(all).toHaveLength(count);
    });
    return all;
  };

  it.each([
    ['4', '10.96.0.1', '127.0.0.1', AddressFamily.IPV4],
    ['6', 'fd00:96::1', '::1', AddressFamily.IPV6],
    ['m', '10.96.0.1', '127.0.0.1', AddressFamily.V4_MAPPED],
  ])('records what a steered connect asked for: family %s', async (family, address, at, recorded) => {
    engine.serve({ address, port: 80, id: 42, groups: [[{ id: 1, address: at, port: 9001 }]] });
    await mesh.tell(`serve tcp ${at === '::1' ? 6 : 4} ${at} 9001`);
    const { handle } = await mesh.tell<Opened>(`open ${family} ${address} 80`);
    observed.look();
    engine.switchTo(Engine.OFF, 2); // what follows still goes by the socket's own steering
    await mesh.tell(`close ${handle}`);
    const records = await ends(4);
    const source = records.filter(({ reporter }) => reporter === Reporter.SOURCE);
    const destination = records.filter(({ reporter }) => reporter === Reporter.DESTINATION);
    expect(source.map(({ event }) => event)).toEqual([RecordEvent.OPENED, RecordEvent.CLOSED]);
    for (const record of source) {
      expect(record).toMatchObject({
        family: recorded,
        peerAddress: bytesOf(at),
        peerPort: 9001,
        originalAddress: bytesOf(address),
        originalPort: 80,
        engine: Engine.DUAL_ENGINE,
        generation: 1,
        serviceId: 42,
      });
    }
    for (const record of destination) {
      expect(record).toMatchObject({ engine: Engine.OFF, generation: 0, serviceId: 0 });
      expect(record.originalPort).toBe(record.peerPort);
    }
  });

  it('records what a connect asked for that the endpoint refused', async () => {
    engine.serve({ address: '10.96.0.1', port: 80, id: 42, groups: [[{ id: 1, port: 9001 }]] });
    await mesh.tell('connect 4 10.96.0.1 80 1');
    expect(await ends(1)).toMatchObject([
      {
        event: RecordEvent.FAILED,
        reason: CloseReason.REFUSED,
        peerPort: 9001,
        originalAddress: bytesOf('10.96.0.1'),
        originalPort: 80,
        serviceId: 42,
        engine: Engine.DUAL_ENGINE,
      },
    ]);
  });

  it('says nothing of an engine where none steered', async () => {
    await mesh.tell('serve tcp 4 127.0.0.1 9001');
    await mesh.tell('connect 4 127.0.0.1 9001 1');
    for (const record of await ends(2)) {
      expect(record).toMatchObject({ engine: Engine.OFF, generation: 0, serviceId: 0 });
      expect(record.originalAddress).toEqual(record.peerAddress);
      expect(record.originalPort).toBe(record.peerPort);
    }
  });
});
