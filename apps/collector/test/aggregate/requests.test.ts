// SPDX-License-Identifier: Apache-2.0
import { HttpLimit, HttpSampleFlag, RecordColumns } from '@undermesh/bpf-abi';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/aggregate/address.js';
import { Aggregator } from '../../src/aggregate/aggregator.js';
import { COUNTERS, Counter } from '../../src/aggregate/cells.js';
import { Placements } from '../../src/aggregate/placements.js';
import { type Stream, Streams } from '../../src/aggregate/streams.js';
import { sumOfRow, type TrafficSum } from '../../src/aggregate/traffic.js';
import { boottimeNs, FakeConnection } from '../../test-support/index.js';

const LIMITS = { edges: 1000, openEnds: 10_000, joins: 10_000, cells: 100_000, series: 1000 };
const CLIENT = { address: '10.0.0.1', port: 40_000, workload: 1 };
const SERVER = { address: '10.0.0.2', port: 80, workload: 2 };

let placements: Placements;
let aggregator: Aggregator;
let a: Stream;
let b: Stream;
let now: number;
let offset: bigint;
let sequence = 0n;

beforeEach(() => {
  placements = new Placements(() => {});
  const streams = new Streams(placements, 10);
  aggregator = new Aggregator(streams, placements, LIMITS);
  a = streams.get({ id: 'a'.repeat(32), node: 'node-a', cluster: 'default' });
  b = streams.get({ id: 'b'.repeat(32), node: 'node-b', cluster: 'default' });
  now = Math.floor(Date.now() / 10_000) * 10_000 + 5000;
  offset = BigInt(now) * 1_000_000n - boottimeNs();
});

const place = (name: string, node: number): number =>
  placements.placement(
    placements.workload(
      { cluster: 'default', namespace: 'shop', name, version: null },
      { kind: 'process', system: false, external: false },
    ),
    node,
  );

/** Takes records of one stream and size, all from the named workload. */
function take(from: Stream, name: string, records: Uint8Array[], replayed = false): Uint32Array {
  const peers = new Uint32Array(records.length);
  aggregator.take({
    columns: new RecordColumns(new Uint8Array(Buffer.concat(records)), records[0]?.byteLength ?? 192),
    stream: from.number,
    sequence: ++sequence,
    realtimeOffsetNs: offset,
    arrivedAt: now,
    from,
    locals: new Uint32Array(records.length).fill(place(name, from.node)),
    peers,
    replayed,
  });
  return peers;
}
const fromSource = (...records: Uint8Array[]) => take(a, 'cart', records);
const fromDestination = (...records: Uint8Array[]) => take(b, 'stock', records);
const connection = () => new FakeConnection({ client: CLIENT, server: SERVER });

const nameOf = (placement: number): string => placements.get(placements.workloadOf(placement))?.name ?? '?';
const edgeName = (edge: number): string =>
  `${nameOf(aggregator.edges.source(edge))}>${nameOf(aggregator.edges.destination(edge))}`;

/** Sums by `source>destination`, of edges that have requests. */
function sums(): Record<string, TrafficSum> {
  const cells = aggregator.timeline.read.sum({ from: now - 60_000, to: now + 60_000 });
  const result: Record<string, TrafficSum> = {};
  for (let row = 0; row < cells.count; row++) {
    const sum = sumOfRow(cells, row, [0, 0]);
    if (sum.requests.total > 0) result[edgeName(cells.edge(row))] = sum;
  }
  return result;
}
/** Requests by edge and reporter, straight from the counters. */
function counted(): Record<string, [number, number]> {
  const cells = aggregator.timeline.read.sum({ from: now - 60_000, to: now + 60_000 });
  const result: Record<string, [number, number]> = {};
  for (let row = 0; row < cells.count; row++) {
    const of = (side: number): number => {
      let sum = 0;
      for (let i = 0; i < 6; i++) sum += cells.get(row, side * COUNTERS + Counter.status + i);
      return sum;
    };
    if (of(0) !== 0 || of(1) !== 0) result[edgeName(cells.edge(row))] = [of(0), of(1)];
  }
  return result;
}
/** Requests by response code, both reporters. */
function codes(): Record<string, number> {
  const { codes } = aggregator.requestTally;
  const result: Record<string, number> = {};
  for (let slot = 0; slot < codes.count; slot++) {
    const key = `${codes.side(slot)}:${codes.number(slot)}`;
    result[key] = (result[key] ?? 0) + codes.requests(slot);
  }
  return result;
}

