// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpLimit } from '@undermesh/bpf-abi';
import type { Edge, Edges, Latency, Status, Topology } from '@undermesh/schema';
import { afterEach, describe, expect, it } from 'vitest';
import { createStore } from '../src/store/create-store.js';
import { MemoryStore } from '../src/store/memory-store.js';
import type { RecordStore } from '../src/store/store.js';
import { type FakeAgent, FakeConnection, legRecord } from '../test-support/index.js';
import { eventually, startCollector, type TestCollector } from './support/collector.js';

const NAMES = ['cart', 'way', 'stock', 'books'] as const;
const WORKLOADS = NAMES.map((name, at) => ({
  id: at + 1,
  namespace: 'shop',
  name,
  kind: 'process' as const,
  system: false,
}));
const peer = (name: (typeof NAMES)[number], port: number) => ({
  address: `10.0.0.${NAMES.indexOf(name) + 1}`,
  port,
  workload: NAMES.indexOf(name) + 1,
});
const between = (from: (typeof NAMES)[number], to: (typeof NAMES)[number], port: number) =>
  new FakeConnection({ client: peer(from, 40_000), server: peer(to, port) });

let running: TestCollector[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});
async function start(...options: Parameters<typeof startCollector>): Promise<TestCollector> {
  const one = await startCollector(...options);
  running.push(one);
  return one;
}
async function agentOf(collector: TestCollector): Promise<FakeAgent> {
  const agent = collector.agent('node-a');
  await agent.connect();
  agent.dictionary({ workloads: WORKLOADS });
  return agent;
}

/** Nine requests of one client through a waypoint: six to stock, two to books, one that the waypoint answered. */
async function requests(agent: FakeAgent): Promise<void> {
  const client = between('cart', 'way', 15_008);
  const stock = between('way', 'stock', 8080);
  const books = between('way', 'books', 8080);
  await agent.deliver(
    [client, stock, books].flatMap((one) => [one.opened('source'), one.opened('destination')]),
  );
  const told = (count: number, status = 200) => Array.from({ length: count }, () => ({ status }));
  await agent.deliver([
    ...(['source', 'destination'] as const).flatMap((side) => [
      client.http(side, told(7)),
      client.http(side, [...told(1, 302), ...told(1, 503)]),
      stock.http(side, told(6)),
      books.http(side, [...told(1), ...told(1, 503)]),
    ]),
  ]);
  const times = [
    { firstByteUs: 1000, waypointUs: 200 },
    { firstByteUs: 3000, waypointUs: 400 },
    { firstByteUs: HttpLimit.UNKNOWN_US, lastByteUs: HttpLimit.UNKNOWN_US, waypointUs: HttpLimit.UNKNOWN_US },
  ];
  await agent.deliver([
    legRecord(client, stock, [...times, ...times]),
    legRecord(client, books, [{}, { status: 503 }]),
    legRecord(client, null, [{ status: 302, waypointUs: 1000 }]),
  ]);
}

const QUERY = 'level=workload&window=300';
const nameOf = (edge: Edge): string =>
  `${edge.sourceName}>${edge.destinationName}${edge.via === null ? '' : ` via ${edge.via.name}`}`;
const byName = (edges: readonly Edge[]): Record<string, Edge> =>
  Object.fromEntries(edges.map((edge) => [nameOf(edge), edge]));
const topologyOf = (collector: TestCollector, more = ''): Promise<Topology> =>
  collector.get<Topology>(`/api/v1/topology?${QUERY}${more}`);

async function expectJoined(collector: TestCollector): Promise<void> {
  const topology = await topologyOf(collector, '&legs=true');
  const edges = byName(topology.edges);
  expect(Object.keys(edges).sort()).toEqual([
    'cart>books via way',
    'cart>stock via way',
    'cart>way',
    'way>books',
    'way>stock',
  ]);
  expect(edges['cart>stock via way']).toMatchObject({
    ports: [8080],
    leg: null,
    split: null,
    seenBy: 'destination',
    traffic: { opened: 0, requests: { total: 6, statusClasses: { '2xx': 6 } } },
    via: {
      namespace: 'shop',
      timed: 4,
      time: { waypointUs: 300, beyondUs: 1700, totalUs: 2000 },
      share: 0.15,
      waypointUs: { count: 4 },
    },
  });
  expect(edges['cart>books via way']).toMatchObject({
    traffic: { requests: { total: 2, statusClasses: { '2xx': 1, '5xx': 1 } } },
  });
  const waypoint = topology.vertices.find(({ name }) => name === 'way');
  expect(edges['cart>way']).toMatchObject({
    via: null,
    leg: { side: 'client', waypoint: waypoint?.id, joined: 8, answered: 1, notJoined: 0 },
    traffic: { requests: { total: 9 } },
  });
  expect(edges['way>stock']?.leg).toMatchObject({ side: 'server', joined: 6, answered: 0, notJoined: 0 });
  // Figures of a vertex are those of its own connections.
  const cart = topology.vertices.find(({ name }) => name === 'cart');
  expect(cart?.outbound).toMatchObject({ opened: 1, requests: { total: 9 } });
  expect(waypoint).toMatchObject({
    inbound: { requests: { total: 9 } },
    outbound: { requests: { total: 8 } },
  });
}

