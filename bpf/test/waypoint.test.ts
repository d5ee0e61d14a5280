// SPDX-License-Identifier: Apache-2.0
import { EndpointFlag, Engine, WaypointTransport } from '@undermesh/bpf-abi';
import { cgroupId, enableProgramStats } from '@undermesh/libbpf-ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { useMeshBed } from './mesh-bed.js';
import { attachRude, isRoot, Observed } from './observed.js';
import { bytesOf, DualEngine, eventually, number, type Opened } from './steered.js';
import { WaypointSide } from './waypoint.js';

/** What `accepted` answers. */
interface Accepted {
  readonly name: string;
  readonly original: string;
}

describe.skipIf(!isRoot)('waypoint.bpf.o (needs root and cgroup v2)', () => {
  const bed = useMeshBed();
  let engine: DualEngine;

  beforeEach(() => {
    engine = bed.attach(new DualEngine(bed.cgroup));
  });

  const attach = (cgroup = bed.cgroup): WaypointSide => {
    const side = bed.attach(new WaypointSide(cgroup, engine));
    side.trust('127.0.0.0/8', '::1/128');
    return side;
  };
  /** A service whose waypoint listens at `at`. */
  const serve = (address: string, at: string, options: { id?: number; transport?: number } = {}) => {
    engine.addEndpoint({ id: 5, address: at, port: 15008, flags: EndpointFlag.WAYPOINT });
    engine.serve({
      address,
      port: 80,
      id: options.id ?? 7,
      groups: [],
      waypointId: 5,
      transport: options.transport ?? WaypointTransport.SYN_OPTION,
    });
  };

  describe.each([
    ['IPv4', '4', '10.96.0.1', '127.0.0.1', '10.96.0.1:80', '10.96.0.1:80'],
    ['IPv6', '6', 'fd00:96::1', '::1', '[fd00:96::1]:80', '[fd00:96::1]:80'],
    ['IPv4 on IPv6 sockets', 'm', '10.96.0.1', '127.0.0.1', '[::ffff:10.96.0.1]:80', '10.96.0.1:80'],
  ])('%s', (_, family, address, at, name, original) => {
    /** The waypoint's listener; of IPv4 on IPv6 sockets one that takes both. */
    const listen = () =>
      bed.mesh.tell(
        `serve tcp ${family === '4' ? '4 127.0.0.1' : family === 'm' ? '6 ::' : `6 ${at}`} 15008`,
      );
    const meant = { name, original };

    it('tells the waypoint what the client asked for, while the client sees what it asked for', async () => {
      attach();
      serve(address, at);
      await listen();
      const { handle, peer, by } = await bed.mesh.tell<Opened>(`open ${family} ${address} 80`);
      expect({ peer, by }).toEqual({ peer: name, by: 15008 });
      expect(await bed.mesh.tell('accepted')).toEqual(meant);
      expect(await bed.mesh.tell(`echo ${handle}`)).toMatchObject({ ok: true });
      expect(engine.totals()).toMatchObject({ optionTaken: 1n, optionLost: 0n, steeredToWaypoint: 1n });
      expect(engine.errors()).toEqual([]);
      await bed.mesh.tell(`close ${handle}`);
      await eventually(() => expect(engine.generations()).toEqual({}));
    });

    it('reads it off the cookie that comes back when the SYN was answered by one', async () => {
      attach();
      serve(address, at);
      await bed.mesh.tell('sysctl net/ipv4/tcp_syncookies 2');
      await listen();
      expect(await bed.mesh.tell(`connect ${family} ${address} 80 20`)).toMatchObject({
        by: { 15008: 20 },
        errors: {},
      });
      expect(await bed.mesh.tell('accepted')).toEqual(meant);
      expect(engine.totals()).toMatchObject({ optionTaken: 20n, optionLost: 0n });
    });

    it('reads it off the SYN where other software stops what follows from carrying it, also of an older listener', async () => {
      await listen();
      const waypoint = attach();
      serve(address, at);
      const rude = attachRude(bed.cgroup, 'overwrite_when_established');
      try {
        await bed.mesh.tell(`connect ${family} ${address} 80 2`);
        expect(engine.totals()).toMatchObject({ optionTaken: 0n, optionLost: 2n });
        waypoint.keepSyns(cgroupId(bed.cgroup.path), bed.mesh.pid);
        await bed.mesh.tell(`connect ${family} ${address} 80 3`);
        expect(await bed.mesh.tell('accepted')).toEqual(meant);
        expect(engine.totals()).toMatchObject({ optionTaken: 3n, optionLost: 2n });
      } finally {
        rude.close();
      }
    });

    it('reads it off a connection to a listener that is older', async () => {
      await listen();
      attach();
      serve(address, at);
      await bed.mesh.tell(`connect ${family} ${address} 80 3`);
      expect(await bed.mesh.tell('accepted')).toEqual(meant);
      expect(engine.totals()).toMatchObject({ optionTaken: 3n, optionLost: 0n });
    });

    it('reads it off the first data where the listener waits for them', async () => {
      attach();
      serve(address, at);
      const where = family === '4' ? '4 127.0.0.1' : family === 'm' ? '6 ::' : `6 ${at}`;
      await bed.mesh.tell(`collect ${where} 15008`);
      const sent = await bed.mesh.tell(`talk write ${family} ${address} 80 10`);
      expect(sent).toEqual({ sent: 10, by: 15008, error: 0 });
      expect(await bed.mesh.tell('accepted')).toEqual(meant);
      expect(engine.totals()).toMatchObject({ optionTaken: 1n, optionLost: 0n });
    });

    it('goes along with TCP Fast Open', async () => {
      attach();
      serve(address, at);
      await bed.mesh.tell('sysctl net/ipv4/tcp_fastopen 3');
      await listen();
      const { fast } = await bed.mesh.tell<{ fast: number }>(`fastopen ${family} ${address} 80 4`);
      expect(fast).toBeGreaterThanOrEqual(3); // the first asks for the cookie
      expect(await bed.mesh.tell('accepted')).toEqual(meant);
      expect(engine.totals()).toMatchObject({ optionTaken: 4n, optionLost: 0n });
      expect(engine.errors()).toEqual([]);
    });

    it('shows its own address, and counts, when the option is lost, unknown or not to be trusted', async () => {
      const waypoint = attach();
      await listen();
      const expectOwn = async () => {
        await bed.mesh.tell(`connect ${family} ${address} 80 1`);
        const accepted = await bed.mesh.tell<Accepted>('accepted');
        expect(accepted.original).toBe('');
        expect(accepted.name).toContain(':15008');
      };
      serve(address, at, { transport: WaypointTransport.NONE });
      await expectOwn();
      expect(engine.totals()).toMatchObject({ optionLost: 1n });

      serve(address, at);
      engine.map('vips').delete(number(1007));
      await expectOwn();
      expect(engine.totals()).toMatchObject({ optionUnknown: 1n });

      serve(address, at);
      waypoint.distrust(at === '::1' ? '::1/128' : '127.0.0.0/8');
      await expectOwn();
      expect(engine.totals()).toMatchObject({ optionUntrusted: 1n, optionTaken: 0n, optionLost: 1n });
    });
  });

  it('leaves connections alone that are no waypoint traffic of ours', async () => {
    bed.attach(new WaypointSide(bed.cgroup, engine));
    await bed.mesh.tell('serve tcp 4 127.0.0.1 15008');
    await bed.mesh.tell('connect 4 127.0.0.1 15008 1');
    expect(await bed.mesh.tell('accepted')).toEqual({ name: '127.0.0.1:15008', original: '' });
    expect(engine.totals()).toMatchObject({ optionLost: 0n, optionTaken: 0n });
  });

  it('is on no segment any more once the waypoint has answered', async () => {
    using _statistics = enableProgramStats();
    attach();
    serve('10.96.0.1', '127.0.0.1');
    await bed.mesh.tell('serve tcp 4 127.0.0.1 15008');
    const { handle } = await bed.mesh.tell<Opened>('open 4 10.96.0.1 80');
    await bed.mesh.tell(`echo ${handle}`);
    const calls = () => Number(engine.object.program('follow_sockops').info().runCount);
    const before = calls();
    for (let i = 0; i < 20; i++) await bed.mesh.tell(`echo ${handle}`);
    expect(calls()).toBe(before);
  });

  it('has the record of an accepted connection say what its client asked for', async () => {
    const observed = new Observed(bed.cgroup, { steeredBy: engine.object });
    try {
      attach();
      serve('10.96.0.1', '127.0.0.1', { id: 42 });
      await bed.mesh.tell('serve tcp 4 127.0.0.1 15008');
      await bed.mesh.tell('connect 4 10.96.0.1 80 1');
      const ends: ReturnType<typeof observed.records> = [];
      await eventually(() => {
        ends.push(...observed.records());
        expect(ends).toHaveLength(2);
      });
      for (const end of ends) {
        expect(end).toMatchObject({
          engine: Engine.DUAL_ENGINE,
          serviceId: 42,
          originalAddress: bytesOf('10.96.0.1'),
          originalPort: 80,
        });
      }
    } finally {
      observed.close();
    }
  });

  it('does not believe an option that names an address of the other family', async () => {
    attach();
    serve('10.96.0.1', '127.0.0.1', { id: 8 });
    serve('fd00:96::1', '::1', { id: 7 });
    engine.map('vips').update(number(1008), engine.map('vips').lookup(number(1007)) ?? new Uint8Array());
    engine.addEndpoint({ id: 5, address: '127.0.0.1', port: 15008, flags: EndpointFlag.WAYPOINT });
    await bed.mesh.tell('serve tcp 4 127.0.0.1 15008');
    await bed.mesh.tell('connect 4 10.96.0.1 80 1');
    expect(await bed.mesh.tell('accepted')).toEqual({ name: '127.0.0.1:15008', original: '' });
    expect(engine.totals()).toMatchObject({ optionUnknown: 1n });
  });
});
