// SPDX-License-Identifier: Apache-2.0
import { RecordColumns, RecordFlag } from '@undermesh/bpf-abi';
import { beforeEach, describe, expect, it } from 'vitest';
import { Aggregator } from '../../src/aggregate/aggregator.js';
import {
  CELL_COUNTERS,
  COUNTERS,
  Counter,
  keyBin,
  keyCell,
  keyDistribution,
} from '../../src/aggregate/cells.js';
import { Placements } from '../../src/aggregate/placements.js';
import { type Stream, Streams } from '../../src/aggregate/streams.js';
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

function reset(): void {
  placements = new Placements(() => {});
  const streams = new Streams(placements, 10);
  aggregator = new Aggregator(streams, placements, LIMITS);
  a = streams.get({ id: 'a'.repeat(32), node: 'node-a', cluster: 'default' });
  b = streams.get({ id: 'b'.repeat(32), node: 'node-b', cluster: 'default' });
  // In the middle of a bucket.
  now = Math.floor(Date.now() / 10_000) * 10_000 + 5000;
  offset = BigInt(now) * 1_000_000n - boottimeNs();
}
beforeEach(reset);

const workload = (name: string): number =>
  placements.workload(
    { cluster: 'default', namespace: 'shop', name, version: null },
    { kind: 'process', system: false, external: false },
  );

/** Takes records of one stream, all from the named workload. */
function take(from: Stream, name: string, ...records: Uint8Array[]): Uint32Array {
  const columns = new RecordColumns(new Uint8Array(Buffer.concat(records)), 192);
  const peers = new Uint32Array(records.length);
  aggregator.take({
    columns,
    stream: from.number,
    sequence: ++sequence,
    realtimeOffsetNs: offset,
    arrivedAt: now,
    from,
    locals: new Uint32Array(records.length).fill(placements.placement(workload(name), from.node)),
    peers,
    replayed: false,
  });
  return peers;
}

/** Totals by `source>destination`, side 0 unless told. */
function totals(counter: number, side = 0): Record<string, number> {
  const { pairs } = aggregator.edges;
  const result: Record<string, number> = {};
  for (let pair = 0; pair < pairs.count; pair++) {
    const value = pairs.total(pair, side * COUNTERS + counter);
    const name = (id: number): string => placements.get(id)?.name ?? '?';
    if (value !== 0) result[`${name(pairs.source(pair))}>${name(pairs.destination(pair))}`] = value;
  }
  return result;
}
/** Has the directory name whoever listens at the server's address. */
function guess(name: string): void {
  const { directory } = a.cluster;
  const namespace = directory.namespace(b.node, 1, 0);
  directory.own(Uint32Array.of(0, 0, 0xffff, 0x0a000002), b.node, namespace);
  const placement = placements.placement(workload(name), b.node);
  directory.listen({ address: new Uint32Array(4), port: 80, namespace, placement, open: true });
}

/** All that the timeline holds of an edge that is not 0, per bucket and by destination, histograms included. */
function figures(): Map<string, unknown> {
  const { timeline, edges } = aggregator;
  const first = Math.floor((timeline.read.oldest() ?? now) / 10_000) * 10_000;
  const result = new Map<string, string[]>();
  for (let from = first; from <= now; from += 10_000) {
    const cells = timeline.read.sum({ from, to: from + 10_000 });
    const add = (row: number, figure: string): void => {
      const name = placements.get(placements.workloadOf(edges.destination(cells.edge(row))))?.name ?? '?';
      result.set(name, [...(result.get(name) ?? []), `${(from - first) / 1000} s: ${figure}`].sort());
    };
    for (let row = 0; row < cells.count; row++) {
      for (let counter = 0; counter < CELL_COUNTERS; counter++) {
        if (cells.get(row, counter) !== 0) add(row, `${counter} ${cells.get(row, counter)}`);
      }
    }
    cells.histograms.forEach((key, count) => {
      if (count !== 0) add(keyCell(key), `histogram ${keyDistribution(key)} ${keyBin(key)} ${count}`);
    });
  }
  return result;
}
const connection = (change: object = {}): FakeConnection =>
  new FakeConnection({ client: CLIENT, server: SERVER, ...change });
const open = (): [number, number] => {
  let sums: [number, number] = [0, 0];
  aggregator.edges.forEach((edge) => {
    sums = [sums[0] + aggregator.edges.open(edge, 0), sums[1] + aggregator.edges.open(edge, 1)];
  });
  return sums;
};

