// SPDX-License-Identifier: Apache-2.0
import { Engine } from '@undermesh/bpf-abi';
import { describe, expect, it } from 'vitest';
import { useMeshBed } from './mesh-bed.js';
import { isRoot, sleep, TestCgroup } from './observed.js';
import { DualEngine, eventually, number, type Opened } from './steered.js';

const ECONNREFUSED = '111';
const EHOSTUNREACH = '113';

describe.skipIf(!isRoot)('dual_engine.bpf.o (needs root and cgroup v2)', () => {
  const bed = useMeshBed();
  let kernel: DualEngine;

  const start = (options: ConstructorParameters<typeof DualEngine>[1] = {}) => {
    kernel = bed.attach(new DualEngine(bed.cgroup, options));
    return kernel;
  };
  const vip = { address: '10.96.0.1', port: 80 };
  const one = { id: 1, port: 9001 };
  const two = { id: 2, port: 9002 };

  describe.each([
    ['IPv4', '4', '10.96.0.1', '127.0.0.1', '10.96.0.1:80'],
    ['IPv6', '6', 'fd00:96::1', '::1', '[fd00:96::1]:80'],
    ['IPv4 on an IPv6 socket', 'm', '10.96.0.1', '127.0.0.1', '[::ffff:10.96.0.1]:80'],
  ])('%s', (_, family, address, at, shown) => {
    const serverFamily = family === 'm' ? '4' : family;

    it('steers a connect to the endpoint and shows the virtual address', async () => {
      start().serve({ address, port: 80, groups: [[{ ...one, address: at }]] });
      await bed.mesh.tell(`serve tcp ${serverFamily} ${at} 9001`);
      expect(await bed.mesh.tell(`connect ${family} ${address} 80 3`)).toEqual({
        by: { 9001: 3 },
        errors: {},
        peer: shown,
      });
      expect(kernel.totals()).toMatchObject({ steered: 3n, passed: 0n, failed: 0n });
      await eventually(() => expect(kernel.generations()).toEqual({}));
      expect(kernel.health(1)?.openConnections).toBe(0);
      expect(kernel.errors()).toEqual([]);
    });

    it('steers datagrams, connected or not, and shows the virtual address as their sender', async () => {
      start().serve({ address, port: 80, protocol: 'udp', groups: [[{ ...one, address: at }]] });
      await bed.mesh.tell(`serve udp ${serverFamily} ${at} 9001`);
      const answered = { by: { 9001: 3 }, errors: {}, peer: shown };
      expect(await bed.mesh.tell(`ask ${family} ${address} 80 3`)).toEqual(answered);
      expect(await bed.mesh.tell(`send ${family} ${address} 80 3`)).toEqual(answered);
      expect(kernel.totals()).toMatchObject({ datagramsSteered: 4n, steered: 0n });
      expect(kernel.generations()).toEqual({});
    });

    it('refuses at once what has no endpoint', async () => {
      const engine = start();
      engine.serve({ address, port: 80, groups: [] });
      engine.serve({ address, port: 80, protocol: 'udp', groups: [[]] });
      const refused = { by: {}, errors: { [ECONNREFUSED]: 2 } };
      expect(await bed.mesh.tell(`connect ${family} ${address} 80 2`)).toMatchObject(refused);
      expect(await bed.mesh.tell(`send ${family} ${address} 80 2`)).toMatchObject(refused);
      expect(await bed.mesh.tell(`associate ${family} ${address} 80 2`)).toMatchObject(refused);
      expect(engine.totals()).toMatchObject({ refusedNoEndpoint: 6n, steered: 0n, failed: 0n });
    });

    it('leaves other addresses and other protocols alone', async () => {
      const engine = start();
      engine.serve({ address, port: 80, groups: [[{ ...one, address: at }]] });
      await bed.mesh.tell(`serve tcp ${serverFamily} ${at} 9001`);
      await bed.mesh.tell(`serve udp ${serverFamily} ${at} 9001`);
      const direct = await bed.mesh.tell(`connect ${family} ${at} 9001 2`);
      expect(direct).toMatchObject({ by: { 9001: 2 }, errors: {} });
      expect(direct.peer).toContain('9001');
      expect(await bed.mesh.tell(`send ${family} ${at} 9001 2`)).toMatchObject({ by: { 9001: 2 } });
      expect(await bed.mesh.tell(`associate ${family} ${address} 80 2`)).toMatchObject({
        errors: { [EHOSTUNREACH]: 2 },
      });
      expect(engine.totals()).toMatchObject({ passed: 4n, steered: 0n, datagramsSteered: 0n });
    });
  });

  it('steers MPTCP sockets as TCP, whose peer alone is not hidden', async () => {
    start().serve({ ...vip, groups: [[one]] });
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9001');
    expect(await bed.mesh.tell('connect 4p 10.96.0.1 80 2')).toMatchObject({ by: { 9001: 2 }, errors: {} });
    await eventually(() => expect(kernel.generations()).toEqual({}));
  });

  it('refuses and counts when an entry is missing that it takes to steer', async () => {
    const engine = start();
    engine.serve({ ...vip, groups: [[one]] });
    engine.map('endpoints').delete(number(1));
    expect(await bed.mesh.tell('connect 4 10.96.0.1 80 1')).toMatchObject({ errors: { [ECONNREFUSED]: 1 } });
    engine.map('slots').readAll({ remove: true });
    expect(await bed.mesh.tell('connect 4 10.96.0.1 80 1')).toMatchObject({ errors: { [ECONNREFUSED]: 1 } });
    engine.serve({ ...vip, groups: [[one]], waypointId: 5 });
    expect(await bed.mesh.tell('connect 4 10.96.0.1 80 1')).toMatchObject({ errors: { [ECONNREFUSED]: 1 } });
    engine.serve({ ...vip, groups: [[one]] });
    for (const hook of ['connect4', 'sendmsg4']) engine.map(`${hook}_programs`).delete(number(1));
    expect(await bed.mesh.tell('connect 4 10.96.0.1 80 1')).toMatchObject({ errors: { [ECONNREFUSED]: 1 } });
    expect(engine.totals()).toMatchObject({ failed: 4n, steered: 0n, refusedNoEndpoint: 0n });
  });

  it('goes to the waypoint of a service', async () => {
    const engine = start();
    engine.serve({ ...vip, groups: [[one]], waypointId: 5 });
    engine.addEndpoint({ id: 5, port: 9005, flags: 4 });
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9005');
    expect(await bed.mesh.tell('connect 4 10.96.0.1 80 2')).toEqual({
      by: { 9005: 2 },
      errors: {},
      peer: '10.96.0.1:80',
    });
    expect(engine.totals()).toMatchObject({ steeredToWaypoint: 2n, steered: 0n });
  });

  it('sends all datagrams of a socket to the same endpoint while it serves', async () => {
    const engine = start();
    const service = { ...vip, protocol: 'udp', groups: [[one, two]] } as const;
    engine.serve(service);
    await bed.mesh.tell('serve udp 4 127.0.0.1 9001');
    await bed.mesh.tell('serve udp 4 127.0.0.1 9002');
    for (let i = 0; i < 8; i++) {
      expect(Object.values((await bed.mesh.tell('send 4 10.96.0.1 80 5')).by)).toEqual([5]);
    }
    engine.addEndpoint({ ...one, flags: 2 }); // draining
    expect((await bed.mesh.tell('send 4 10.96.0.1 80 5')).by).toEqual({ 9002: 5 });
  });

  it('goes on showing the virtual address of a connected UDP socket that also sends elsewhere', async () => {
    const engine = start();
    engine.serve({ ...vip, protocol: 'udp', groups: [[one]] });
    const { handle } = await bed.mesh.tell<{ handle: number }>('tie 4 10.96.0.1 80');
    for (const inForce of [Engine.DUAL_ENGINE, Engine.OFF, Engine.KERNEL_NATIVE]) {
      engine.switchTo(inForce, 2);
      const told = await bed.mesh.tell(`stray ${handle} 9002`);
      expect(told).toEqual({ by: {}, errors: {}, peer: '10.96.0.1:80' });
    }
  });

  it('counts what is open by endpoint and by generation, and takes a switch without touching it', async () => {
    const engine = start();
    engine.serve({ ...vip, groups: [[one]] });
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9001');
    const first = await bed.mesh.tell<Opened>('open 4 10.96.0.1 80');
    engine.switchTo(Engine.DUAL_ENGINE, 2);
    const second = await bed.mesh.tell<Opened>('open m 10.96.0.1 80');
    expect(engine.generations()).toEqual({ 1: 1, 2: 1 });
    expect(engine.health(1)?.openConnections).toBe(2);

    engine.switchTo(Engine.OFF, 3);
    expect(await bed.mesh.tell('connect 4 10.96.0.1 80 2')).toMatchObject({ errors: { [EHOSTUNREACH]: 2 } });
    expect(engine.totals()).toMatchObject({ steered: 2n, passedOff: 2n });
    for (const { handle, peer } of [first, second]) {
      expect(await bed.mesh.tell(`echo ${handle}`)).toEqual({ ok: true, peer });
    }
    await bed.mesh.tell(`close ${first.handle}`);
    await eventually(() => expect(engine.generations()).toEqual({ 2: 1 }));
    engine.switchTo(Engine.DUAL_ENGINE, 4);
    expect(await bed.mesh.tell(`echo ${second.handle}`)).toMatchObject({ ok: true });
    await bed.mesh.tell(`reset ${second.handle}`);
    await eventually(() => expect(engine.generations()).toEqual({}));
    expect(engine.health(1)?.openConnections).toBe(0);
  });

  it('refuses connections beyond the maximum of a service, until one of them ends', async () => {
    const engine = start();
    engine.serve({ ...vip, groups: [[one]], maxConnections: 2 });
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9001');
    const first = await bed.mesh.tell<Opened>('open 4 10.96.0.1 80');
    await bed.mesh.tell<Opened>('open m 10.96.0.1 80');
    const refused = { by: {}, errors: { [ECONNREFUSED]: 3 } };
    expect(await bed.mesh.tell('connect 4 10.96.0.1 80 3')).toMatchObject(refused);
    expect(engine.totals()).toMatchObject({ steered: 2n, refusedTooMany: 3n });
    await bed.mesh.tell(`close ${first.handle}`);
    await eventually(() => expect(engine.health(1)?.openConnections).toBe(1));
    expect(await bed.mesh.tell('connect 4 10.96.0.1 80 1')).toMatchObject({ by: { 9001: 1 }, errors: {} });
  });

  it('loses count of nothing while engines are switched under traffic', async () => {
    const engine = start();
    engine.serve({ ...vip, groups: [[one, two]] });
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9001');
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9002');
    let done = false;
    const connects = bed.mesh.tell('connect 4 10.96.0.1 80 4000').finally(() => {
      done = true;
    });
    let generation = 1;
    while (!done) {
      generation += 1;
      engine.switchTo(generation % 8 === 0 ? Engine.OFF : Engine.DUAL_ENGINE, generation);
      await sleep(1);
    }
    const { by, errors } = await connects;
    const steered = Object.values(by).reduce((sum, count) => sum + count, 0);
    expect(engine.totals()).toMatchObject({
      steered: BigInt(steered),
      passedOff: BigInt(errors[EHOSTUNREACH] ?? 0),
      failed: 0n,
    });
    expect(steered + (errors[EHOSTUNREACH] ?? 0)).toBe(4000);
    expect(generation).toBeGreaterThan(20);
    await eventually(() => expect(engine.generations()).toEqual({}));
    for (const id of [1, 2]) expect(engine.health(id)).toMatchObject({ openConnections: 0, refusals: 0 });
    expect(engine.errors()).toEqual([]);
  });

  it('refuses virtual addresses under an engine that has no program here', async () => {
    const engine = start();
    engine.serve({ ...vip, groups: [[one]] });
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9001');
    engine.switchTo(Engine.KERNEL_NATIVE, 2);
    expect(await bed.mesh.tell('connect 4 10.96.0.1 80 1')).toMatchObject({ errors: { [ECONNREFUSED]: 1 } });
    expect(await bed.mesh.tell('connect 4 127.0.0.1 9001 1')).toMatchObject({ by: { 9001: 1 } });
  });

  it('lets the socket of a failed connect go elsewhere', async () => {
    const engine = start();
    engine.serve({ ...vip, groups: [[one]] });
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9002');
    const failed = await bed.mesh.tell<Opened>('open 4 10.96.0.1 80');
    expect(failed).toMatchObject({ error: 111 });
    expect(engine.generations()).toEqual({});
    const elsewhere = await bed.mesh.tell<Opened>(`reopen ${failed.handle} 4 127.0.0.1 9002`);
    expect(elsewhere).toMatchObject({ by: 9002, error: 0, peer: '127.0.0.1:9002' });
    expect(engine.generations()).toEqual({});
  });

  it('counts a socket once whose connect is tried again, and one that reaches no SYN not at all', async () => {
    const engine = start();
    engine.serve({ ...vip, groups: [[one]] });
    engine.serve({ address: '10.96.0.2', port: 80, groups: [[{ id: 3, address: '10.96.9.9', port: 1 }]] });
    const failed = await bed.mesh.tell<Opened>('open 4 10.96.0.1 80');
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9001');
    const again = await bed.mesh.tell<Opened>(`reopen ${failed.handle} 4 10.96.0.1 80`);
    expect(again).toMatchObject({ by: 9001, peer: '10.96.0.1:80' });
    expect(engine.generations()).toEqual({ 1: 1 });
    expect(await bed.mesh.tell('open 4 10.96.0.2 80')).toMatchObject({ error: 113 });
    expect(engine.generations()).toEqual({ 1: 1 });
    expect(engine.health(3)).toMatchObject({ openConnections: 0, refusals: 0 });
    await bed.mesh.tell(`close ${failed.handle}`);
    await eventually(() => expect(engine.generations()).toEqual({}));
  });

  it('counts closes also when another program overwrites the callback flags', async () => {
    const engine = start({ without: ['follow_sockops'] });
    engine.serve({ ...vip, groups: [[one]] });
    const sockops = engine.object.program('follow_sockops').attachCgroup(bed.cgroup.path);
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9001');
    const { handle } = await bed.mesh.tell<Opened>('open 4 10.96.0.1 80');
    sockops.close(); // its callback will not come any more
    await bed.mesh.tell(`close ${handle}`);
    await eventually(() => expect(engine.generations()).toEqual({}));
    expect(engine.health(1)?.openConnections).toBe(0);
  });

  it('steers once where a cgroup and one within it are enrolled', async () => {
    const engine = start();
    engine.serve({ ...vip, groups: [[one]] });
    const within = new TestCgroup(bed.cgroup);
    engine.enrol(within);
    const nested = bed.start(within);
    try {
      await nested.tell('serve tcp 4 127.0.0.1 9001');
      const { handle, peer } = await nested.tell<Opened>('open 4 10.96.0.1 80');
      expect(peer).toBe('10.96.0.1:80');
      expect(engine.generations()).toEqual({ 1: 1 });
      expect(engine.health(1)?.openConnections).toBe(1);
      await nested.tell(`close ${handle}`);
      await eventually(() => expect(engine.generations()).toEqual({}));
    } finally {
      await nested.end();
      engine.close();
      await sleep(20);
      within.remove();
    }
  });

  it('leaves the sockets of an agent that is nearer to it', async () => {
    const outer = start();
    outer.serve({ ...vip, groups: [[one]] });
    const within = new TestCgroup(bed.cgroup);
    const inner = new DualEngine(within, { owner: 2, sharing: outer.object });
    inner.switchTo(Engine.OFF, 1);
    const nested = bed.start(within);
    try {
      expect(await nested.tell('connect 4 10.96.0.1 80 1')).toMatchObject({ errors: { [EHOSTUNREACH]: 1 } });
      expect(inner.totals()).toMatchObject({ passedOff: 1n });
      expect(outer.totals()).toMatchObject({ steered: 0n, passed: 0n });
    } finally {
      await nested.end();
      inner.close();
      await sleep(20);
      within.remove();
    }
  });
});
