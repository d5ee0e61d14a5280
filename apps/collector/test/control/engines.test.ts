// SPDX-License-Identifier: Apache-2.0
import type { Changes, EngineOrder, Engines, NodeEngine, Problem } from '@undermesh/schema';
import { ROUTES } from '@undermesh/schema';
import Value from 'typebox/value';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { EngineAgent } from '../../test-support/index.js';
import { eventually, startCollector, type TestCollector } from '../support/collector.js';

const running: TestCollector[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

async function start(data?: string): Promise<TestCollector & { token: string }> {
  const collector = await startCollector(data === undefined ? {} : { data });
  running.push(collector);
  return { ...collector, token: collector.collector.token.reset('m.chen') };
}

interface Answer<T> {
  readonly status: number;
  readonly body: T;
}
async function put<T = NodeEngine>(
  { url, token }: { url: string; token: string },
  node: string,
  order: EngineOrder | object,
  headers: Record<string, string> = { authorization: `Bearer ${token}` },
): Promise<Answer<T>> {
  const response = await fetch(`${url}/api/v1/nodes/${encodeURIComponent(node)}/engine`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(order),
  });
  return { status: response.status, body: (await response.json()) as T };
}
const engineOf = async (mesh: TestCollector, node: string): Promise<NodeEngine> => {
  const engines = await mesh.get<Engines>('/api/v1/engines');
  expect(Value.Errors(ROUTES.engines.answer, engines)).toEqual([]);
  const one = engines.items.find((item) => item.node === node);
  if (one === undefined) throw new Error(`no ${node}`);
  return one.engine;
};
const settled = (mesh: TestCollector, node: string, expected: Partial<NodeEngine>): Promise<void> =>
  eventually(async () => expect(await engineOf(mesh, node)).toMatchObject(expected), 9_000);
const told = async (mesh: TestCollector): Promise<string[]> =>
  (
    await mesh.get<Changes>(
      '/api/v1/changes?kind=engine_set,engine_adopted,engine_refused,engine_drifted,engine_mended',
    )
  ).items
    .map(({ kind, before, after, order, detail }) =>
      [
        kind,
        `${before}→${after}`,
        order === undefined ? '' : `${order.generation} ${order.setBy} ${order.who}`,
        detail ?? '',
      ].join(' | '),
    )
    .reverse();

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

describe('precedence', () => {
  it('a label wins over the API, says so, and gives way when it is gone', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'));
    await agent.connect();
    await put(mesh, 'shop-1', { engine: 'dual-engine', reason: 'by hand' });
    await agent.ordered(1);
    agent.obey();
    await agent.leave();
    await agent.connect({ labels: { 'undermesh.io/engine': 'off', pool: 'general' } });
    await agent.ordered(2);
    agent.obey();
    await settled(mesh, 'shop-1', { desired: 'off', setBy: 'label', generation: 2, state: 'in-force' });
    const refused = await put<Problem>(mesh, 'shop-1', { engine: 'dual-engine', reason: 'a' });
    expect([refused.status, refused.body.code]).toEqual([409, 'engine_managed']);
    expect(refused.body.detail).toContain('undermesh.io/engine=off');
    await agent.leave();
    await agent.connect();
    await agent.ordered(3);
    agent.obey();
    await settled(mesh, 'shop-1', { desired: 'dual-engine', setBy: 'api', who: 'm.chen', generation: 3 });
  });

  it('the configuration holds until somebody asks for something else', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'), {
      configured: 'dual-engine',
      desired: 'dual-engine',
      observed: 'dual-engine',
    });
    await agent.connect({ labels: { 'undermesh.io/engine': 'nonsense' } });
    await settled(mesh, 'shop-1', {
      desired: 'dual-engine',
      setBy: 'config',
      generation: 0,
      state: 'in-force',
      who: null,
    });
    agent.say({ observed: 'off' });
    await settled(mesh, 'shop-1', { state: 'drift', detail: 'The kernel runs off, not dual-engine.' });
  });
});

