// SPDX-License-Identifier: Apache-2.0
import { HttpLimit } from '@undermesh/bpf-abi';
import type { Edges, Latency, LatencyConnections, Problem, Topology } from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boottimeNs, type FakeAgent, FakeConnection } from '../../test-support/index.js';
import { startCollector, type TestCollector } from '../support/collector.js';

const WORKLOADS = [
  { id: 1, namespace: 'shop', name: 'cart', kind: 'process', system: false },
  { id: 2, namespace: 'shop', name: 'stock', kind: 'process', system: false },
  { id: 3, namespace: 'shop', name: 'bank', kind: 'process', system: false },
] as const;
const CLIENT = { address: '10.1.0.1', port: 40_000, workload: 1, netns: 11n };
const STOCK = { address: '10.1.0.2', port: 8080, workload: 2, netns: 12n };
const BANK = { address: '10.1.0.3', port: 8080, workload: 3, netns: 13n };

let test: TestCollector;
let source: FakeAgent;
let destination: FakeAgent;
beforeEach(async () => {
  test = await startCollector();
  source = test.agent('node-a');
  destination = test.agent('node-b');
  for (const agent of [source, destination]) {
    await agent.connect();
    agent.dictionary({ workloads: [...WORKLOADS] });
  }
});
afterEach(() => test.stop());

interface Request {
  readonly sourceUs: number;
  readonly destinationUs: number;
  readonly status?: number;
}
/** Requests over one connection, `agoMs` ago, seen by both ends. */
async function requests(
  all: readonly Request[],
  of: { agoMs?: number; server?: typeof STOCK; roundTripUs?: number; retransmits?: number } = {},
): Promise<void> {
  const { agoMs = 0, server = STOCK, roundTripUs = 100, retransmits = 0 } = of;
  const at = boottimeNs() - BigInt(agoMs) * 1_000_000n;
  const one = new FakeConnection({ client: CLIENT, server, openedNs: at - 1_000_000n, lifetimeMs: 1 });
  const front = { timeNs: at, openedNs: at, srttUs: roundTripUs };
  const records = { source: [] as Uint8Array[], destination: [] as Uint8Array[] };
  for (let first = 0; first < all.length; first += HttpLimit.SAMPLES) {
    const some = all.slice(first, first + HttpLimit.SAMPLES);
    const samples = (time: (request: Request) => number) =>
      some.map((request) => ({
        firstByteUs: time(request),
        lastByteUs: time(request) * 2,
        status: request.status ?? 200,
      }));
    records.source.push(
      one.http(
        'source',
        samples(({ sourceUs }) => sourceUs),
        { front },
      ),
    );
    records.destination.push(
      one.http(
        'destination',
        samples(({ destinationUs }) => destinationUs),
        { front },
      ),
    );
  }
  await source.deliver(records.source);
  await destination.deliver(records.destination);
  await source.deliver([
    one.closed('source', { srttUs: roundTripUs, retransmittedSegments: retransmits, flags: 1 | 64 }),
  ]);
  await destination.deliver([one.closed('destination', { srttUs: roundTripUs, flags: 1 | 64 })]);
}

const same = (count: number, request: Request): Request[] => Array<Request>(count).fill(request);
const within = (value: number | null | undefined, of: number): void => {
  expect(Math.abs((value ?? Number.NaN) - of) / of).toBeLessThanOrEqual(0.0201);
};

