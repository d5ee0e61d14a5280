// SPDX-License-Identifier: Apache-2.0
import { RecordColumns } from '@undermesh/bpf-abi';
import { beforeEach, describe, expect, it } from 'vitest';
import { Aggregator } from '../../src/aggregate/aggregator.js';
import { Placements } from '../../src/aggregate/placements.js';
import { type Stream, Streams } from '../../src/aggregate/streams.js';
import { boottimeNs, FakeConnection, legRecord } from '../../test-support/index.js';

const LIMITS = { edges: 1000, openEnds: 10_000, joins: 10_000, cells: 100_000, series: 1000 };
const CLIENT_ADDRESS = Uint32Array.of(0, 0, 0xffff, 0x0a000001);
const MINUTE_MS = 60_000;

let placements: Placements;
let aggregator: Aggregator;
let clients: Stream;
let waypoints: Stream;
let now: number;
let offset: bigint;
let sequence: bigint;

beforeEach(() => {
  placements = new Placements(() => {});
  const streams = new Streams(placements, 10);
  aggregator = new Aggregator(streams, placements, LIMITS);
  clients = streams.get({ id: 'a'.repeat(32), node: 'node-a', cluster: 'default' });
  waypoints = streams.get({ id: 'b'.repeat(32), node: 'node-b', cluster: 'default' });
  now = Date.now();
  offset = BigInt(now) * 1_000_000n - boottimeNs();
  sequence = 0n;
});

const placement = (name: string, stream: Stream): number =>
  placements.placement(
    placements.workload(
      { cluster: 'default', namespace: 'shop', name, version: null },
      { kind: 'process', system: false, external: false },
    ),
    stream.node,
  );

/** Takes records of one workload. */
function take(from: Stream, name: string, ...records: Uint8Array[]): void {
  const columns = new RecordColumns(new Uint8Array(Buffer.concat(records)), records[0]!.length);
  aggregator.take({
    columns,
    stream: from.number,
    sequence: ++sequence,
    realtimeOffsetNs: offset,
    arrivedAt: now,
    from,
    locals: new Uint32Array(records.length).fill(placement(name, from)),
    peers: new Uint32Array(records.length),
    replayed: false,
  });
}

/** Joined edges by their workloads. */
function joined(): string[] {
  const { edges } = aggregator;
  const name = (at: number): string => placements.get(placements.workloadOf(at))?.name ?? '?';
  const found: string[] = [];
  edges.forEach((edge) => {
    if (edges.via(edge) !== 0) found.push(`${name(edges.source(edge))}>${name(edges.destination(edge))}`);
  });
  return found.sort();
}

const connection = (client: string, server: string): FakeConnection =>
  new FakeConnection({
    client: { address: client, port: 40_000, workload: 1 },
    server: { address: server, port: 8080, workload: 2 },
  });
const toWaypoint = (): FakeConnection => connection('10.0.0.1', '10.0.0.2');
const toServer = (): FakeConnection => connection('10.0.0.2', '10.0.0.3');

/** Has the directory name another workload, which listens, at the clients' address. */
function watchClients(): void {
  const { directory } = clients.cluster;
  const namespace = directory.namespace(clients.node, 1, 0);
  directory.own(CLIENT_ADDRESS, clients.node, namespace);
  const listener = { address: CLIENT_ADDRESS, port: 80, namespace, open: true };
  directory.listen({ ...listener, placement: placement('front', clients) });
}

/** A connection to the server that is joined, and a first request over it: from now on the waypoint is known as one. */
function known(): FakeConnection {
  const front = toWaypoint();
  const onward = toServer();
  take(clients, 'front', front.opened('source'));
  take(waypoints, 'way', front.opened('destination'), onward.opened('source'));
  take(waypoints, 'stock', onward.opened('destination'));
  take(waypoints, 'way', legRecord(front, onward, [{}]));
  expect(joined()).toEqual(['front>stock']);
  return onward;
}

describe('requests through a waypoint', () => {
  beforeEach(watchClients);

  it('belong to their own client, also when they are told of after its connection is over', () => {
    const onward = known();
    const short = toWaypoint();
    take(waypoints, 'way', short.closed('destination'));
    take(clients, 'curl', short.closed('source'));
    take(waypoints, 'way', legRecord(short, onward, [{}]));
    expect(joined()).toEqual(['curl>stock', 'front>stock']);
    expect(aggregator.legs.held).toBe(0);
  });

  it('wait for an agent that is behind, rather than be put on another workload of the address', () => {
    const onward = known();
    const short = toWaypoint();
    take(waypoints, 'way', short.closed('destination'));
    take(waypoints, 'way', legRecord(short, onward, [{}]));
    now += 8_000;
    aggregator.settle(now);
    expect(aggregator.legs.held).toBe(1);
    take(clients, 'curl', short.closed('source'));
    aggregator.settle(now);
    expect(joined()).toEqual(['curl>stock', 'front>stock']);
    expect(aggregator.legs.held).toBe(0);
  });

  it('wait for nobody where no agent watches, and never longer than ten seconds', () => {
    const onward = known();
    take(waypoints, 'way', legRecord(connection('192.0.2.1', '10.0.0.2'), onward, [{}]));
    take(waypoints, 'way', legRecord(toWaypoint(), onward, [{}]));
    now += 3_000;
    aggregator.settle(now);
    expect(joined()).toEqual(['192.0.2.1>stock', 'front>stock']);
    expect(aggregator.legs.held).toBe(1);
    now += 7_000;
    aggregator.settle(now);
    expect(aggregator.legs.held).toBe(0);
  });

  it('belong to both ends of connections that were idle for long', () => {
    const onward = known();
    const front = toWaypoint();
    take(waypoints, 'way', front.opened('destination'));
    take(clients, 'curl', front.opened('source'));
    for (let minutes = 0; minutes < 6; minutes += 3) {
      now += 3 * MINUTE_MS;
      take(clients, 'other', toWaypoint().closed('source'));
    }
    take(waypoints, 'way', legRecord(front, onward, [{}]));
    expect(joined()).toEqual(['curl>stock', 'front>stock']);
    expect(aggregator.legs.held).toBe(0);
  });
});
