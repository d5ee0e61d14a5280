// SPDX-License-Identifier: Apache-2.0
import type { Engines, NodeEngine, Problem } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { EngineAgent } from '../../test-support/index.js';
import { eventually } from '../support/collector.js';
import { put, settled, start, told } from './engine-mesh.js';

describe('an order', () => {
  it('goes down the connection of the agent and is in force once it is read back', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'));
    await agent.connect();
    await settled(mesh, 'shop-1', {
      desired: 'off',
      observed: 'off',
      generation: 0,
      setBy: 'config',
      state: 'in-force',
    });
    const { status, body } = await put(mesh, 'shop-1', { engine: 'dual-engine', reason: ' try it ' });
    expect([status, body]).toMatchObject([
      200,
      {
        desired: 'dual-engine',
        observed: 'off',
        generation: 1,
        state: 'switching',
        setBy: 'api',
        who: 'm.chen',
        reason: 'try it',
        change: expect.any(Number),
      },
    ]);
    await agent.ordered(1);
    expect(Date.parse(agent.wire.commands[0]?.deadline ?? '')).toBeGreaterThan(Date.now());
    agent.obey();
    await settled(mesh, 'shop-1', {
      observed: 'dual-engine',
      state: 'in-force',
      switchMs: expect.any(Number),
    });
    expect(await told(mesh)).toEqual(['engine_set | off→dual-engine | 1 api m.chen | ']);
    const metrics = await mesh.get<string>('/metrics');
    expect(metrics).toContain('undermesh_node_engine{node="shop-1",engine="dual-engine",state="observed"} 1');
    expect(metrics).toContain('undermesh_engine_drift{node="shop-1"} 0');
    expect(metrics).toContain('undermesh_engine_switch_seconds_count{engine="dual-engine"} 1');
    const nodes = await mesh.get<{ items: { engine: NodeEngine }[] }>('/api/v1/nodes');
    expect(nodes.items[0]?.engine).toMatchObject({ desired: 'dual-engine', observed: 'dual-engine' });
  });

  it('reaches nodes of any name', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('zone/a:1@rack'));
    await agent.connect();
    await settled(mesh, 'zone/a:1@rack', { state: 'in-force' });
    expect((await put(mesh, 'zone/a:1@rack', { engine: 'dual-engine', reason: 'a' })).status).toBe(200);
    await agent.ordered(1);
  });

  it('that asks for what is desired changes nothing', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'));
    await agent.connect();
    await put(mesh, 'shop-1', { engine: 'dual-engine', reason: 'a' });
    await agent.ordered(1);
    agent.obey();
    const { body } = await put(mesh, 'shop-1', { engine: 'dual-engine', reason: 'b' });
    expect(body).toMatchObject({ generation: 1, reason: 'a' });
    expect(await told(mesh)).toHaveLength(1);
  });

  it('is sent again after a reconnect, and when its deadline has passed, which is told', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'));
    await agent.connect();
    await put(mesh, 'shop-1', { engine: 'dual-engine', reason: 'a' });
    await agent.ordered(1);
    await agent.leave();
    await settled(mesh, 'shop-1', { state: 'silent', desired: 'dual-engine', observed: 'off' });
    await agent.connect();
    await agent.wire.until(() => agent.wire.commands.length === 2);
    const talking = setInterval(() => agent.say({}), 500);
    await agent.wire.until(() => agent.wire.commands.length === 3);
    await settled(mesh, 'shop-1', { state: 'drift', detail: 'Order 1 has not been carried out in time.' });
    clearInterval(talking);
    agent.obey();
    await settled(mesh, 'shop-1', { state: 'in-force', drift: [] });
    await eventually(async () => {
      const kinds = (await told(mesh)).map((line) => line.split(' | ')[0]);
      expect(kinds).toEqual(['engine_set', 'engine_drifted', 'engine_mended']);
    });
    expect(new Set(agent.wire.commands.map(({ generation }) => generation))).toEqual(new Set([1]));
  }, 20_000);

  it('that the node refused shows why, and is not forgotten', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'));
    await agent.connect();
    await put(mesh, 'shop-1', { engine: 'dual-engine', reason: 'a' });
    await agent.ordered(1);
    agent.say({ refused: { generation: 1, engine: 'dual-engine', reason: 'no cgroup hooks' } });
    await settled(mesh, 'shop-1', {
      state: 'unavailable',
      desired: 'dual-engine',
      observed: 'off',
      detail: 'no cgroup hooks',
    });
    agent.say({});
    await eventually(async () => {
      const last = (await told(mesh)).at(-1);
      expect(last).toBe('engine_refused | off→dual-engine | 1 api m.chen | no cgroup hooks');
    });
    await put(mesh, 'shop-1', { engine: 'off', reason: 'back' });
    await agent.ordered(2);
    agent.obey();
    await settled(mesh, 'shop-1', { state: 'in-force', generation: 2 });
  });

  it.each<[string, number, string, object, Record<string, string> | undefined]>([
    ['without a token', 401, 'token_required', { engine: 'off', reason: 'a' }, {}],
    [
      'with a wrong one',
      401,
      'token_wrong',
      { engine: 'off', reason: 'a' },
      { authorization: 'Bearer umt_x' },
    ],
    [
      'from another site',
      403,
      'origin_not_allowed',
      { engine: 'off', reason: 'a' },
      { origin: 'https://evil.example' },
    ],
    ['of an engine that is none', 400, 'request_invalid', { engine: 'warp', reason: 'a' }, undefined],
    ['without a reason', 422, 'reason_required', { engine: 'off' }, undefined],
    ['with an empty reason', 422, 'reason_required', { engine: 'off', reason: '  ' }, undefined],
    [
      'that the node cannot take',
      422,
      'engine_unavailable',
      { engine: 'kernel-native', reason: 'a' },
      undefined,
    ],
    [
      'that rests on an old generation',
      409,
      'engine_changed',
      { engine: 'dual-engine', reason: 'a', generation: 3 },
      undefined,
    ],
  ])('%s is refused with %i %s', async (_, status, code, order, headers) => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'), { unavailable: { 'kernel-native': 'no module' } });
    await agent.connect();
    await settled(mesh, 'shop-1', { state: 'in-force' });
    const answer = await put<Problem>(mesh, 'shop-1', order, headers);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await told(mesh)).toEqual([]);
    expect(agent.wire.commands).toEqual([]);
  });

  it('of a node that is unknown, unheard of, or runs an old agent is refused', async () => {
    const mesh = await start();
    mesh.collector.credentials.create('new');
    const old = mesh.agent('old');
    await old.connect();
    old.report();
    const code = async (node: string): Promise<string> =>
      (await put<Problem>(mesh, node, { engine: 'off', reason: 'a' })).body.code;
    expect([await code('nobody'), await code('old')]).toEqual(['node_unknown', 'engine_unavailable']);
    expect((await fetch(`${mesh.url}/api/v1/nodes/nobody`)).status).toBe(404);
    expect(await mesh.get('/api/v1/nodes/old')).toMatchObject({ name: 'old', engine: { observed: 'off' } });
    await eventually(async () => expect(await code('new')).toBe('engine_unsettled'));
    await settled(mesh, 'old', { state: 'in-force', observed: 'off' });
    expect(old.commands).toEqual([]);
  });

  it('by a cookie needs to say that it comes from a page of ours', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'));
    await agent.connect();
    const signedIn = await fetch(`${mesh.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: mesh.token }),
    });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    const order = { engine: 'dual-engine', reason: 'a' };
    const without = await put<Problem>(mesh, 'shop-1', order, { cookie });
    expect([without.status, without.body.code]).toEqual([403, 'origin_not_allowed']);
    expect((await put(mesh, 'shop-1', order, { cookie, origin: mesh.url })).status).toBe(200);
    const session = (headers: Record<string, string>) => mesh.get('/api/v1/session', headers);
    expect([await session({ cookie }), await session({})]).toEqual([
      { operator: 'm.chen' },
      { operator: null },
    ]);
  });

  it('is one of many at a time: the last one wins, and whoever looked before it is told', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'));
    await agent.connect();
    const orders = (['dual-engine', 'off', 'dual-engine', 'off'] as const).map((engine) => ({
      engine,
      reason: 'race',
    }));
    const answers = await Promise.all(orders.map((order) => put(mesh, 'shop-1', order)));
    const newest = answers.toSorted((a, b) => a.body.generation - b.body.generation).at(-1)?.body;
    await settled(mesh, 'shop-1', { desired: newest?.desired ?? 'off', generation: newest?.generation ?? 0 });
    const guarded = await Promise.all(
      ['one', 'two', 'three'].map((reason) =>
        put(mesh, 'shop-1', {
          engine: newest?.desired === 'off' ? 'dual-engine' : 'off',
          reason,
          generation: newest?.generation,
        }),
      ),
    );
    expect(guarded.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  it('is taken three hundred times a minute at most', async () => {
    const mesh = await start();
    const statuses = new Set<number>();
    for (let i = 0; i < 302; i++)
      statuses.add((await put(mesh, 'nobody', { engine: 'off', reason: 'a' })).status);
    expect(statuses).toEqual(new Set([404, 429]));
  });
});

describe('the live topic engines', () => {
  it('sends at once what changed', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'));
    await agent.connect();
    const socket = new WebSocket(`${mesh.url.replace('http', 'ws')}/api/v1/live`);
    const seen: { sequence: number; data: Engines }[] = [];
    socket.on('message', (data: Buffer) => seen.push(JSON.parse(data.toString())));
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(JSON.stringify({ type: 'subscribe', id: 'e', topic: 'engines' }));
    await put(mesh, 'shop-1', { engine: 'dual-engine', reason: 'a' });
    await agent.ordered(1);
    await eventually(() => expect(seen.at(-1)?.data.items[0]?.engine.state).toBe('switching'));
    agent.obey();
    await eventually(() => {
      expect(seen.at(-1)?.data.items[0]?.engine).toMatchObject({
        state: 'in-force',
        observed: 'dual-engine',
      });
    });
    expect(seen.map(({ sequence }) => sequence)).toEqual(seen.map((_, at) => at));
    socket.close();
  });
});
