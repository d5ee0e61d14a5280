// SPDX-License-Identifier: Apache-2.0
import { EndpointFlag, Engine, WaypointTransport } from '@undermesh/bpf-abi';
import { cgroupId, enableProgramStats } from '@undermesh/libbpf-ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { curl, Haproxy, hasHaproxy } from './haproxy.js';
import { attachRude, compileFixture, isRoot, Observed, sleep, TestCgroup } from './observed.js';
import { bytesOf, DualEngine, eventually, MeshProgram, number, type Opened } from './steered.js';
import { WaypointSide } from './waypoint.js';

/** What `accepted` answers. */
interface Accepted {
  readonly name: string;
  readonly original: string;
}

describe.skipIf(!isRoot)('waypoint.bpf.o (needs root and cgroup v2)', () => {
  let program: ReturnType<typeof compileFixture>;
  let cgroup: TestCgroup;
  let mesh: MeshProgram;
  let engine: DualEngine;
  let side: WaypointSide | undefined;

  beforeAll(() => {
    program = compileFixture('mesh', ['-pthread']);
  });
  afterAll(() => program.remove());
  beforeEach(() => {
    cgroup = new TestCgroup();
    engine = new DualEngine(cgroup);
    mesh = new MeshProgram(program.path, cgroup);
  });
  afterEach(async () => {
    await mesh.end();
    side?.close();
    side = undefined;
    engine.close();
    await sleep(20);
    cgroup.remove();
  });

  const attach = (): WaypointSide => {
    side = new WaypointSide(cgroup, engine);
    side.trust('127.0.0.0/8', '::1/128');
    return side;
  };
  /** A service whose waypoint listens at `at`. */
  const serve = (
    address: string,
    at: string,
    options: { id?: number; transport?: number; port?: number } = {},
  ) => {
    engine.addEndpoint({ id: 5, address: at, port: options.port ?? 15008, flags: EndpointFlag.WAYPOINT });
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
      mesh.tell(`serve tcp ${family === '4' ? '4 127.0.0.1' : family === 'm' ? '6 ::' : `6 ${at}`} 15008`);
    const meant = { name, original };

    it('tells the waypoint what the client asked for, while the client sees what it asked for', async () => {
      attach();
      serve(address, at);
      await listen();
      const { handle, peer, by } = await mesh.tell<Opened>(`open ${family} ${address} 80`);
      expect({ peer, by }).toEqual({ peer: name, by: 15008 });
      expect(await mesh.tell('accepted')).toEqual(meant);
      expect(await mesh.tell(`echo ${handle}`)).toMatchObject({ ok: true });
      expect(engine.totals()).toMatchObject({ optionTaken: 1n, optionLost: 0n, steeredToWaypoint: 1n });
      expect(engine.errors()).toEqual([]);
      await mesh.tell(`close ${handle}`);
      await eventually(() => expect(engine.generations()).toEqual({}));
    });

    it('reads it off the cookie that comes back when the SYN was answered by one', async () => {
      attach();
      serve(address, at);
      await mesh.tell('sysctl net/ipv4/tcp_syncookies 2');
      await listen();
      expect(await mesh.tell(`connect ${family} ${address} 80 20`)).toMatchObject({
        by: { 15008: 20 },
        errors: {},
      });
      expect(await mesh.tell('accepted')).toEqual(meant);
      expect(engine.totals()).toMatchObject({ optionTaken: 20n, optionLost: 0n });
    });

    it('reads it off the SYN where other software stops what follows from carrying it, also of an older listener', async () => {
      await listen();
      const waypoint = attach();
      serve(address, at);
      const rude = attachRude(cgroup, 'overwrite_when_established');
      try {
        await mesh.tell(`connect ${family} ${address} 80 2`);
        expect(engine.totals()).toMatchObject({ optionTaken: 0n, optionLost: 2n });
        waypoint.keepSyns(cgroupId(cgroup.path), mesh.pid);
        await mesh.tell(`connect ${family} ${address} 80 3`);
        expect(await mesh.tell('accepted')).toEqual(meant);
        expect(engine.totals()).toMatchObject({ optionTaken: 3n, optionLost: 2n });
      } finally {
        rude.close();
      }
    });

    it('reads it off a connection to a listener that is older', async () => {
      await listen();
      attach();
      serve(address, at);
      await mesh.tell(`connect ${family} ${address} 80 3`);
      expect(await mesh.tell('accepted')).toEqual(meant);
      expect(engine.totals()).toMatchObject({ optionTaken: 3n, optionLost: 0n });
    });

    it('reads it off the first data where the listener waits for them', async () => {
      attach();
      serve(address, at);
      const where = family === '4' ? '4 127.0.0.1' : family === 'm' ? '6 ::' : `6 ${at}`;
      await mesh.tell(`collect ${where} 15008`);
      const sent = await mesh.tell(`talk write ${family} ${address} 80 10`);
      expect(sent).toEqual({ sent: 10, by: 15008, error: 0 });
      expect(await mesh.tell('accepted')).toEqual(meant);
      expect(engine.totals()).toMatchObject({ optionTaken: 1n, optionLost: 0n });
    });

    it('goes along with TCP Fast Open', async () => {
      attach();
      serve(address, at);
      await mesh.tell('sysctl net/ipv4/tcp_fastopen 3');
      await listen();
      const { fast } = await mesh.tell<{ fast: number }>(`fastopen ${family} ${address} 80 4`);
      expect(fast).toBeGreaterThanOrEqual(3); // the first asks for the cookie
      expect(await mesh.tell('accepted')).toEqual(meant);
      expect(engine.totals()).toMatchObject({ optionTaken: 4n, optionLost: 0n });
      expect(engine.errors()).toEqual([]);
    });

    it('shows its own address, and counts, when the option is lost, unknown or not to be trusted', async () => {
      const waypoint = attach();
      await listen();
      const expectOwn = async () => {
        await mesh.tell(`connect ${family} ${address} 80 1`);
        const accepted = await mesh.tell<Accepted>('accepted');
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
    side = new WaypointSide(cgroup, engine);
    await mesh.tell('serve tcp 4 127.0.0.1 15008');
    await mesh.tell('connect 4 127.0.0.1 15008 1');
    expect(await mesh.tell('accepted')).toEqual({ name: '127.0.0.1:15008', original: '' });
    expect(engine.totals()).toMatchObject({ optionLost: 0n, optionTaken: 0n });
  });

  it('is on no segment any more once the waypoint has answered', async () => {
    using _statistics = enableProgramStats();
    attach();
    serve('10.96.0.1', '127.0.0.1');
    await mesh.tell('serve tcp 4 127.0.0.1 15008');
    const { handle } = await mesh.tell<Opened>('open 4 10.96.0.1 80');
    await mesh.tell(`echo ${handle}`);
    const calls = () => Number(engine.object.program('follow_sockops').info().runCount);
    const before = calls();
    for (let i = 0; i < 20; i++) await mesh.tell(`echo ${handle}`);
    expect(calls()).toBe(before);
  });

  it('has the record of an accepted connection say what its client asked for', async () => {
    const observed = new Observed(cgroup, { steeredBy: engine.object });
    try {
      attach();
      serve('10.96.0.1', '127.0.0.1', { id: 42 });
      await mesh.tell('serve tcp 4 127.0.0.1 15008');
      await mesh.tell('connect 4 10.96.0.1 80 1');
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
    await mesh.tell('serve tcp 4 127.0.0.1 15008');
    await mesh.tell('connect 4 10.96.0.1 80 1');
    expect(await mesh.tell('accepted')).toEqual({ name: '127.0.0.1:15008', original: '' });
    expect(engine.totals()).toMatchObject({ optionUnknown: 1n });
  });

  describe.skipIf(!hasHaproxy)('a stock HAProxy (needs one that runs here)', () => {
    let haproxy: Haproxy;
    const get = (url: string) => curl(mesh, cgroup, url);

    beforeEach(async () => {
      await mesh.tell('accepted'); // its namespace is made
      haproxy = new Haproxy(mesh, [
        '  bind 127.0.0.1:15008',
        '  bind ::1:15008',
        '  bind :::15009 v4v6',
        '  http-request deny deny_status 421 unless { dst 10.96.0.1 10.96.0.2 fd00:96::1 }',
        '  http-request return status 200 content-type text/plain lf-string "[%[dst]]:%[dst_port] "',
      ]);
      side = new WaypointSide(haproxy.cgroup, engine);
      side.trust('127.0.0.0/8', '::1/128');
      serve('10.96.0.1', '127.0.0.1');
      await eventually(() => expect(get('http://127.0.0.1:15008/')).toContain('421'));
    });
    afterEach(() => haproxy.end());

    it('routes by the original destination, without any configuration of its own', async () => {
      expect(get('http://10.96.0.1/')).toBe('[10.96.0.1]:80 200');
      serve('10.96.0.2', '127.0.0.1', { id: 8 });
      expect(get('http://10.96.0.2/')).toBe('[10.96.0.2]:80 200');
      serve('fd00:96::1', '::1', { id: 9 });
      expect(get('http://[fd00:96::1]/')).toBe('[fd00:96::1]:80 200');
      serve('10.96.0.1', '127.0.0.1', { port: 15009 }); // bound to both families
      expect(get('http://10.96.0.1/')).toBe('[::ffff:10.96.0.1]:80 200');
    });

    it('finds nothing to route to when the option is lost', () => {
      serve('10.96.0.1', '127.0.0.1', { transport: WaypointTransport.NONE });
      expect(get('http://10.96.0.1/')).toContain('421');
    });
  });
});
