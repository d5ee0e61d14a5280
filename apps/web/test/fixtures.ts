// SPDX-License-Identifier: Apache-2.0
import type {
  Change,
  Connection,
  Edge,
  Engines,
  Node,
  NodeEngine,
  Peer,
  Quantiles,
  Series,
  Status,
  Topology,
  Traffic,
  Vertex,
} from '@undermesh/schema';

/** Small, whole values of the API's shapes; each test changes what it is about. */

const none: Quantiles = { count: 0, p50: null, p90: null, p95: null, p99: null };

export const traffic = (change: Partial<Traffic> = {}): Traffic => ({
  opened: 0,
  closed: 0,
  failed: { total: 0, reasons: {} },
  broken: { total: 0, reasons: {} },
  open: 0,
  sentBytes: 0,
  receivedBytes: 0,
  connectUs: none,
  roundTripUs: none,
  lifetimeUs: none,
  segmentsSent: 0,
  retransmittedSegments: 0,
  requests: null,
  protocols: {},
  engineBytes: {},
  ...change,
});

export const edge = (id: string, change: Partial<Edge> = {}): Edge => ({
  id,
  source: `${id}-source`,
  destination: `${id}-destination`,
  sourceName: 'orders',
  destinationName: 'payments',
  sourceNamespace: 'checkout',
  destinationNamespace: 'checkout',
  ports: [8443],
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
});

export const vertex = (id: string, change: Partial<Vertex> = {}): Vertex => ({
  id,
  level: 'workload',
  kind: 'unit',
  name: id,
  namespace: 'shop',
  version: null,
  nodes: ['shop-1'],
  external: false,
  system: false,
  members: 1,
  inbound: traffic(),
  outbound: traffic(),
  health: 'ok',
  healthReason: null,
  partial: false,
  ...change,
});

export const series = (change: Partial<Series> = {}): Series => ({
  from: '2026-11-22T14:00:00.000Z',
  stepSeconds: 10,
  opened: [10, 20, null, 30],
  closed: [10, 20, null, 30],
  failed: [0, 5, null, 0],
  open: [4, 5, null, 6],
  sentBytes: [100, 200, null, 300],
  receivedBytes: [900, 800, null, 700],
  requests: [null, null, null, null],
  requestErrors: [null, null, null, null],
  ...change,
});

export const status = (change: Partial<Status> = {}): Status => ({
  version: '0.1.0',
  cluster: 'demo',
  startedAt: '2026-11-22T13:00:00.000Z',
  now: '2026-11-22T14:00:40.000Z',
  nodes: { total: 3, reporting: 3, silent: [] },
  records: { made: 10, received: 10, stored: 10, waiting: 0, lost: {} },
  requests: null,
  rates: { connectionsPerSecond: 1, recordsPerSecond: 2 },
  openConnections: 1,
  store: {
    driver: 'memory',
    state: 'ok',
    message: null,
    rows: 10,
    bytes: null,
    oldest: null,
    retentionSeconds: 60,
  },
  observerCpuShare: null,
  firstRecordAt: null,
  ...change,
});

export const topology = (change: Partial<Topology> = {}): Topology => ({
  level: 'workload',
  window: {
    from: '2026-11-22T13:30:00.000Z',
    to: '2026-11-22T14:00:00.000Z',
    seconds: 1800,
    resolutionSeconds: 10,
  },
  vertices: [],
  edges: [],
  hidden: { vertices: 0, edges: 0, connectionShare: 0, systemVertices: 0, systemEdges: 0, legs: 0 },
  missingNodes: [],
  ...change,
});

const peer = (workload: string): Peer => ({
  workload,
  namespace: 'shop',
  version: null,
  kind: 'unit',
  node: 'shop-1',
  address: '10.4.1.1',
  port: 8080,
  process: 'node',
  pid: 7,
  system: false,
});

/** Opened at second `at` of 14:00. */
export const connection = (id: string, at: number, change: Partial<Connection> = {}): Connection => ({
  id,
  state: 'open',
  reason: null,
  openedAt: new Date(Date.UTC(2026, 10, 22, 14, 0, 0) + at * 1000).toISOString(),
  endedAt: null,
  lifetimeUs: 1000,
  connectUs: 100,
  roundTripUs: 80,
  source: peer('front'),
  destination: peer('catalogue'),
  askedFor: null,
  service: null,
  sentBytes: 1,
  receivedBytes: 2,
  retransmittedSegments: 0,
  engine: 'off',
  seenBy: 'both',
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
  cluster: 'demo',
  state: 'reporting',
  lastSeenAt: '2026-11-22T14:00:00.000Z',
  connectedAt: '2026-11-22T13:00:00.000Z',
  agent: null,
  scope: null,
  kernel: null,
  labels: {},
  engine: engineOff(),
  hooks: [],
  bpfCpuShare: null,
  maps: [],
  ring: null,
  helperErrors: [],
  records: { made: 0, received: 0, stored: 0, waiting: 0, lost: {} },
  requests: null,
  legs: null,
  connections: { open: null, openedPerSecond: null, connects: null },
  clockSkewMs: null,
  ...change,
});

/** A node as the engines page is told of it. */
export const engineItem = (
  node: string,
  engine: Partial<NodeEngine> = {},
  change: Partial<Engines['items'][number]> = {},
): Engines['items'][number] => ({
  node,
  state: 'reporting',
  lastSeenAt: '2026-11-22T14:00:00.000Z',
  labels: {},
  engine: engineOff(engine),
  ...change,
});

/** An order that was given at `time`. */
export const engineSet = (number: number, subject: string, change: Partial<Change> = {}): Change => ({
  number,
  time: '2026-11-22T13:50:00.000Z',
  kind: 'engine_set',
  subject,
  before: 'off',
  after: 'dual-engine',
  order: { generation: 4, setBy: 'api', who: 'm.chen', reason: 'take load off the waypoint' },
  ...change,
});
