// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordColumns } from '@undermesh/bpf-abi';
import type { Change, Changes, Hello } from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Aggregator } from '../../src/aggregate/aggregator.js';
import { Placements } from '../../src/aggregate/placements.js';
import { Streams } from '../../src/aggregate/streams.js';
import { changesAnswer } from '../../src/api/changes.js';
import { ChangeLog } from '../../src/control/change-log.js';
import { ChangeWatch } from '../../src/control/change-watch.js';
import { Agents } from '../../src/ingest/agents.js';
import { Ledger } from '../../src/ingest/ledger.js';
import { boottimeNs, FakeConnection, fakeReport } from '../../test-support/index.js';

const LIMITS = { edges: 1000, openEnds: 1000, joins: 1000, cells: 10_000, series: 100 };
const MINUTE = 60_000;

let directory: string;
let file: string;
let now: number;
let ledger: Ledger;
let mesh: ReturnType<typeof start>;

/** A collector's life as far as changes go: what is in the ledger and in the file outlives it. */
function start() {
  const placements = new Placements(() => {});
  const streams = new Streams(placements, 10);
  const aggregator = new Aggregator(streams, placements, LIMITS);
  const agents = new Agents(ledger, new Ledger(null), () => []);
  const log = new ChangeLog(file);
  log.restore();
  const watch = new ChangeWatch({ log, agents, aggregator, placements, startedAt: now });
  watch.restore(now);
  return { placements, streams, aggregator, agents, log, watch };
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'undermesh-changes-'));
  file = join(directory, 'changes.jsonl');
  // In the middle of a bucket.
  now = Math.ceil(Date.now() / 10_000) * 10_000 + 4_000;
  ledger = new Ledger(null);
  mesh = start();
});
afterEach(async () => {
  await mesh.log.flush();
  rmSync(directory, { recursive: true });
});

const hello = (change: Partial<Hello>): Hello => ({
  node: 'shop-1',
  cluster: 'default',
  agentVersion: '1.0.0',
  instance: 'i1',
  bootId: 'b',
  abiVersion: 2,
  ...change,
});
const reporting = new Set<Hello>();

function pass(milliseconds: number): void {
  for (const end = now + milliseconds; now < end; ) {
    now += 2_000;
    for (const one of reporting) {
      const agent = mesh.agents.get(one.node);
      if (agent !== undefined) mesh.agents.report(agent, fakeReport(), { now, differenceMs: 0 });
    }
    mesh.aggregator.tick(now);
    if (now % 4_000 === 0) mesh.watch.tick(now);
  }
}
function come(change: Partial<Hello> = {}): Hello {
  const one = hello(change);
  mesh.agents.greet(one, 'a'.repeat(32), now);
  reporting.add(one);
  return one;
}
function leave(one: Hello): void {
  reporting.delete(one);
  const agent = mesh.agents.get(one.node);
  if (agent !== undefined) agent.connected = false;
}
afterEach(() => reporting.clear());

/** A connection from one workload (`name` or `name@version`) to another, both on a node. */
function connect(from: string, to: string, node = 'shop-1'): void {
  const { placements, streams, aggregator } = mesh;
  const stream = streams.get({ id: 'a'.repeat(32), node, cluster: 'default' });
  const place = (text: string): number => {
    const [name = '', version = null] = text.split('@');
    const workload = placements.workload(
      { cluster: 'default', namespace: 'shop', name, version },
      { kind: 'process', system: name.startsWith('undermesh'), external: false },
    );
    return placements.placement(workload, stream.node);
  };
  const one = new FakeConnection({
    client: { address: '10.0.0.1', port: 1000, workload: 1 },
    server: { address: '10.0.0.2', port: 80, workload: 2 },
    lifetimeMs: 0,
  });
  const records = [one.closed('source'), one.closed('destination')];
  aggregator.take({
    columns: new RecordColumns(new Uint8Array(Buffer.concat(records)), 192),
    stream: stream.number,
    sequence: 1n,
    realtimeOffsetNs: BigInt(now) * 1_000_000n - boottimeNs(),
    arrivedAt: now,
    from: stream,
    locals: Uint32Array.of(place(from), place(to)),
    peers: new Uint32Array(2),
    replayed: false,
  });
}
const told = (log = mesh.log): string[] =>
  [...log.changes()].reverse().map(({ number, kind, subject, before, after }) => {
    const change = before === null && after === null ? '' : ` ${before ?? ''}→${after ?? ''}`;
    return `#${number} ${kind} ${subject}${change}`;
  });