describe.each(['memory', 'duckdb'] as const)('requests through a waypoint, with %s', (driver) => {
  it('are on one edge from client to server, also after the collector was started again', async () => {
    const data = mkdtempSync(join(tmpdir(), 'undermesh-legs-'));
    const memory = new MemoryStore();
    const open = (): RecordStore =>
      driver === 'memory' ? memory : createStore({ driver, directory: join(data, 'records') });
    const first = await start({ data }, open());
    await requests(await agentOf(first));
    await eventually(() => expectJoined(first));
    const status = await first.get<Status>('/api/v1/status');
    expect(status.requests).toMatchObject({ received: 34, stored: 34, lost: {} });
    await first.stop();
    running = [];
    const second = await start({ data }, open());
    await agentOf(second);
    await eventually(() => expectJoined(second));
    await second.stop();
    running = [];
    rmSync(data, { recursive: true, force: true });
  });
});

describe('requests through a waypoint', () => {
  it('count once in totals, and legs that say no more than that are left out', async () => {
    const collector = await start();
    await requests(await agentOf(collector));
    await eventually(async () => {
      const topology = await topologyOf(collector);
      expect(topology.hidden).toMatchObject({ legs: 3, edges: 0 });
      expect(topology.edges.map(nameOf).sort()).toEqual(['cart>books via way', 'cart>stock via way']);
    });
    const totalOf = async (filter: string): Promise<Edges> =>
      collector.get<Edges>(`/api/v1/edges?${QUERY}&series=true${filter}`);
    const all = await totalOf('');
    expect(all).toMatchObject({ hiddenLegs: 3, total: { opened: 3, requests: { total: 9 } } });
    expect(all.total.requests?.statusClasses).toEqual({ '2xx': 7, '3xx': 1, '5xx': 1 });
    expect(all.totalSeries?.requests.reduce<number>((sum, count) => sum + (count ?? 0), 0)).toBe(9);
    expect(await totalOf('&legs=true')).toMatchObject({ hiddenLegs: 0, total: { requests: { total: 9 } } });
    expect((await totalOf('&destination=stock')).total).toMatchObject({ opened: 1, requests: { total: 6 } });
    expect((await totalOf('&source=cart&destination=books')).items).toHaveLength(1);
  });

  it('are timed by their own latency between client and server, and not twice elsewhere', async () => {
    const collector = await start();
    await requests(await agentOf(collector));
    await eventually(async () => expect((await topologyOf(collector)).edges).toHaveLength(2));
    const count = async (filter: string): Promise<number> =>
      (await collector.get<Latency>(`/api/v1/latency?${QUERY}${filter}`)).distribution?.quantiles.count ?? 0;
    expect(await count('&source=cart&destination=stock')).toBe(4);
    expect(await count('')).toBe(17);
  });

  it('are told to Prometheus as a waypoint would', async () => {
    const collector = await start();
    await requests(await agentOf(collector));
    await eventually(async () => {
      const text = await collector.get<string>('/metrics');
      const lines = text.split('\n').filter((line) => line.startsWith('istio_requests_total{'));
      const of = (...labels: string[]): string[] =>
        lines.filter((line) => labels.every((label) => line.includes(label)));
      const [stock] = of('reporter="waypoint"', 'source_workload="cart"', 'destination_workload="stock"');
      expect(stock).toMatch(/ 6$/);
      expect(of('reporter="waypoint"', 'destination_workload="way"')).toEqual([]);
      expect(of('reporter="source"', 'destination_workload="stock"', 'source_workload="cart"')).toEqual([]);
    });
  });

  it('wait for the other ends to speak, and are put where their legs are when those do not', async () => {
    const collector = await start();
    const agent = await agentOf(collector);
    const client = between('cart', 'way', 15_008);
    const onward = between('way', 'stock', 8080);
    await agent.deliver([legRecord(client, onward, [{}, {}])]);
    await agent.deliver([client.opened('source'), onward.opened('destination')]);
    await eventually(async () =>
      expect((await topologyOf(collector)).edges.map(nameOf)).toContain('cart>stock via way'),
    );
    const lonely = [between('cart', 'way', 15_008), between('way', 'books', 8080)] as const;
    await agent.deliver([legRecord(lonely[0], lonely[1], [{}])]);
    await eventually(async () =>
      expect((await topologyOf(collector)).edges.map(nameOf)).toContain('10.0.0.1>10.0.0.4 via way'),
    );
  });

  it('that make no sense are counted as invalid, and nothing else', async () => {
    const collector = await start();
    const agent = await agentOf(collector);
    const one = legRecord(between('cart', 'way', 15_008), between('way', 'stock', 8080), [{}]);
    const changed = (at: number, value: number): Uint8Array => {
      const bytes = one.slice();
      bytes[at] = value;
      return bytes;
    };
    await agent.deliver([
      changed(384, 9),
      changed(192 + 2, 2),
      changed(2, 1),
      changed(192, 1),
      changed(404, 0xff),
    ]);
    await agent.deliver([legRecord(between('cart', 'way', 15_008), null, [])]);
    expect((await topologyOf(collector, '&legs=true')).edges).toEqual([]);
    expect((await collector.get<Status>('/api/v1/status')).records.lost).toEqual({});
  });
});
