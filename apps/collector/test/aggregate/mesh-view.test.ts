// SPDX-License-Identifier: Apache-2.0
import { RecordColumns } from '@undermesh/bpf-abi';
import type { Edge } from '@undermesh/schema';
import { beforeEach, describe, expect, it } from 'vitest';
import { Aggregator } from '../../src/aggregate/aggregator.js';
import { MeshView } from '../../src/aggregate/mesh-view.js';
import { Placements } from '../../src/aggregate/placements.js';
import { type Stream, Streams } from '../../src/aggregate/streams.js';
import { boottimeNs, FakeConnection } from '../../test-support/index.js';

const LIMITS = { edges: 1000, openEnds: 10_000, joins: 10_000, cells: 100_000, series: 1000 };
const NOW = Math.floor(Date.now() / 60_000) * 60_000 + 25_000;
const AN_HOUR = 3600;

let placements: Placements;
let aggregator: Aggregator;
let view: MeshView;
let stream: Stream;
let sequence = 0n;

beforeEach(() => {
  placements = new Placements(() => {});
  const streams = new Streams(placements, 10);
  aggregator = new Aggregator(streams, placements, LIMITS);
  view = new MeshView(aggregator, placements, { silentNodes: () => new Set() });
  stream = streams.get({ id: 'a'.repeat(32), node: 'node-a', cluster: 'default' });
});

const place = (name: string): number =>
  placements.placement(
    placements.workload(
      { cluster: 'default', namespace: 'shop', name, version: null },
      { kind: 'process', system: false, external: false },
    ),
    stream.node,
  );

/** So many connections of cart to stock at a moment, Unix ms: as both ends saw them, or refused. */
function connect(at: number, of: { opened?: number; refused?: number }): void {
  const records: Uint8Array[] = [];
  const locals: number[] = [];
  const openedNs = boottimeNs();
  const one = () =>
    new FakeConnection({
      client: { address: '10.0.0.1', port: 40_000, workload: 1 },
      server: { address: '10.0.0.2', port: 80, workload: 2 },
      openedNs,
    });
  for (let i = 0; i < (of.opened ?? 0); i++) {
    const connection = one();
    records.push(connection.closed('source'), connection.closed('destination'));
    locals.push(place('cart'), place('stock'));
  }
  for (let i = 0; i < (of.refused ?? 0); i++) {
    records.push(one().failed());
    locals.push(place('cart'));
  }
  aggregator.take({
    columns: new RecordColumns(new Uint8Array(Buffer.concat(records)), 192),
    stream: stream.number,
    sequence: ++sequence,
    realtimeOffsetNs: BigInt(at) * 1_000_000n - openedNs,
    arrivedAt: at,
    from: stream,
    locals: Uint32Array.from(locals),
    peers: new Uint32Array(records.length),
    replayed: false,
  });
  // Whoever nobody answers for is counted by address.
  aggregator.tick(at + 5000);
}

/** Edges of the last hour, as they are told at the moment. */
function edges(now = NOW, windowSeconds = AN_HOUR): Edge[] {
  aggregator.tick(now);
  view.judgeNow(now);
  const query = { level: 'workload' as const, windowSeconds, namespaces: new Set<string>(), system: true };
  return view.topology({ ...query, maxVertices: 300, maxEdges: 1000 }, now).edges;
}

describe('the last failure of an edge', () => {
  it.each([0, 1, 2, 3, 4])(
    'is told to ten seconds when connects failed a while ago and nothing came since, minute %i of five',
    (minute) => {
      const now = Math.floor(NOW / 300_000) * 300_000 + minute * 60_000 + 25_000;
      connect(now - 400_000, { refused: 2 });
      connect(now - 240_000, { refused: 3 });
      const [edge] = edges(now);
      expect(edge).toMatchObject({ health: 'ok', healthSince: null, traffic: { failed: { total: 5 } } });
      const at = Date.parse(edge?.lastFailureAt ?? '');
      expect(at).toBeGreaterThan(now - 240_000);
      expect(at).toBeLessThanOrEqual(now - 240_000 + 10_000);
    },
  );

  it('is told beside a health that is not ok, never later than the window', () => {
    connect(NOW - 2000, { refused: 3 });
    const [edge] = edges();
    expect(edge).toMatchObject({ health: 'failing', healthReason: 'refused' });
    expect(Date.parse(edge?.lastFailureAt ?? '')).toBeLessThanOrEqual(NOW);
  });

  it('is not told where none failed', () => {
    connect(NOW - 240_000, { opened: 6 });
    expect(edges().map(({ lastFailureAt }) => lastFailureAt)).toEqual([null]);
  });
});
