// SPDX-License-Identifier: Apache-2.0
import type { Changes, Engines, Problem } from '@undermesh/schema';
import { afterEach, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../../../../packages/mesh/test/cluster/api-server.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import { EngineAgent } from '../../../test-support/index.js';
import { eventually, startCollector, type TestCollector } from '../../support/collector.js';
import { put, settled } from '../engine-mesh.js';
import { chunkOf, edit, leaseOf, sharedLog, startedServer, textOf } from './bed.js';

type Mesh = TestCollector & { token: string };

const running: TestCollector[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

/** A collector of a cluster. */
async function start(server: ApiServer, identity: string): Promise<Mesh> {
  const collector = await startCollector({}, new MemoryStore(), await sharedLog(server, identity));
  running.push(collector);
  return { ...collector, token: collector.collector.token.reset('m.chen') };
}

/** A collector of a cluster, and an agent of it that was ordered the dual engine. */
async function startSteering(server: ApiServer): Promise<[Mesh, EngineAgent]> {
  const mesh = await start(server, 'one');
  const agent = new EngineAgent(mesh.agent('shop-1'));
  await agent.connect();
  await put(mesh, 'shop-1', { engine: 'dual-engine', reason: 'a' });
  await agent.ordered(1);
  agent.obey();
  return [mesh, agent];
}

async function stop(mesh: Mesh): Promise<void> {
  const at = running.findIndex(({ url }) => url === mesh.url);
  running.splice(at, 1);
  await mesh.stop();
}

const numbers = async (mesh: Mesh): Promise<string[]> =>
  (await mesh.get<Changes>('/api/v1/changes?kind=engine_set,engine_adopted,log_broken')).items.map(
    ({ number, kind, after }) => `${number} ${kind} ${after}`,
  );

describe('collectors of a cluster', { timeout: 60_000 }, () => {
  it('take an order at whichever of them it comes, and the one that has the agent sends it', async () => {
    const server = await startedServer();
    const [one, other] = [await start(server, 'one'), await start(server, 'other')];
    const agent = new EngineAgent(one.agent('shop-1'));
    await agent.connect();
    await put(one, 'shop-1', { engine: 'dual-engine', reason: 'here' });
    await agent.ordered(1);
    agent.obey();
    await eventually(async () => expect(await numbers(other)).toEqual(['1 engine_set dual-engine']));
    const answer = await put(other, 'shop-1', { engine: 'off', reason: 'at the other one' });
    expect(answer).toMatchObject({ status: 200, body: { desired: 'off', generation: 2, who: 'm.chen' } });
    await agent.ordered(2);
    agent.obey();
    await settled(one, 'shop-1', { desired: 'off', generation: 2, state: 'in-force' });
    const both = ['2 engine_set off', '1 engine_set dual-engine'];
    expect([await numbers(one), await numbers(other)]).toEqual([both, both]);
    expect(await one.get<string>('/metrics')).toContain('undermesh_control_writes 0');
    const metrics = await other.get<string>('/metrics');
    for (const line of ['undermesh_control_writes 1', 'undermesh_control_problem 0'])
      expect(metrics).toContain(line);
    // Who decides on an old view of it is told so, wherever.
    const late = await put<Problem>(one, 'shop-1', { engine: 'dual-engine', reason: 'late', generation: 1 });
    expect([late.status, late.body.code]).toEqual([409, 'engine_changed']);
  });

  it('know what is desired after a restart of all of them, and with an empty data directory', async () => {
    const server = await startedServer();
    const [first, agent] = await startSteering(server);
    await settled(first, 'shop-1', { state: 'in-force' });
    await stop(first);
    const second = await start(server, 'two');
    const again = new EngineAgent(second.agent('shop-1'), { ...agent.engine });
    await again.connect();
    await settled(second, 'shop-1', {
      desired: 'dual-engine',
      generation: 1,
      setBy: 'api',
      state: 'in-force',
    });
    expect(again.wire.commands).toEqual([]);
    expect(await numbers(second)).toEqual(['1 engine_set dual-engine']);
    expect((await second.get<Engines>('/api/v1/engines')).chain).toEqual({ verifiedTo: 1, breaks: [] });
  });

  it('write down what labels settle and what nodes bring along, whichever of them hears of it', async () => {
    const server = await startedServer();
    const [one, other] = [await start(server, 'one'), await start(server, 'other')];
    const labelled = new EngineAgent(one.agent('shop-1'));
    await labelled.connect();
    labelled.say({ nodeLabel: { known: true, engine: 'dual-engine' } });
    await labelled.ordered(1);
    const ahead = new EngineAgent(other.agent('shop-2'), {
      desired: 'dual-engine',
      observed: 'dual-engine',
      generation: 7,
      desiredSeen: 7,
    });
    await ahead.connect();
    await settled(other, 'shop-2', { desired: 'dual-engine', generation: 7, who: 'collector' });
    const managed = await put<Problem>(other, 'shop-1', { engine: 'off', reason: 'a' });
    expect([managed.status, managed.body.code]).toEqual([409, 'engine_managed']);
    expect(managed.body.detail).toContain('undermesh.io/engine=dual-engine');
  });

  it('say who may write where that one does not let go, and that the API server is away', async () => {
    const server = await startedServer();
    const [one, agent] = await startSteering(server);
    const lease = leaseOf(server);
    const spec = { ...(lease.spec as object), holderIdentity: 'stuck', leaseDurationSeconds: 3_600 };
    server.apply({ ...lease, spec });
    const held = await put<Problem>(one, 'shop-1', { engine: 'off', reason: 'b' });
    expect([held.status, held.body.code]).toEqual([503, 'control_held']);
    expect(held.body.detail).toContain('Only stuck may write');
    await server.end();
    const away = await put<Problem>(one, 'shop-1', { engine: 'off', reason: 'b' });
    expect([away.status, away.body.code]).toEqual([503, 'control_unavailable']);
    // All else goes on: reports come in, and what is desired stays.
    agent.say({ observed: 'off' });
    await settled(one, 'shop-1', { desired: 'dual-engine', observed: 'off', state: 'drift' });
  });

  it('start while the API server is away, and order nothing until they know what is desired', async () => {
    const server = await startedServer();
    const [first, agent] = await startSteering(server);
    await stop(first);
    await server.end();
    const second = await start(server, 'two');
    const again = new EngineAgent(second.agent('shop-1'), { ...agent.engine, observed: 'off' });
    await again.connect();
    const early = await put<Problem>(second, 'shop-1', { engine: 'off', reason: 'a' });
    expect([early.status, early.body.code]).toEqual([503, 'control_unavailable']);
    await server.begin();
    await settled(second, 'shop-1', { desired: 'dual-engine', generation: 1, setBy: 'api', state: 'drift' });
    expect(again.wire.commands).toEqual([]);
  });

  it('forget what is desired where the log was changed while none of them ran, say so, and adopt what nodes run', async () => {
    const server = await startedServer();
    const [first, agent] = await startSteering(server);
    await stop(first);
    edit(server, (text) => text.replace('dual-engine', 'off'));
    const second = await start(server, 'two');
    const again = new EngineAgent(second.agent('shop-1'), { ...agent.engine });
    await again.connect();
    await settled(second, 'shop-1', { desired: 'dual-engine', who: 'collector', state: 'in-force' });
    expect(await numbers(second)).toEqual(['3 engine_adopted dual-engine', '2 log_broken null']);
    const { chain } = await second.get<Engines>('/api/v1/engines');
    expect(chain.breaks).toMatchObject([
      { change: 2, detail: expect.stringMatching(/^Line 1 does not follow/) },
    ]);
    expect(textOf(chunkOf(server))).toContain('log_broken');
    expect(again.wire.commands).toEqual([]);
  });

  it('tell of what each finds out by itself beside it, in pages that follow on each other', async () => {
    const server = await startedServer();
    const one = await start(server, 'one');
    const agent = new EngineAgent(one.agent('shop-1'));
    await agent.connect();
    one.collector.changes.append([
      { kind: 'node_joined', time: new Date().toISOString(), subject: 'shop-1', before: null, after: '1' },
    ]);
    for (const engine of ['dual-engine', 'off', 'dual-engine'] as const)
      await put(one, 'shop-1', { engine, reason: 'a' });
    const pages: number[] = [];
    let cursor = '';
    do {
      const page = await one.get<Changes>(`/api/v1/changes?limit=1${cursor}`);
      pages.push(...page.items.map(({ number }) => number));
      cursor = page.next === null ? '' : `&cursor=${page.next}`;
    } while (cursor !== '');
    expect(pages).toEqual([3, 2, 1, 1_000_001]);
  });
});