describe('changes', () => {
  it('tell of nodes and agents, once each', () => {
    const first = come();
    pass(10_000);
    leave(first);
    pass(8_000);
    come();
    pass(MINUTE);
    leave(first);
    reporting.clear();
    pass(MINUTE);
    come({ instance: 'i2' });
    pass(10_000);
    come({ instance: 'i3', agentVersion: '1.1.0' });
    pass(10_000);
    expect(told()).toEqual([
      '#1 node_joined shop-1 →1.0.0',
      '#2 node_silent shop-1 reporting→silent',
      '#3 agent_restarted shop-1',
      '#4 node_back shop-1 silent→reporting',
      '#5 agent_version shop-1 1.0.0→1.1.0',
    ]);
  });

  it('tell of workloads, versions and edges that are new, not of what a new mesh or node brings', () => {
    come();
    connect('front', 'cart@v1');
    pass(2 * MINUTE);
    connect('front', 'cart@v1');
    connect('undermesh-agent', 'undermesh-collector');
    pass(MINUTE);
    connect('cart@v1', 'stock');
    connect('front', 'cart@v2');
    pass(MINUTE);
    connect('front', 'cart@v1');
    connect('front', 'cart@v2');
    pass(MINUTE);
    come({ node: 'shop-2' });
    pass(4_000);
    connect('mail', 'cart@v2', 'shop-2');
    pass(MINUTE);
    expect(told()).toEqual([
      '#1 node_joined shop-1 →1.0.0',
      '#2 workload_appeared shop/stock',
      '#3 edge_appeared shop/cart > shop/stock',
      '#4 workload_version shop/cart v1→v2',
      '#5 node_joined shop-2 →1.0.0',
    ]);
  });

  it('tell of a version that comes back', () => {
    come();
    connect('front', 'cart@v1');
    pass(2 * MINUTE);
    connect('front', 'cart@v2');
    pass(11 * MINUTE);
    connect('front', 'cart@v1');
    pass(MINUTE);
    expect(told().slice(1)).toEqual([
      '#2 workload_version shop/cart v1→v2',
      '#3 workload_version shop/cart v2→v1',
    ]);
  });

  it('outlive a restart, which reports nothing anew', async () => {
    come();
    connect('front', 'cart@v1');
    pass(2 * MINUTE);
    connect('front', 'stock');
    pass(MINUTE);
    await mesh.log.flush();
    const before = told();
    mesh = start();
    pass(6_000);
    come();
    connect('front', 'cart@v1');
    connect('front', 'stock');
    pass(2 * MINUTE);
    expect(told()).toEqual(before);
    connect('stock', 'cart@v1');
    pass(MINUTE);
    expect(told().at(-1)).toBe(`#${before.length + 1} edge_appeared shop/stock > shop/cart`);
  });

  it('keep what was whole when the file was cut off, and go on from there', async () => {
    come();
    pass(10_000);
    come({ instance: 'i2' });
    pass(10_000);
    await mesh.log.flush();
    appendFileSync(file, '{"number":3,"time":"2026-');
    mesh = start();
    expect(told()).toEqual(['#1 node_joined shop-1 →1.0.0', '#2 agent_restarted shop-1']);
    come({ instance: 'i3' });
    pass(10_000);
    expect(told(mesh.log).at(-1)).toBe('#3 agent_restarted shop-1');
    await mesh.log.flush();
    const again = new ChangeLog(file);
    again.restore();
    expect(told(again)).toEqual(told());
  });

  it('are bounded in memory, not in the file', async () => {
    const log = new ChangeLog(file);
    const change = (kind: Change['kind']) => ({
      kind,
      time: new Date(now).toISOString(),
      subject: 'shop-9',
      before: null,
      after: '1',
      instance: 'i',
    });
    log.append([change('node_joined')]);
    for (let i = 0; i < 60; i++) {
      log.append(Array.from({ length: 200 }, (_, at) => change(at % 2 === 0 ? 'node_silent' : 'node_back')));
    }
    await log.flush();
    const again = new ChangeLog(file);
    again.restore();
    const numbers = [...again.changes()].map(({ number }) => number);
    expect(numbers).toHaveLength(5_000);
    expect(numbers[0]).toBe(12_001);
    expect(again.known.nodes.get('shop-9')).toEqual({ version: '1', instance: 'i', silent: false });
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(12_002);
    expect(again.chain).toEqual({ verifiedTo: 12_001, breaks: [] });
  });

  it('that somebody asked for belong to the node, to what runs on it and to the edges between', async () => {
    come();
    pass(2 * MINUTE);
    connect('front', 'cart@v1');
    pass(MINUTE);
    const { number } = await mesh.log.record({
      kind: 'engine_set',
      time: new Date(now).toISOString(),
      subject: 'shop-1',
      before: 'off',
      after: 'dual-engine',
      order: { generation: 1, setBy: 'api', who: 'm.chen', reason: 'try it' },
    });
    const parts = { log: mesh.log, edges: mesh.aggregator.edges, placements: mesh.placements };
    const list = (query: object): number[] =>
      changesAnswer(parts, { window: 3600, kind: 'engine_set', ...query }, now).items.map(
        (one) => one.number,
      );
    for (const query of [
      {},
      { node: 'shop-1' },
      { source: 'shop/front' },
      { source: 'front', destination: 'cart' },
    ]) {
      expect(list(query)).toEqual([number]);
    }
    expect([list({ node: 'shop-2' }), list({ source: 'mail' })]).toEqual([[], []]);
  });

  it('are listed newest first, by page, by what they touch', () => {
    come();
    pass(2 * MINUTE);
    connect('front', 'cart@v1');
    connect('cart@v1', 'stock');
    pass(MINUTE);
    const parts = { log: mesh.log, edges: mesh.aggregator.edges, placements: mesh.placements };
    const list = (query: object): Changes => changesAnswer(parts, { window: 3600, ...query }, now);
    expect(list({}).items.map(({ number }) => number)).toEqual([6, 5, 4, 3, 2, 1]);
    const page = list({ limit: 4 });
    expect(page.items).toHaveLength(4);
    expect(list({ limit: 4, cursor: page.next ?? '' })).toMatchObject({
      next: null,
      items: [{ number: 2 }, { number: 1 }],
    });
    const subjects = (query: object): string[] =>
      list(query)
        .items.map(({ subject }) => subject)
        .sort();
    expect(subjects({ source: 'cart', destination: 'shop/stock' })).toEqual([
      'shop-1',
      'shop/cart',
      'shop/cart > shop/stock',
      'shop/stock',
    ]);
    expect(subjects({ source: 'workload:default/shop/front' })).toEqual([
      'shop-1',
      'shop/front',
      'shop/front > shop/cart',
    ]);
    expect(subjects({ node: 'shop-1' })).toEqual(['shop-1']);
    expect(subjects({ window: 10 })).toEqual([]);
    const kinds = list({ kind: 'node_joined,edge_appeared' }).items.map(({ kind }) => kind);
    expect(kinds).toEqual(['edge_appeared', 'edge_appeared', 'node_joined']);
    expect(() => list({ cursor: 'x' })).toThrow(/Begin again/);
  });
});