/** Has the directory name whoever listens at the server's address. */
function guess(name: string): void {
  const { directory } = a.cluster;
  const namespace = directory.namespace(b.node, 1, 0);
  directory.own(parseAddress(SERVER.address) ?? new Uint32Array(4), b.node, namespace);
  directory.listen({
    address: new Uint32Array(4),
    port: SERVER.port,
    namespace,
    placement: place(name, b.node),
    open: true,
  });
}

describe('requests', () => {
  it('are counted once each, by reporter, by class, with bytes and times', () => {
    const one = connection();
    const samples = [
      { status: 200, firstByteUs: 1000, lastByteUs: 3000 },
      { status: 101, firstByteUs: 10, lastByteUs: HttpLimit.UNKNOWN_US },
      { status: 302 },
      { status: 404 },
      { status: 503, firstByteUs: 9000, lastByteUs: 9100 },
      {
        status: 200,
        flags: HttpSampleFlag.PIPELINED,
        firstByteUs: HttpLimit.UNKNOWN_US,
        lastByteUs: HttpLimit.UNKNOWN_US,
      },
      {
        status: 0,
        flags: HttpSampleFlag.UNANSWERED,
        firstByteUs: HttpLimit.UNKNOWN_US,
        lastByteUs: HttpLimit.UNKNOWN_US,
      },
    ];
    const bytes = { requestBytes: 700n, responseBytes: 12_345n };
    fromSource(one.http('source', samples, bytes), one.http('source', [{ status: 200 }]));
    fromDestination(one.http('destination', samples.slice(0, 6), bytes));
    fromSource(one.closed('source'));
    fromDestination(one.closed('destination'));
    expect(counted()).toEqual({ 'cart>stock': [8, 6] });
    const { requests } = sums()['cart>stock'] ?? {};
    expect(requests).toMatchObject({
      statuses: [1, 3, 1, 1, 1, 1],
      total: 8,
      pipelined: 1,
      requestBytes: 800,
      responseBytes: 13_345,
      errors: 2,
      seenBy: 'source',
    });
    expect(requests?.time.split(null)).toMatchObject({ requests: 6, basis: 'both' });
    expect(codes()).toEqual({
      '0:200': 3,
      '0:101': 1,
      '0:302': 1,
      '0:404': 1,
      '0:503': 1,
      '0:0': 1,
      '1:200': 2,
      '1:101': 1,
      '1:302': 1,
      '1:404': 1,
      '1:503': 1,
    });
  });

  it('wait for the word of the partner, whatever the directory says', () => {
    guess('stale');
    const one = connection();
    fromSource(one.http('source', [{}, {}]));
    fromSource(one.http('source', Array(20).fill({ status: 503 })));
    expect(counted()).toEqual({});
    expect(aggregator.requests.held).toBe(1 + 3); // a long record is kept as several
    fromDestination(one.opened('destination'));
    expect(counted()).toEqual({ 'cart>stock': [22, 0] });
    expect(codes()).toEqual({ '0:200': 2, '0:503': 20 });
    expect(sums()['cart>stock']?.requests.requestBytes).toBe(2200);
    expect(aggregator.requests.held).toBe(0);
  });

  it('are known by the end of a connection that nobody saw open', () => {
    const one = connection();
    fromSource(one.http('source', [{}]));
    fromSource(one.closed('source'));
    fromDestination(one.http('destination', [{}]));
    fromDestination(one.closed('destination'));
    expect(counted()).toEqual({ 'cart>stock': [1, 1] });
  });

  it('are counted without the partner after three seconds, and moved when it comes after all', () => {
    guess('stale');
    const one = connection();
    fromSource(one.http('source', [{ firstByteUs: 500 }, {}]), one.http('source', [{}]));
    now += 3001;
    aggregator.tick(now);
    expect(counted()).toEqual({ 'cart>stale': [3, 0] });
    fromSource(one.http('source', [{}]));
    now += 20_000;
    fromDestination(one.http('destination', [{}, {}, {}, {}]));
    expect(counted()).toEqual({ 'cart>stock': [4, 4] });
    const sum = sums()['cart>stock'];
    expect(sum?.requests.time.split(null)?.requests).toBe(4);
    const cells = aggregator.timeline.read.sum({ from: now - 60_000, to: now + 60_000 });
    let left = 0;
    for (let row = 0; row < cells.count; row++) {
      if (edgeName(cells.edge(row)) !== 'cart>stale') continue;
      for (let counter = 0; counter < COUNTERS * 2; counter++) left += Math.abs(cells.get(row, counter));
    }
    expect(left).toBe(0);
    expect(codes()).toEqual({ '0:200': 4, '1:200': 4 });
  });

  it('are counted by address when nobody ever speaks for the other end', () => {
    fromSource(connection().http('source', [{}]));
    now += 3001;
    aggregator.tick(now);
    expect(counted()).toEqual({ 'cart>10.0.0.2': [1, 0] });
  });

  it('of an open connection that is joined are counted at once, also long after the join forgot it', () => {
    const one = connection();
    fromSource(one.opened('source'));
    fromDestination(one.opened('destination'));
    for (let minute = 0; minute < 10; minute++) {
      now += 60_000;
      fromSource(connection().closed('source'));
    }
    offset += 600_000_000_000n;
    const peers = fromSource(one.http('source', [{}]));
    expect(nameOf(peers[0] ?? 0)).toBe('stock');
    expect(counted()).toEqual({ 'cart>stock': [1, 0] });
  });

  it('that are replayed fill the timeline, not the totals', () => {
    const one = connection();
    take(a, 'cart', [one.http('source', [{}])], true);
    take(b, 'stock', [one.http('destination', [{}])], true);
    expect(counted()).toEqual({ 'cart>stock': [1, 1] });
    expect(codes()).toEqual({});
  });

  it('add up whatever comes in whatever order', () => {
    let made = 0;
    const pending = Array.from({ length: 80 }, connection).flatMap((one, i) =>
      (['source', 'destination'] as const).map((side) => {
        const queue = i % 2 === 0 ? [one.opened(side)] : [];
        for (let n = 0; n < i % 4; n++) {
          const samples = Array.from({ length: 1 + ((i * 7 + n) % 48) }, () => ({}));
          made += samples.length;
          queue.push(one.http(side, samples));
        }
        queue.push(one.closed(side));
        return { side, queue };
      }),
    );
    while (pending.some(({ queue }) => queue.length > 0)) {
      const one = pending[Math.floor(Math.random() * pending.length)];
      const record = one?.queue.shift();
      if (one === undefined || record === undefined) continue;
      if (one.side === 'source') fromSource(record);
      else fromDestination(record);
      now += 40;
      if (Math.random() < 0.2) aggregator.tick(now);
    }
    aggregator.tick(now + 5000);
    now += 5000;
    const cells = aggregator.timeline.read.sum({ from: now - 600_000, to: now + 60_000 });
    let seen = 0;
    for (let row = 0; row < cells.count; row++) {
      for (let side = 0; side < 2; side++) {
        for (let i = 0; i < 6; i++) {
          const count = cells.get(row, side * COUNTERS + Counter.status + i);
          if (count !== 0) expect(edgeName(cells.edge(row))).toBe('cart>stock');
          seen += count;
        }
      }
    }
    expect(seen).toBe(made);
  });
});
