// SPDX-License-Identifier: Apache-2.0
import { Balancing, encodeServiceKey, MeshLimit } from '@undermesh/bpf-abi';
import { describe, expect, it } from 'vitest';
import { useMeshBed } from './mesh-bed.js';
import { isRoot } from './observed.js';
import { DualEngine, keyOf } from './steered.js';

const ECONNREFUSED = '111';

describe.skipIf(!isRoot)('an endpoint that does not take connects (needs root and cgroup v2)', () => {
  const bed = useMeshBed();
  const start = () => bed.attach(new DualEngine(bed.cgroup));
  const vip = { address: '10.96.0.1', port: 80 };
  const one = { id: 1, port: 9001 };
  const two = { id: 2, port: 9002 };
  const service = { ...vip, groups: [[one, two]] };
  const SET_ASIDE_NS = BigInt(MeshLimit.SET_ASIDE_MS) * 1_000_000n;

  it('is set aside after three refusals in a row, for twice as long each time, until one succeeds', async () => {
    const engine = start();
    engine.serve(service);
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9002');
    const { by, errors } = await bed.mesh.tell('connect 4 10.96.0.1 80 200');
    expect(by).toEqual({ 9002: 197 });
    expect(errors).toEqual({ [ECONNREFUSED]: 3 });
    const first = engine.health(1);
    expect(first).toMatchObject({ timesSetAside: 1, openConnections: 0 });
    expect(engine.totals()).toMatchObject({ setAside: 1n, allSetAside: 0n });

    // Its time is over: the next refusal sets it aside again at once, and for longer.
    const bootNs = (first?.setAsideUntilNs ?? 0n) - SET_ASIDE_NS;
    engine.setHealth(1, { timesSetAside: 1, setAsideUntilNs: 1n });
    expect((await bed.mesh.tell('connect 4 10.96.0.1 80 200')).errors).toEqual({ [ECONNREFUSED]: 1 });
    const again = engine.health(1);
    expect(again?.timesSetAside).toBe(2);
    expect((again?.setAsideUntilNs ?? 0n) - bootNs).toBeGreaterThanOrEqual(2n * SET_ASIDE_NS);

    engine.setHealth(1, { timesSetAside: 2, setAsideUntilNs: 1n });
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9001');
    const back = await bed.mesh.tell('connect 4 10.96.0.1 80 200');
    expect(back.errors).toEqual({});
    expect(back.by[9001]).toBeGreaterThan(40);
    expect(engine.health(1)).toMatchObject({ timesSetAside: 0, setAsideUntilNs: 0n, refusals: 0 });
  });

  it('is not set aside when a success comes between its refusals', async () => {
    const engine = start();
    engine.serve({ ...vip, groups: [[one]] });
    for (let round = 0; round < 3; round++) {
      expect(await bed.mesh.tell('connect 4 10.96.0.1 80 2')).toMatchObject({
        errors: { [ECONNREFUSED]: 2 },
      });
      await bed.mesh.tell('serve tcp 4 127.0.0.1 9001');
      expect(await bed.mesh.tell('connect 4 10.96.0.1 80 1')).toMatchObject({ by: { 9001: 1 } });
      await bed.mesh.tell('stop 9001');
    }
    expect(engine.totals().setAside).toBe(0n);
  });

  it('is taken nevertheless when no other is left, and that is counted', async () => {
    const engine = start();
    engine.serve(service);
    expect((await bed.mesh.tell('connect 4 10.96.0.1 80 20')).errors).toEqual({ [ECONNREFUSED]: 20 });
    expect(engine.totals()).toMatchObject({ setAside: 2n, refusedNoEndpoint: 0n, steered: 20n });
    expect(engine.totals().allSetAside).toBeGreaterThan(10n);
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9001');
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9002');
    const back = await bed.mesh.tell('connect 4 10.96.0.1 80 100');
    expect(back.errors).toEqual({});
  });

  it('is set aside when nothing answers, whether the application waits or gives up', async () => {
    const engine = start();
    engine.serve({ ...vip, groups: [[one]] });
    engine.serve({ address: '10.96.0.2', port: 80, groups: [[two]] });
    await bed.mesh.tell('mute 127.0.0.1 9001');
    await bed.mesh.tell('mute 127.0.0.1 9002');
    const given = await bed.mesh.tell('knock 4 10.96.0.2 80 3 1300'); // one SYN sent again
    expect(given.errors).toEqual({ 11: 3 });
    expect(engine.health(2)).toMatchObject({ timesSetAside: 1, openConnections: 0 });
    await bed.mesh.tell('knock 4 10.96.0.1 80 3 100'); // given up before anything can be said
    expect(engine.health(1)).toMatchObject({ timesSetAside: 0, refusals: 0, openConnections: 0 });
    expect((await bed.mesh.tell('knock 4 10.96.0.1 80 3 60000')).errors).toEqual({ 110: 3 });
    expect(engine.health(1)).toMatchObject({ timesSetAside: 1, openConnections: 0 });
  }, 600_000);

  it('is tried again by one connect, while the others wait for what comes of it', async () => {
    const engine = start();
    engine.serve({ ...vip, balancing: Balancing.ROUND_ROBIN, groups: [[one, two]] });
    await bed.mesh.tell('mute 127.0.0.1 9001');
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9002');
    engine.setHealth(1, { timesSetAside: 1, setAsideUntilNs: 1n });
    const tried = await bed.mesh.tell('knock 4 10.96.0.1 80 2 50');
    expect(tried).toMatchObject({ errors: { 11: 1 } });
    expect(engine.health(1)).toMatchObject({ timesSetAside: 1, trying: 1 });
    expect(await bed.mesh.tell('connect 4 10.96.0.1 80 20')).toMatchObject({
      by: { 9002: 20 },
      errors: {},
    });
    engine.setHealth(1, { timesSetAside: 1, setAsideUntilNs: 1n, trying: 1 }); // nothing came of it in time
    expect((await bed.mesh.tell('knock 4 10.96.0.1 80 2 50')).errors).toEqual({ 11: 1 });
  });

  it('hands over to the next group', async () => {
    const engine = start();
    engine.serve({ ...vip, groups: [[one], [], [two]] });
    await bed.mesh.tell('serve tcp 4 127.0.0.1 9002');
    expect(await bed.mesh.tell('connect 4 10.96.0.1 80 10')).toMatchObject({
      by: { 9002: 7 },
      errors: { [ECONNREFUSED]: 3 },
    });
    engine.map('services').delete(encodeServiceKey(keyOf(vip)));
    engine.serve({ ...vip, groups: [[one]] }); // strict: no other group
    expect(await bed.mesh.tell('connect 4 10.96.0.1 80 2')).toMatchObject({
      errors: { [ECONNREFUSED]: 2 },
    });
  });
});