describe('a collector without memory', () => {
  it('takes what nodes run for what is desired, and changes nothing', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'), {
      desired: 'dual-engine',
      observed: 'dual-engine',
      generation: 7,
      desiredSeen: 7,
    });
    await agent.connect();
    await settled(mesh, 'shop-1', {
      desired: 'dual-engine',
      generation: 7,
      who: 'collector',
      state: 'in-force',
    });
    expect(await told(mesh)).toEqual(['engine_adopted | dual-engine→dual-engine | 7 api collector | ']);
    await put(mesh, 'shop-1', { engine: 'off', reason: 'a' });
    await agent.ordered(8);
    expect(agent.wire.commands).toHaveLength(1);
  });

  it('that went back to an older state follows the nodes, and counts on from there', async () => {
    const first = await start();
    const agent = new EngineAgent(first.agent('shop-1'));
    await agent.connect();
    await put(first, 'shop-1', { engine: 'dual-engine', reason: 'a' });
    await agent.ordered(1);
    agent.obey();
    agent.say({ desired: 'off', observed: 'off', generation: 5, desiredSeen: 5 });
    await settled(first, 'shop-1', { desired: 'off', generation: 5, state: 'in-force', who: 'collector' });
    expect(agent.wire.commands).toHaveLength(1);
  });

  it('has a node that kept something else keep what it runs', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'), {
      desired: 'dual-engine',
      observed: 'off',
      generation: 0,
      desiredSeen: 4,
    });
    await agent.connect();
    await agent.ordered(5);
    expect(agent.wire.commands).toMatchObject([{ engine: 'off', generation: 5 }]);
  });

  it('goes on where it stopped, when it has its log', async () => {
    const first = await start();
    const { data } = first.collector.config;
    const agent = new EngineAgent(first.agent('shop-1'));
    await agent.connect();
    await put(first, 'shop-1', { engine: 'dual-engine', reason: 'a' });
    await first.stop();
    running.length = 0;
    const second = await start(data);
    await settled(second, 'shop-1', {
      desired: 'dual-engine',
      generation: 1,
      state: 'silent',
      observed: null,
    });
    await put(second, 'shop-1', { engine: 'off', reason: 'while it is away' });
    const again = new EngineAgent(second.agent('shop-1'), { ...agent.engine });
    await again.connect();
    await again.ordered(2);
    expect(again.wire.commands).toMatchObject([{ engine: 'off', generation: 2 }]);
    again.obey();
    await settled(second, 'shop-1', { state: 'in-force', generation: 2 });
  });
});

describe('drift', () => {
  it('is told once, and once more when it is mended', async () => {
    const mesh = await start();
    const agent = new EngineAgent(mesh.agent('shop-1'));
    await agent.connect();
    const what = 'connect4 was detached from /shop';
    const drift = { what, sinceMs: Date.now() };
    agent.say({ drift: [{ ...drift, mended: false }] });
    await settled(mesh, 'shop-1', { state: 'drift', detail: what });
    agent.say({ drift: [{ ...drift, mended: false }] });
    expect(await mesh.get<string>('/metrics')).toContain('undermesh_engine_drift{node="shop-1"} 1');
    agent.say({ drift: [{ ...drift, mended: true }] });
    await settled(mesh, 'shop-1', {
      state: 'in-force',
      drift: [{ what, mended: true, since: expect.any(String) }],
    });
    agent.say({ drift: [{ ...drift, mended: true }] });
    agent.say({ drift: [{ what: 'mended at once', sinceMs: Date.now(), mended: true }] });
    const expected = [
      `engine_drifted | null→null |  | ${what}`,
      `engine_mended | null→null |  | ${what}`,
      'engine_drifted | null→null |  | mended at once',
      'engine_mended | null→null |  | mended at once',
    ];
    await eventually(async () => expect(await told(mesh)).toEqual(expected));
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