describe('GET /latency', () => {
  it('tells where requests lie, by time and by latency', async () => {
    await requests(same(50, { sourceUs: 2_000, destinationUs: 1_500 }), { agoMs: 65_000 });
    await requests([
      ...same(90, { sourceUs: 4_000, destinationUs: 3_000 }),
      ...same(10, { sourceUs: 64_000, destinationUs: 60_000 }),
    ]);
    const answer = await test.get<Latency>('/api/v1/latency?window=300&source=cart&destination=stock');
    expect(answer).toMatchObject({ measure: 'first_byte', reporter: 'source', relativeError: 0.02 });
    expect(answer.window.resolutionSeconds).toBe(10);
    expect(answer.heat.stepSeconds).toBe(10);
    const { heat, lines, distribution } = answer;
    expect(heat.cells.reduce((sum, [, , count]) => sum + count, 0)).toBe(150);
    for (const [column, row] of heat.cells) {
      expect(column).toBeLessThan(heat.columns);
      expect(row).toBeLessThan(heat.bordersUs.length);
    }
    for (let row = 1; row < heat.bordersUs.length; row++) {
      within((heat.bordersUs[row] ?? 0) / (heat.bordersUs[row - 1] ?? 1), 2 ** 0.25);
    }
    expect(heat.absent.length).toBeGreaterThan(0);
    for (const column of heat.absent) expect(lines.count[column]).toBeNull();
    expect(lines.count.filter((count) => (count ?? 0) > 0)).toEqual([50, 100]);
    within(
      lines.p50.find((value) => value !== null),
      2_000,
    );
    within(
      lines.p99.findLast((value) => value !== null),
      64_000,
    );
    expect(distribution.quantiles.count).toBe(150);
    within(distribution.quantiles.p50, 4_000);
    within(distribution.meanUs, (50 * 2_000 + 90 * 4_000 + 10 * 64_000) / 150);
    expect(distribution.ecdf.at(-1)?.[1]).toBe(1);
    for (const [i, [us, share]] of distribution.ecdf.entries()) {
      const before = distribution.ecdf[i - 1] ?? [0, 0];
      expect(us).toBeGreaterThan(before[0]);
      expect(share).toBeGreaterThanOrEqual(before[1]);
    }
    expect(answer.traffic).toMatchObject({ closed: 2, protocols: { http1: 2 }, requests: { total: 150 } });
    expect(answer.comparison).toBeNull();
  });

  it('takes the distribution apart by status, node and time', async () => {
    await requests([
      ...same(20, { sourceUs: 1_000, destinationUs: 800 }),
      ...same(5, { sourceUs: 9_000, destinationUs: 8_900, status: 503 }),
    ]);
    await requests(same(7, { sourceUs: 500, destinationUs: 400 }), { server: BANK });
    const get = (query: string) => test.get<Latency>(`/api/v1/latency?window=60&${query}`);
    const byStatus = await get('split=status&destination=stock');
    expect(byStatus.parts.map(({ key, distribution }) => [key, distribution.quantiles.count])).toEqual([
      ['2xx', 20],
      ['5xx', 5],
    ]);
    expect((await get('status=5xx')).distribution.quantiles.count).toBe(5);
    expect((await get('measure=last_byte&status=2xx&destination=bank')).distribution.quantiles.count).toBe(7);
    const byNode = await get('split=node');
    expect(byNode.parts.map(({ key, distribution }) => [key, distribution.quantiles.count])).toEqual([
      ['node-a', 32],
    ]);
    const there = await get('reporter=destination&split=node');
    expect(there.reporter).toBe('destination');
    expect(there.parts.map(({ key }) => key)).toEqual(['node-b']);
    within(there.distribution.quantiles.p50, 800);
    expect((await get('node=node-b')).reporter).toBe('destination');
    const byTime = await get('split=time&destination=bank');
    within(byTime.parts.find(({ key }) => key === 'application')?.distribution.quantiles.p50, 400);
    within(byTime.parts.find(({ key }) => key === 'total')?.distribution.quantiles.p50, 500);
    expect((await get('measure=connect')).distribution.quantiles.count).toBe(2);
    expect((await get('measure=round_trip')).distribution.quantiles.count).toBe(2);
  });

  it('says which is network and which is application, on the edge and by time', async () => {
    await requests(same(30, { sourceUs: 52_000, destinationUs: 1_500 }), { roundTripUs: 50_300 });
    await requests(same(30, { sourceUs: 50_500, destinationUs: 50_200 }), { roundTripUs: 210, server: BANK });
    const { edges } = await test.get<Topology>('/api/v1/topology?window=60');
    const split = (name: string) => edges.find((edge) => edge.destinationName === name)?.split;
    expect(split('stock')).toMatchObject({
      basis: 'both',
      requests: 30,
      applicationUs: 1_500,
      totalUs: 52_000,
    });
    expect(split('stock')?.networkUs).toBeGreaterThanOrEqual(50_000);
    expect(split('bank')).toMatchObject({ applicationUs: 50_200, networkUs: 210, localUs: 90 });
    const { time } = await test.get<Latency>('/api/v1/latency?window=60&destination=stock');
    expect(time.total?.networkUs).toBeGreaterThanOrEqual(50_000);
    expect(time.networkUs.filter((value) => value !== null)).toHaveLength(1);
    const listed = await test.get<Edges>('/api/v1/edges?window=60&series=true&destination=bank');
    expect(listed.items[0]?.traffic.requests).toMatchObject({
      total: 30,
      seenBy: 'source',
      statusClasses: { '2xx': 30 },
    });
    expect(listed.items[0]?.split?.basis).toBe('both');
  });

  it('compares two windows, and says when there is not enough', async () => {
    const now = Date.now();
    const at = (agoMs: number): string => new Date(now - agoMs).toISOString();
    for (let ago = 0; ago < 120; ago += 10) {
      const some = (from: number) =>
        Array.from({ length: 120 }, (_, i) => ({
          sourceUs: from + ((i * 37) % 100) * 10,
          destinationUs: from,
        }));
      await requests(some(4_000), { agoMs: 200_000 + ago * 1000 });
      await requests(some(3_000), { agoMs: 20_000 + ago * 1000 });
    }
    const window = (from: number, to: number) => `compareFrom=${at(from)}&compareTo=${at(to)}`;
    const answer = await test.get<Latency>(`/api/v1/latency?window=150&${window(330_000, 190_000)}`);
    const { comparison } = answer;
    const figure = (name: string) => comparison?.differences.find((difference) => difference.figure === name);
    expect(comparison?.verdict).toBe('faster');
    expect(comparison?.a.distribution.quantiles.count).toBeGreaterThan(1000);
    expect(figure('p50')).toMatchObject({ verdict: 'faster' });
    expect(figure('p50')?.low).toBeLessThan(-0.22);
    expect(figure('p50')?.high).toBeGreaterThan(-0.23);
    expect(figure('application')).toMatchObject({ before: 4_000, after: 3_000, verdict: 'faster' });
    expect(figure('failed_share')).toMatchObject({ before: 0, after: 0, verdict: 'no_difference' });
    const little = await test.get<Latency>(`/api/v1/latency?window=30&${window(230_000, 210_000)}`);
    expect(little.comparison?.verdict).toBe('not_enough_data');
  });

  it.each([
    ['status=7xx', 'status is a list'],
    ['status=2xx&measure=connect', 'HTTP measures only'],
    ['compareFrom=2026-01-01T00:00:00.000Z', 'together'],
    [
      `compareFrom=2026-01-01T00:00:00.000Z&compareTo=${new Date(Date.now() - 1000).toISOString()}`,
      'overlap',
    ],
    ['measure=guess', 'measure'],
  ])('refuses %s', async (query, detail) => {
    const response = await fetch(`${test.url}/api/v1/latency?window=60&${query}`);
    expect(response.status).toBe(400);
    const problem = (await response.json()) as Problem;
    expect(problem.code).toBe('request_invalid');
    expect(problem.detail).toContain(detail);
  });

  it('stands in the OpenAPI document, with all routes', async () => {
    const { paths } = await test.get<{ paths: object }>('/openapi.json');
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/api/v1/latency', '/api/v1/latency/connections', '/api/v1/changes']),
    );
  });

  it('finds the connections of a region', async () => {
    await requests([
      { sourceUs: 50_000, destinationUs: 49_000, status: 503 },
      { sourceUs: 900, destinationUs: 800 },
    ]);
    const [from, to] = [-60_000, 60_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const region = `from=${from}&to=${to}&minUs=10000&maxUs=100000&destination=stock`;
    const found = await test.get<LatencyConnections>(`/api/v1/latency/connections?${region}`);
    expect(found).toMatchObject({ inside: 1, outside: 1, more: 0 });
    expect(found.items).toMatchObject([{ requests: 1, slowestUs: 50_000, statusClasses: ['5xx'] }]);
  });
});
