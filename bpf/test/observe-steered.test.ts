// SPDX-License-Identifier: Apache-2.0
import {
  AddressFamily,
  CloseReason,
  type ConnectionRecordValue,
  Engine,
  RecordEvent,
  Reporter,
  ServiceFlag,
} from '@undermesh/bpf-abi';
import { cgroupId } from '@undermesh/libbpf-ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { useMeshBed } from './mesh-bed.js';
import { isRoot, Observed } from './observed.js';
import { bytesOf, DualEngine, eventually, number, type Opened } from './steered.js';

describe.skipIf(!isRoot)('observe.bpf.o beside an engine (needs root and cgroup v2)', () => {
  const bed = useMeshBed();
  let engine: DualEngine;
  let observed: Observed;

  beforeEach(() => {
    engine = bed.attach(new DualEngine(bed.cgroup));
    observed = bed.attach(new Observed(bed.cgroup, { steeredBy: engine.object }));
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
    await bed.mesh.tell(`serve tcp ${at === '::1' ? 6 : 4} ${at} 9001`);
    const { handle } = await bed.mesh.tell<Opened>(`open ${family} ${address} 80`);
    observed.look();
    engine.switchTo(Engine.OFF, 2); // what follows still goes by the socket's own steering
    await bed.mesh.tell(`close ${handle}`);
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
    await bed.mesh.tell('connect 4 10.96.0.1 80 1');
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
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9001');
    await bed.mesh.tell('connect 4 127.0.0.1 9001 1');
    for (const record of await ends(2)) {
      expect(record).toMatchObject({ engine: Engine.OFF, generation: 0, serviceId: 0 });
      expect(record.originalAddress).toEqual(record.peerAddress);
      expect(record.originalPort).toBe(record.peerPort);
    }
  });

  it.each([
    ['4', '10.96.0.1', AddressFamily.IPV4],
    ['6', 'fd00:96::1', AddressFamily.IPV6],
    ['m', '10.96.0.1', AddressFamily.V4_MAPPED],
  ])(
    'has a record of every connect that the engine refused: family %s',
    async (family, address, recorded) => {
      engine.serve({ address, port: 80, id: 42, groups: [] });
      engine.serve({ address, port: 80, protocol: 'udp', groups: [] });
      await bed.mesh.tell(`connect ${family} ${address} 80 3`);
      expect(observed.records()).toEqual([]); // nobody has said where to
      engine.recordIn(observed.object);
      engine.switchTo(Engine.DUAL_ENGINE, 5);
      const before = engine.totals().refusedNoEndpoint;
      await bed.mesh.tell(`connect ${family} ${address} 80 20`);
      await bed.mesh.tell(`associate ${family} ${address} 80 2`); // datagrams have no records
      const records = await ends(20);
      expect(engine.totals().refusedNoEndpoint - before).toBe(22n);
      expect(observed.totals()).toMatchObject({ endsEmitted: 20n, connects: 0n });
      for (const record of records) {
        expect(record).toMatchObject({
          event: RecordEvent.FAILED,
          reporter: Reporter.SOURCE,
          reason: CloseReason.NO_ENDPOINT,
          family: recorded,
          flags: 0,
          peerAddress: bytesOf(address),
          peerPort: 80,
          originalAddress: bytesOf(address),
          originalPort: 80,
          engine: Engine.DUAL_ENGINE,
          generation: 5,
          serviceId: 42,
          pid: bed.mesh.pid,
          process: 'mesh',
          cgroupId: cgroupId(bed.cgroup.path),
          sentBytes: 0n,
        });
        expect(record.netnsCookie).not.toBe(0n);
        expect(record.timeNs).toBe(record.openedNs);
      }
      expect(new Set(records.map(({ socketCookie }) => socketCookie)).size).toBe(20);
      expect(engine.errors()).toEqual([]);
    },
  );

  it.each([
    [ServiceFlag.ELSEWHERE, CloseReason.NO_ENDPOINT_NEAR],
    [ServiceFlag.NO_WAYPOINT, CloseReason.NO_WAYPOINT],
  ])('says why there was none: flag %i', async (flags, reason) => {
    engine.recordIn(observed.object);
    engine.serve({ address: '10.96.0.1', port: 80, flags, groups: [[]] });
    await bed.mesh.tell('connect 4 10.96.0.1 80 1');
    expect((await ends(1))[0]).toMatchObject({ reason });
  });

  it('says so when something was missing in the kernel, and counts what found the ring full', async () => {
    engine.recordIn(observed.object);
    engine.serve({ address: '10.96.0.1', port: 80, groups: [[{ id: 1, port: 9001 }]] });
    engine.map('connect4_programs').delete(number(Engine.DUAL_ENGINE));
    await bed.mesh.tell('connect 4 10.96.0.1 80 2');
    expect((await ends(2))[0]).toMatchObject({ reason: CloseReason.NOT_STEERED, serviceId: 7 });
    const room = Math.floor(observed.object.map('records').maxEntries / 200);
    await bed.mesh.tell(`connect 4 10.96.0.1 80 ${room + 10}`);
    const { endsEmitted, endsLostRingFull } = observed.totals();
    expect(endsEmitted + endsLostRingFull).toBe(BigInt(room + 12));
    expect(endsLostRingFull).toBeGreaterThan(0n);
    expect(observed.records()).toHaveLength(Number(endsEmitted) - 2);
  });
});
