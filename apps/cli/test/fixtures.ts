// SPDX-License-Identifier: Apache-2.0
import type {
  Connection,
  Edge,
  Node,
  Quantiles,
  Requests,
  Status,
  TimeSplit,
  Traffic,
  Vertex,
  Window,
} from '@undermesh/schema';

/** Answers of the API as a small shop would give them. All at 14:40 UTC on one day. */

export const NOW = Date.parse('2026-11-22T14:40:00.000Z');
export const at = (clock: string): string => `2026-11-22T${clock}.000Z`;

export const WINDOW: Window = {
  from: at('14:10:00'),
  to: at('14:40:00'),
  seconds: 1800,
  resolutionSeconds: 10,
};

export const quantiles = (count: number, p50: number): Quantiles =>
  count === 0
    ? { count, p50: null, p90: null, p95: null, p99: null }
    : { count, p50, p90: p50 * 2, p95: p50 * 3, p99: p50 * 4 };

export const traffic = (change: Partial<Traffic> = {}): Traffic => ({
  opened: 0,
  closed: 0,
  failed: { total: 0, reasons: {} },
  broken: { total: 0, reasons: {} },
  open: 0,
  sentBytes: 0,
  receivedBytes: 0,
  connectUs: quantiles(0, 0),
  roundTripUs: quantiles(0, 0),
  lifetimeUs: quantiles(0, 0),
  segmentsSent: 0,
  retransmittedSegments: 0,
  requests: null,
  protocols: {},
  engineBytes: {},
  ...change,
});

export const requests = (total: number, change: Partial<Requests> = {}): Requests => ({
  total,
  statusClasses: { '2xx': total },
  pipelined: 0,
  requestBytes: total * 100,
  responseBytes: total * 2000,
  firstByteUs: quantiles(total, 20_000),
  lastByteUs: quantiles(total, 21_000),
  seenBy: 'source',
  ...change,
});

export const split = (change: Partial<TimeSplit> = {}): TimeSplit => ({
  connectUs: 50_400,
  networkUs: 50_300,
  applicationUs: 51_900,
  localUs: 420,
  totalUs: 102_620,
  basis: 'both',
  requests: 4100,
  ...change,
});

export function vertex(name: string, change: Partial<Vertex> = {}): Vertex {
  const [namespace = '', own = ''] = name.split('/');
  return {
    id: `workload:default/${name}`,
    level: 'workload',
    kind: 'configured',
    name: own,
    namespace,
    version: null,
    nodes: ['left'],
    external: false,
    system: false,
    members: 1,
    inbound: traffic(),
    outbound: traffic(),
    health: 'ok',
    healthReason: null,
    partial: false,
    ...change,
  };
}

export function edge(source: string, destination: string, change: Partial<Edge> = {}): Edge {
  const [from, to] = [vertex(source), vertex(destination)];
  return {
    id: `${from.id}>${to.id}`,
    source: from.id,
    destination: to.id,
    sourceName: from.name,
    destinationName: to.name,
    sourceNamespace: from.namespace,
    destinationNamespace: to.namespace,
    ports: [8080],
    system: false,
    traffic: traffic(),
    health: 'ok',
    healthReason: null,
    healthSince: null,
    lastFailureAt: null,
    seenBy: 'both',
    partial: false,
    split: null,
    via: null,
    leg: null,
    ...change,
  };
}

const peer = (workload: string, change: Partial<Connection['source']> = {}): Connection['source'] => ({
  workload,
  namespace: 'shop',
  version: null,
  kind: 'configured',
  node: 'left',
  address: '10.80.0.1',
  port: 40_000,
  process: 'node',
  pid: 312,
  system: false,
  ...change,
});

export const connection = (change: Partial<Connection> = {}): Connection => ({
  id: 'AAAA',
  state: 'closed',
  reason: 'local_fin',
  openedAt: at('14:39:58'),
  endedAt: at('14:39:59'),
  lifetimeUs: 1_000_000,
  connectUs: 310,
  roundTripUs: 200,
  source: peer('web'),
  destination: peer('orders', { address: '10.80.0.2', port: 8080, node: 'right' }),
  askedFor: null,
  service: null,
  sentBytes: 1100,
  receivedBytes: 14_000,
  retransmittedSegments: 0,
  engine: 'off',
  seenBy: 'both',
  protocol: 'http1',
  ...change,
});

export const refused = (change: Partial<Connection> = {}): Connection =>
  connection({
    state: 'failed',
    reason: 'refused',
    connectUs: null,
    roundTripUs: null,
    lifetimeUs: 80,
    sentBytes: null,
    receivedBytes: null,
    retransmittedSegments: null,
    seenBy: 'source',
    protocol: null,
    ...change,
  });

/** The engine of a node that only observes. */
export const engineOff = (change: Partial<Node['engine']> = {}): Node['engine'] => ({
  desired: 'off',
  observed: 'off',
  generation: 0,
  state: 'in-force',
  stateSince: null,
  detail: null,
  setBy: 'config',
  who: null,
  since: null,
  reason: null,
  change: null,
  switchMs: null,
  drift: [],
  unavailable: {},
  connections: 0,
  draining: [],
  hooks: [],
  ...change,
});

export const node = (name: string, change: Partial<Node> = {}): Node => ({
  name,
  cluster: 'default',
  state: 'reporting',
  lastSeenAt: at('14:40:00'),
  connectedAt: at('11:28:00'),
  agent: {
    version: '0.1.0',
    startedAt: at('11:28:00'),
    rssBytes: 60e6,
    cpuShare: 0.004,
    workloads: 6,
    listeners: 4,
  },
  scope: { cgroup: '/', wholeHost: true },
  kernel: { release: '6.12.9', architecture: 'x64', features: {} },
  labels: {},
  engine: engineOff(),
  hooks: [],
  bpfCpuShare: null,
  maps: [],
  ring: null,
  helperErrors: [],
  records: { made: 102_056, received: 102_050, stored: 102_050, waiting: 5, lost: { ring_full: 1 } },
  requests: null,
  legs: null,
  connections: { open: 602, openedPerSecond: 30.4, connects: 51_000 },
  clockSkewMs: 0.4,
  ...change,
});

export const status = (change: Partial<Status> = {}): Status => ({
  version: '0.1.0',
  cluster: 'default',
  startedAt: at('11:28:00'),
  now: at('14:40:00'),
  nodes: { total: 3, reporting: 2, silent: [{ name: 'edge-2', lastSeenAt: at('14:20:00') }] },
  records: {
    made: 204_112,
    received: 204_100,
    stored: 204_100,
    waiting: 9,
    lost: { ring_full: 2, store_full: 1 },
  },
  requests: { made: 410_000, received: 409_990, stored: 409_980, waiting: 11, lost: { ring_full: 5 } },
  rates: { connectionsPerSecond: 61.2, recordsPerSecond: 122.4 },
  openConnections: 1204,
  store: {
    driver: 'duckdb',
    state: 'ok',
    message: null,
    rows: 204_100,
    bytes: 18_200_000,
    oldest: at('12:35:00'),
    retentionSeconds: 86_400,
  },
  observerCpuShare: 0.008,
  firstRecordAt: at('11:28:01'),
  ...change,
});