describe('Aggregator', () => {
  it.each([
    ['source first', true],
    ['destination first', false],
  ])('joins two ends in either order: %s', (_, sourceFirst) => {
    const one = connection();
    const steps = [
      () => take(a, 'cart', one.closed('source')),
      () => take(b, 'stock', one.closed('destination')),
    ];
    for (const step of sourceFirst ? steps : steps.reverse()) step();
    expect(totals(Counter.closed, 0)).toEqual({ 'cart>stock': 1 });
    expect(totals(Counter.closed, 1)).toEqual({ 'cart>stock': 1 });
    expect(aggregator.parking.size).toBe(1);
    aggregator.settleParked(now, now);
    expect([aggregator.join.size, aggregator.open.size, aggregator.alone]).toEqual([0, 0, 0]);
  });

  it('survives address translation: both ends land on the port of the destination', () => {
    const seen = connection({
      server: { ...SERVER, address: '10.96.0.1', port: 8000 },
      clientIsn: 1,
      serverIsn: 2,
    });
    const real = connection({ clientIsn: 1, serverIsn: 2 });
    take(a, 'cart', seen.closed('source'));
    take(b, 'stock', real.closed('destination'));
    expect(aggregator.edges.size).toBe(1);
    expect(totals(Counter.closed, 0)).toEqual({ 'cart>stock': 1 });
  });

  it('counts alone after three seconds, by address', () => {
    take(a, 'cart', connection().closed('source'));
    aggregator.tick(now + 2900);
    expect(totals(Counter.closed)).toEqual({});
    aggregator.tick(now + 3001);
    expect(totals(Counter.closed)).toEqual({ 'cart>10.0.0.2': 1 });
    expect(aggregator.alone).toBe(1);
  });

  it('counts an open end that the directory names within half a second', () => {
    guess('stock');
    take(a, 'cart', connection().opened('source'));
    aggregator.settle(now + 399);
    expect(totals(Counter.opened)).toEqual({});
    aggregator.settle(now + 400);
    expect(totals(Counter.opened)).toEqual({ 'cart>stock': 1 });
    expect(open()).toEqual([1, 0]);
  });

  it.each([
    ['at once', 0],
    ['while the other end waits', 300],
  ])('counts nothing on a wrong guess when the partner speaks %s', (_, later) => {
    guess('stale');
    const [closed, opened] = [connection(), connection()];
    take(a, 'cart', closed.closed('source'), opened.opened('source', { sentBytes: 50n }));
    now += later;
    aggregator.settle(now);
    take(b, 'stock', closed.closed('destination'), opened.opened('destination'));
    take(a, 'cart', opened.closed('source', { flags: 3 }));
    take(b, 'stock', opened.closed('destination', { flags: 3 }));
    aggregator.tick(now + 5000);
    expect(aggregator.corrected).toBe(0);
    for (const [counter, total] of [
      [Counter.opened, 2],
      [Counter.closed, 2],
      [Counter.sent, 200],
      [Counter.received, 4000],
    ] as const) {
      expect(totals(counter)).toEqual({ 'cart>stock': total });
    }
    expect([...figures().keys()]).toEqual(['stock']);
  });

  it('moves everything that was counted on a wrong guess, each in its own bucket', () => {
    const openedNs = boottimeNs() - 22_000_000_000n;
    const [closed, opened] = [connection(), connection({ openedNs })];
    const later = (seconds: number): object => ({
      timeNs: openedNs + BigInt(seconds * 1e9),
      retransmittedSegments: seconds,
    });
    /** What the two ends leave behind; with a guess the destination's word comes after that was counted. */
    const play = (guessed: boolean): Map<string, unknown> => {
      const speak = (): unknown =>
        take(b, 'stock', closed.closed('destination'), opened.opened('destination'));
      if (guessed) guess('stale');
      else speak();
      take(a, 'cart', closed.closed('source', { retransmittedSegments: 2 }));
      take(a, 'cart', opened.opened('source', { sentBytes: 7n }));
      if (guessed) aggregator.settle(now + 3000);
      take(a, 'cart', opened.progress('source', { ...later(11), sentBytes: 60n, srttUs: 300 }));
      if (guessed) {
        expect([...figures().keys()]).toEqual(['stale']);
        speak();
      }
      take(a, 'cart', opened.closed('source', { ...later(21), flags: 3 }));
      take(b, 'stock', opened.closed('destination', { ...later(21), flags: 3 }));
      expect(open()).toEqual([0, 0]);
      expect(aggregator.corrected).toBe(guessed ? 2 : 0);
      return figures();
    };
    const right = play(false);
    expect([...right.keys()]).toEqual(['stock']);
    reset();
    expect(play(true)).toEqual(right);
    expect(totals(Counter.opened)).toEqual({ 'cart>stale': 2, 'cart>stock': 1 });
    expect(aggregator.bookings.size).toBe(0);
  });

  it('moves an end whose last record is the first after its partner spoke', () => {
    guess('stale');
    const one = connection();
    take(a, 'cart', one.opened('source'));
    aggregator.settle(now + 500);
    take(b, 'stock', one.closed('destination'));
    take(a, 'cart', one.closed('source', { flags: 3 }));
    expect([...figures().keys()]).toEqual(['stock']);
    expect(open()).toEqual([0, 0]);
  });

  it('moves what was counted by its address', () => {
    const one = connection();
    take(a, 'cart', one.closed('source'));
    aggregator.settle(now + 3000);
    expect([...figures().keys()]).toEqual(['10.0.0.2']);
    take(b, 'stock', one.closed('destination'));
    expect([...figures().keys()]).toEqual(['stock']);
  });

  it('forgets after two minutes what could still be moved', () => {
    guess('stock');
    take(a, 'cart', connection().closed('source'));
    aggregator.settle(now + 3000);
    expect(aggregator.bookings.size).toBe(1);
    aggregator.settle(now + 123_001);
    expect(aggregator.bookings.size).toBe(0);
  });

  it('keeps opened minus closed equal to what is open, whatever comes in whatever order', () => {
    const connections = Array.from({ length: 60 }, () => connection());
    const pending = connections.flatMap((one, i) =>
      (['source', 'destination'] as const).map((side) => {
        const stream = side === 'source' ? a : b;
        const name = side === 'source' ? 'cart' : 'stock';
        const announced = i % 3 !== 0;
        const queue = announced
          ? [
              one.opened(side),
              one.progress(side),
              one.closed(side, { flags: RecordFlag.ESTABLISHED | RecordFlag.ANNOUNCED }),
            ]
          : [one.closed(side), one.opened(side)];
        return { stream, name, queue };
      }),
    );
    while (pending.some(({ queue }) => queue.length > 0)) {
      const one = pending[Math.floor(Math.random() * pending.length)];
      const record = one?.queue.shift();
      if (one === undefined || record === undefined) continue;
      take(one.stream, one.name, record);
      now += 20;
      if (Math.random() < 0.2) aggregator.tick(now);
      for (const side of [0, 1] as const) {
        const sum = (counter: number): number =>
          Object.values(totals(counter, side)).reduce((x, y) => x + y, 0);
        expect(sum(Counter.opened) - sum(Counter.closed)).toBe(open()[side]);
      }
    }
    aggregator.tick(now + 5000);
    expect(open()).toEqual([0, 0]);
    expect(aggregator.open.size).toBe(0);
    expect(Object.values(totals(Counter.sent, 0)).reduce((x, y) => x + y, 0)).toBe(60 * 100);
    expect(Object.values(totals(Counter.received, 1)).reduce((x, y) => x + y, 0)).toBe(60 * 100);
  });

  it('takes adopted and reannounced totals as a baseline', () => {
    const one = connection();
    take(a, 'cart', one.opened('source', { flags: RecordFlag.ADOPTED | 1, sentBytes: 5000n }));
    take(b, 'stock', one.opened('destination', { flags: RecordFlag.REANNOUNCED | 1, receivedBytes: 5000n }));
    take(
      a,
      'cart',
      one.progress('source', { flags: RecordFlag.ADOPTED | 1, sentBytes: 5600n, receivedBytes: 0n }),
    );
    take(
      a,
      'cart',
      one.closed('source', { flags: RecordFlag.ADOPTED | 3, sentBytes: 6000n, receivedBytes: 0n }),
    );
    expect(totals(Counter.sent)).toEqual({ 'cart>stock': 1000 });
    expect(totals(Counter.opened)).toEqual({ 'cart>stock': 1 });
  });

  it('tells the two open ends of each other', () => {
    const one = connection();
    take(a, 'cart', one.opened('source'));
    take(b, 'stock', one.opened('destination'));
    const ends = [...aggregator.open.list()];
    expect(ends.map((end) => [end.node, end.partner?.node])).toEqual([
      ['node-a', 'node-b'],
      ['node-b', 'node-a'],
    ]);
    expect(ends[0]).toMatchObject({ streamId: 'a'.repeat(32), recordBytes: 192 });
    expect(placements.get(ends[0]?.peerWorkload ?? 0)?.name).toBe('stock');
    take(b, 'stock', one.closed('destination', { flags: 3 }));
    expect([...aggregator.open.list()].map((end) => end.partner)).toEqual([null]);
  });

  it('closes the books on a stream that is over', () => {
    const one = connection();
    take(a, 'cart', one.opened('source'));
    take(b, 'stock', one.opened('destination'));
    aggregator.endStream(a.number);
    expect(open()).toEqual([0, 1]);
    expect(totals(Counter.closed, 0)).toEqual({ 'cart>stock': 1 });
  });

  it('folds addresses beyond the cap into one', () => {
    for (let i = 0; i < 20; i++) {
      take(a, 'cart', connection({ server: { ...SERVER, address: `192.0.2.${i}` } }).failed());
    }
    const names = Object.keys(totals(Counter.failed));
    expect(names).toHaveLength(11);
    expect(totals(Counter.failed)['cart>other addresses']).toBe(10);
  });

  it('folds ports when there are too many edges, and loses no count', () => {
    for (let port = 1; port <= 1500; port++) {
      take(a, 'cart', connection({ server: { ...SERVER, port } }).failed());
    }
    expect(aggregator.edges.size).toBeLessThanOrEqual(LIMITS.edges + 1);
    expect(aggregator.edges.folded).toBe(500);
    expect(totals(Counter.failed)).toEqual({ 'cart>10.0.0.2': 1500 });
  });
});
