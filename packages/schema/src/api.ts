// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { Engines, Labels, NodeEngine } from './engines.js';
import { Hook, LegBalance, LossCounts, MapUse } from './messages.js';
import {
  CLOSE_REASONS,
  ENGINES,
  FAILURE_REASONS,
  HEALTHS,
  LEVELS,
  PROTOCOLS,
  REPORTERS,
  STATUS_CLASSES,
  WORKLOAD_KINDS,
} from './names.js';
import { Count, counts, literals, Nullable, Time } from './shape.js';

/**
 * The HTTP API under `/api/v1`. Times are RFC 3339 with milliseconds, in UTC. Durations and sizes carry their unit in
 * the name. A figure that is not known is `null` and never 0. A list is `{ items, next }`.
 */

/** RFC 9457 problem details with a stable `code`, explained in docs/errors.md. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.Optional(Type.String()),
});
export type Problem = Static<typeof Problem>;

/** Percentiles read from a mergeable log-scale histogram; `null` when there were no samples. */
export const Quantiles = Type.Object({
  count: Count,
  p50: Nullable(Type.Number()),
  p90: Nullable(Type.Number()),
  p95: Nullable(Type.Number()),
  p99: Nullable(Type.Number()),
});
export type Quantiles = Static<typeof Quantiles>;

/** HTTP/1.1 requests over a window, counted by their answers, as the end saw them that `seenBy` names. */
export const Requests = Type.Object({
  total: Count,
  /** By status: `1xx` is 101 alone; `none`: the connection ended before an answer. */
  statusClasses: counts(STATUS_CLASSES),
  /** Sent before the answer to an earlier one was complete; they have no latency. */
  pipelined: Count,
  /** Heads and bodies as on the wire. */
  requestBytes: Count,
  responseBytes: Count,
  /** End of the request's head to the first, and to the last byte of the response. */
  firstByteUs: Quantiles,
  lastByteUs: Quantiles,
  /** The source's clock when it reported: then the network is in it. */
  seenBy: literals(REPORTERS),
});
export type Requests = Static<typeof Requests>;

/** Where the time of a request goes: means over the window in µs, so that they add up; `null` where not known. */
export const TimeSplit = Type.Object({
  /** Handshake, per connection. Not in `totalUs`. */
  connectUs: Nullable(Count),
  /** Round trips between both ends, retransmissions included: the smoothed round trip where only one end reports. */
  networkUs: Nullable(Count),
  /** End of the request's head to the first byte of the answer, at the destination. */
  applicationUs: Nullable(Count),
  /** What is left of the total: queues of the source's own host. */
  localUs: Nullable(Count),
  /** End of the request's head to the first byte of the answer, at the source. */
  totalUs: Nullable(Count),
  /** `both`: measured at both ends; `source`: network from the round trip, the rest is the application; `destination`: application only. */
  basis: literals(['both', 'source', 'destination'] as const),
  requests: Count,
});
export type TimeSplit = Static<typeof TimeSplit>;

/** Evenly spaced figures; index i covers [from + i·step, from + (i+1)·step). `null`: nobody reported then. Counts per step, not rates. */
export const Series = Type.Object({
  from: Time,
  stepSeconds: Type.Number(),
  opened: Type.Array(Nullable(Count)),
  closed: Type.Array(Nullable(Count)),
  failed: Type.Array(Nullable(Count)),
  /** Open at the end of the step. */
  open: Type.Array(Nullable(Count)),
  sentBytes: Type.Array(Nullable(Count)),
  receivedBytes: Type.Array(Nullable(Count)),
  /** HTTP requests answered, and those of them with status 5xx or without an answer. */
  requests: Type.Array(Nullable(Count)),
  requestErrors: Type.Array(Nullable(Count)),
});
export type Series = Static<typeof Series>;

/** Traffic over a window, seen from the source: sent = source to destination. */
export const Traffic = Type.Object({
  opened: Count,
  closed: Count,
  /** Connects that were never established, by reason. */
  failed: Type.Object({
    total: Count,
    reasons: counts(FAILURE_REASONS),
  }),
  /** Established connections that ended by reset, time-out or the like, by reason. */
  broken: Type.Object({
    total: Count,
    reasons: counts(CLOSE_REASONS),
  }),
  /** Open now. */
  open: Count,
  sentBytes: Count,
  receivedBytes: Count,
  connectUs: Quantiles,
  roundTripUs: Quantiles,
  lifetimeUs: Quantiles,
  segmentsSent: Count,
  retransmittedSegments: Count,
  /** `null`: no HTTP/1.1 request was seen. */
  requests: Nullable(Requests),
  /** Connections that ended in the window by what they carried; only `http1` has request latency. */
  protocols: counts(PROTOCOLS),
  /** Bytes both ways by the engine that steered their connection when it was made; empty where no source reported. */
  engineBytes: counts(ENGINES),
});
export type Traffic = Static<typeof Traffic>;

export const Vertex = Type.Object({
  /** Stable across refreshes and restarts: made of level and names. */
  id: Type.String(),
  level: literals(LEVELS),
  kind: literals(WORKLOAD_KINDS),
  name: Type.String(),
  namespace: Type.String(),
  version: Nullable(Type.String()),
  /** Nodes it was seen on; empty when outside. */
  nodes: Type.Array(Type.String()),
  /** No agent watches it: it is known only as a peer. */
  external: Type.Boolean(),
  /** Undermesh's own. */
  system: Type.Boolean(),
  /** Workloads behind it at a higher level. */
  members: Count,
  /** As destination. */
  inbound: Traffic,
  /** As source. */
  outbound: Traffic,
  health: literals(HEALTHS),
  /** Plain words for a health that is not ok, e.g. `refused`. */
  healthReason: Nullable(Type.String()),
  /** True when a node it lives on is silent: figures are lower bounds. */
  partial: Type.Boolean(),
});
export type Vertex = Static<typeof Vertex>;

/** The waypoint that the requests of a joined edge went through, and its share of their time. */
export const Via = Type.Object({
  /** Vertex id at the answer's level. */
  id: Type.String(),
  name: Type.String(),
  namespace: Type.String(),
  /** Of the requests, those whose time in the waypoint is known. */
  timed: Count,
  /** The waypoint's own time of each: to the first byte as it answered, less the same as it was answered. */
  waypointUs: Quantiles,
  /** Means over timed requests, so that they add up; `null` where there is none. Beyond the waypoint: the server, and the way there and back. */
  time: Nullable(Type.Object({ waypointUs: Count, beyondUs: Count, totalUs: Count })),
  /** Of `totalUs`, what the waypoint took: 0 to 1. */
  share: Nullable(Type.Number({ minimum: 0, maximum: 1 })),
});
export type Via = Static<typeof Via>;

export const LEG_SIDES = ['client', 'server'] as const;

/** An edge that begins (`server`) or ends (`client`) at a waypoint: one leg of the way of its requests. */
export const Leg = Type.Object({
  side: literals(LEG_SIDES),
  /** Vertex id of the waypoint at the answer's level. */
  waypoint: Type.String(),
  /** Of its requests, those that are on joined edges as well: totals count them there, and once. */
  joined: Count,
  /** On the client's leg: answered by the waypoint itself, with a redirect or an error. */
  answered: Count,
  /** The rest: nobody knows where they came from or went. What is younger than some seconds may still be joined. */
  notJoined: Count,
});
export type Leg = Static<typeof Leg>;

/**
 * Traffic between two vertices. Requests through a waypoint whose log we have are on a **joined** edge from client to server,
 * with `via`, and on both legs, with `leg`. A joined edge has requests and no connections (none goes all the way); its
 * requests are told and timed as the waypoint saw them on its client's side. Totals of vertices and of /edges count a request
 * once and a connection once. A waypoint without a log of ours has two edges like any others: neither `via` nor `leg`.
 */
export const Edge = Type.Object({
  id: Type.String(),
  /** Vertex ids. */
  source: Type.String(),
  destination: Type.String(),
  sourceName: Type.String(),
  destinationName: Type.String(),
  sourceNamespace: Type.String(),
  destinationNamespace: Type.String(),
  /** Destination ports, busiest first, at most 8. */
  ports: Type.Array(Type.Integer()),
  system: Type.Boolean(),
  traffic: Traffic,
  health: literals(HEALTHS),
  healthReason: Nullable(Type.String()),
  /** Since when it is not ok. */
  healthSince: Nullable(Time),
  /**
   * When a connect last failed, to the window's resolution, where so many of the window's did that the edge would not be
   * ok; `null` otherwise. Health is of now: this tells of what is over.
   */
  lastFailureAt: Nullable(Time),
  /** Whose records it rests on. */
  seenBy: literals(['both', 'source', 'destination'] as const),
  partial: Type.Boolean(),
  /** `null`: no request was timed. */
  split: Nullable(TimeSplit),
  /** The waypoint between both; `null`: connections go all the way. Never set together with `leg`. */
  via: Nullable(Via),
  leg: Nullable(Leg),
  /** Only when asked for with `series=true`. */
  series: Type.Optional(Series),
});
export type Edge = Static<typeof Edge>;

export const Window = Type.Object({
  from: Time,
  to: Time,
  seconds: Type.Number(),
  resolutionSeconds: Type.Number(),
});
export type Window = Static<typeof Window>;

/** What was left out of an answer, so that the reader knows. */
export const Hidden = Type.Object({
  vertices: Count,
  edges: Count,
  /** Share of connections opened in the window that the hidden edges carry, 0 to 1. */
  connectionShare: Type.Number(),
  /** Undermesh's own vertices left out by `system=false`. */
  systemVertices: Count,
  systemEdges: Count,
  /** Legs left out by `legs=false`. */
  legs: Count,
});
export type Hidden = Static<typeof Hidden>;

export const WindowQuery = Type.Object({
  /** Length of the window that ends now (or at `to`), seconds. */
  window: Type.Optional(Type.Integer({ minimum: 10, maximum: 2_678_400, default: 1800 })),
  to: Type.Optional(Time),
  /** Comma-separated; default all. */
  namespace: Type.Optional(Type.String({ maxLength: 2048 })),
  /** Include Undermesh's own traffic. */
  system: Type.Optional(Type.Boolean({ default: false })),
});

/** Legs that are well and whose requests are all on joined edges, or were answered by the waypoint, are left out by default. */
const LegsQuery = Type.Object({ legs: Type.Optional(Type.Boolean({ default: false })) });

/** GET /topology */
export const TopologyQuery = Type.Intersect([
  WindowQuery,
  LegsQuery,
  Type.Object({
    level: Type.Optional(literals(LEVELS)),
    /** At most 300 vertices and 1,000 edges are ever drawn. */
    maxVertices: Type.Optional(Type.Integer({ minimum: 1, maximum: 2000, default: 300 })),
    maxEdges: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 })),
  }),
]);
export type TopologyQuery = Static<typeof TopologyQuery>;
export const Topology = Type.Object({
  level: literals(LEVELS),
  window: Window,
  vertices: Type.Array(Vertex),
  edges: Type.Array(Edge),
  hidden: Hidden,
  /** Names of silent nodes whose figures are missing. */
  missingNodes: Type.Array(Type.String()),
});
export type Topology = Static<typeof Topology>;

/** GET /edges */
export const EdgesQuery = Type.Intersect([
  WindowQuery,
  LegsQuery,
  Type.Object({
    level: Type.Optional(literals(LEVELS)),
    source: Type.Optional(Type.String({ maxLength: 512 })),
    destination: Type.Optional(Type.String({ maxLength: 512 })),
    /** `worst` first (default), `busiest` first. */
    order: Type.Optional(literals(['worst', 'busiest'] as const)),
    series: Type.Optional(Type.Boolean({ default: false })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
    cursor: Type.Optional(Type.String({ maxLength: 512 })),
  }),
]);
export type EdgesQuery = Static<typeof EdgesQuery>;
export const Edges = Type.Object({
  items: Type.Array(Edge),
  next: Nullable(Type.String()),
  window: Window,
  /** Over all edges that match, not only this page, legs that were left out among them; each request once. */
  total: Traffic,
  /** Legs left out by `legs=false`. */
  hiddenLegs: Count,
  totalSeries: Nullable(Series),
  missingNodes: Type.Array(Type.String()),
});
export type Edges = Static<typeof Edges>;

export const Peer = Type.Object({
  workload: Type.String(),
  namespace: Type.String(),
  version: Nullable(Type.String()),
  kind: literals(WORKLOAD_KINDS),
  /** `null`: outside, or its node has no agent. */
  node: Nullable(Type.String()),
  address: Type.String(),
  port: Type.Integer(),
  process: Nullable(Type.String()),
  pid: Nullable(Type.Integer()),
  system: Type.Boolean(),
});
export type Peer = Static<typeof Peer>;

/** What one end wrote down, in full. */
export const EndRecord = Type.Object({
  node: Type.String(),
  time: Time,
  event: literals(['opened', 'progress', 'closed', 'failed'] as const),
  reason: Nullable(literals([...CLOSE_REASONS, ...FAILURE_REASONS] as const)),
  family: literals(['ipv4', 'ipv6', 'v4_mapped'] as const),
  engine: literals(ENGINES),
  flags: Type.Array(
    literals([
      'established',
      'announced',
      'adopted',
      'reannounced',
      'half_closed',
      'reporter_guessed',
    ] as const),
  ),
  localAddress: Type.String(),
  localPort: Type.Integer(),
  peerAddress: Type.String(),
  peerPort: Type.Integer(),
  originalAddress: Type.String(),
  originalPort: Type.Integer(),
  socketCookie: Type.String(),
  cgroupId: Type.String(),
  netnsCookie: Type.String(),
  process: Nullable(Type.String()),
  pid: Nullable(Type.Integer()),
  sentBytes: Count,
  receivedBytes: Count,
  retransmittedBytes: Count,
  segmentsSent: Count,
  segmentsReceived: Count,
  retransmittedSegments: Count,
  lostSegments: Count,
  deliveredSegments: Count,
  connectUs: Nullable(Count),
  smoothedRoundTripUs: Nullable(Count),
  minimumRoundTripUs: Nullable(Count),
  /** Hexadecimal. */
  clientIsn: Nullable(Type.String()),
  serverIsn: Nullable(Type.String()),
  protocol: Nullable(literals(PROTOCOLS)),
  streamId: Type.String(),
  frameSequence: Type.String(),
});
export type EndRecord = Static<typeof EndRecord>;

export const CONNECTION_STATES = ['open', 'closed', 'failed'] as const;
export const Connection = Type.Object({
  /** Stable; takes GET /connections/{id} to both records. */
  id: Type.String(),
  state: literals(CONNECTION_STATES),
  reason: Nullable(literals([...CLOSE_REASONS, ...FAILURE_REASONS] as const)),
  openedAt: Time,
  endedAt: Nullable(Time),
  lifetimeUs: Count,
  connectUs: Nullable(Count),
  roundTripUs: Nullable(Count),
  source: Peer,
  destination: Peer,
  /** What the source asked for when it was steered elsewhere. */
  askedFor: Nullable(Type.Object({ address: Type.String(), port: Type.Integer() })),
  /** Whose endpoint or waypoint it was steered to; `null`: it was not, or nobody knows what the service is called. */
  service: Nullable(Type.Object({ namespace: Type.String(), name: Type.String() })),
  /** From the source's side: sent = source to destination. `null` when never established. */
  sentBytes: Nullable(Count),
  receivedBytes: Nullable(Count),
  retransmittedSegments: Nullable(Count),
  engine: literals(ENGINES),
  seenBy: literals(['both', 'source', 'destination'] as const),
  /** What its first payload bytes were; `null`: no payload, or nobody looked. */
  protocol: Nullable(literals(PROTOCOLS)),
});
export type Connection = Static<typeof Connection>;

/** GET /connections. Filters are joined by "and"; a repeated value by "or" (comma-separated). */
export const ConnectionsQuery = Type.Object({
  state: Type.Optional(literals(['open', 'closed', 'failed', 'ended', 'all'] as const)),
  /** `name` or `namespace/name`. */
  source: Type.Optional(Type.String({ maxLength: 512 })),
  destination: Type.Optional(Type.String({ maxLength: 512 })),
  /** Either side. */
  workload: Type.Optional(Type.String({ maxLength: 512 })),
  namespace: Type.Optional(Type.String({ maxLength: 512 })),
  node: Type.Optional(Type.String({ maxLength: 512 })),
  /** Address of either side. */
  address: Type.Optional(Type.String({ maxLength: 64 })),
  /** Destination port. */
  port: Type.Optional(Type.String({ pattern: '^[0-9]{1,5}(,[0-9]{1,5})*$' })),
  process: Type.Optional(Type.String({ maxLength: 64 })),
  reason: Type.Optional(Type.String({ maxLength: 256 })),
  system: Type.Optional(Type.Boolean({ default: false })),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  /** Seconds before `to`; an alternative to `from`. */
  window: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_678_400 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  cursor: Type.Optional(Type.String({ maxLength: 512 })),
  /** `ndjson` and `csv` stream everything that matches, up to 100,000 rows. */
  format: Type.Optional(literals(['json', 'ndjson', 'csv'] as const)),
  /** Adds `histogram`: ended and failed connections over the window. */
  histogram: Type.Optional(Type.Boolean({ default: false })),
});
export type ConnectionsQuery = Static<typeof ConnectionsQuery>;
export const Connections = Type.Object({
  items: Type.Array(Connection),
  next: Nullable(Type.String()),
  /** Connections that match; `null` when counting would take too long. */
  matched: Nullable(Count),
  histogram: Nullable(
    Type.Object({
      from: Time,
      stepSeconds: Type.Number(),
      ended: Type.Array(Nullable(Count)),
      failed: Type.Array(Nullable(Count)),
    }),
  ),
});
export type Connections = Static<typeof Connections>;

/** GET /connections/{id} */
export const ConnectionDetail = Type.Object({
  connection: Connection,
  ends: Type.Object({
    source: Nullable(EndRecord),
    destination: Nullable(EndRecord),
  }),
  /** Both ends present: does each count what the other counted? */
  agreement: Nullable(Type.Object({ bytes: Type.Boolean(), detail: Type.String() })),
});
export type ConnectionDetail = Static<typeof ConnectionDetail>;

/** HTTP requests by what became of them, one for each end that saw them: made = stored + lost + waiting. */
export const RequestBalance = Type.Object({
  made: Count,
  received: Count,
  stored: Count,
  waiting: Count,
  lost: LossCounts,
});
export type RequestBalance = Static<typeof RequestBalance>;

/** GET /nodes */
export const Node = Type.Object({
  name: Type.String(),
  cluster: Type.String(),
  state: literals(['reporting', 'silent', 'never'] as const),
  lastSeenAt: Nullable(Time),
  connectedAt: Nullable(Time),
  agent: Nullable(
    Type.Object({
      version: Type.String(),
      startedAt: Time,
      rssBytes: Count,
      /** Share of one core over the last minute, 0.01 = 1 %. */
      cpuShare: Nullable(Type.Number()),
      workloads: Count,
      listeners: Count,
    }),
  ),
  scope: Nullable(Type.Object({ cgroup: Type.String(), wholeHost: Type.Boolean() })),
  kernel: Nullable(
    Type.Object({
      release: Type.String(),
      architecture: Type.String(),
      features: Type.Record(Type.String(), Type.Union([Type.Literal(true), Type.String()])),
    }),
  ),
  labels: Labels,
  engine: NodeEngine,
  hooks: Type.Array(Hook),
  /** Share of one core that the eBPF programs took over the last minute; `null` without program statistics. */
  bpfCpuShare: Nullable(Type.Number()),
  maps: Type.Array(MapUse),
  ring: Nullable(Type.Object({ sizeBytes: Count, filledBytes: Count, peakFilledBytes: Count })),
  helperErrors: Type.Array(Type.Object({ site: Type.String(), errno: Type.String(), count: Count })),
  records: Type.Object({ made: Count, received: Count, stored: Count, waiting: Count, lost: LossCounts }),
  /** `null`: its agent does not read HTTP. */
  requests: Nullable(RequestBalance),
  /** Requests through the waypoints that it runs: made = joined + answered + waiting + all of unjoined. `null`: it runs none. */
  legs: Nullable(LegBalance),
  connections: Type.Object({
    open: Nullable(Count),
    openedPerSecond: Nullable(Type.Number()),
    connects: Nullable(Count),
  }),
  /** Node's clock minus the collector's, less half the round trip. Shown above 1 s. */
  clockSkewMs: Nullable(Type.Number()),
});
export type Node = Static<typeof Node>;
export const Nodes = Type.Object({ items: Type.Array(Node), next: Nullable(Type.String()) });
export type Nodes = Static<typeof Nodes>;

/** GET /status: also the live topic `status`, once a second. */
export const Status = Type.Object({
  version: Type.String(),
  cluster: Type.String(),
  startedAt: Time,
  now: Time,
  nodes: Type.Object({
    total: Count,
    reporting: Count,
    silent: Type.Array(Type.Object({ name: Type.String(), lastSeenAt: Nullable(Time) })),
  }),
  /** Connection ends since the collector's store began. made = stored + lost + waiting once the road is quiet. */
  records: Type.Object({
    made: Count,
    received: Count,
    stored: Count,
    waiting: Count,
    lost: Type.Record(Type.String(), Count),
  }),
  /** `null`: no agent reads HTTP. */
  requests: Nullable(RequestBalance),
  rates: Type.Object({ connectionsPerSecond: Type.Number(), recordsPerSecond: Type.Number() }),
  openConnections: Count,
  store: Type.Object({
    driver: literals(['duckdb', 'clickhouse', 'memory'] as const),
    state: literals(['ok', 'slow', 'full', 'failed'] as const),
    message: Nullable(Type.String()),
    rows: Count,
    bytes: Nullable(Count),
    oldest: Nullable(Time),
    retentionSeconds: Count,
  }),
  /** Share of one core that agents and their eBPF programs take, summed over nodes; `null` when unknown. */
  observerCpuShare: Nullable(Type.Number()),
  firstRecordAt: Nullable(Time),
});
export type Status = Static<typeof Status>;

/**
 * WebSocket `/api/v1/live`. The client subscribes; the server answers with a snapshot (sequence 0) and deltas numbered
 * from 1. After a gap the client subscribes again. `status` sends whole snapshots every second; `topology` sends what
 * changed every 2 s; `engines` sends whole snapshots at once when something changed, and every second; `connections` sends connections as they open and end, newest last, at most 200 a second, with the
 * number left out in `skipped`.
 */
export const LiveRequest = Type.Union([
  Type.Object({
    type: Type.Literal('subscribe'),
    id: Type.String({ maxLength: 64 }),
    topic: Type.Literal('status'),
  }),
  Type.Object({
    type: Type.Literal('subscribe'),
    id: Type.String({ maxLength: 64 }),
    topic: Type.Literal('engines'),
  }),
  Type.Object({
    type: Type.Literal('subscribe'),
    id: Type.String({ maxLength: 64 }),
    topic: Type.Literal('topology'),
    query: TopologyQuery,
  }),
  Type.Object({
    type: Type.Literal('subscribe'),
    id: Type.String({ maxLength: 64 }),
    topic: Type.Literal('connections'),
    query: ConnectionsQuery,
  }),
  Type.Object({ type: Type.Literal('unsubscribe'), id: Type.String({ maxLength: 64 }) }),
]);
export type LiveRequest = Static<typeof LiveRequest>;

export const LiveMessage = Type.Union([
  Type.Object({
    type: Type.Literal('status'),
    id: Type.String(),
    sequence: Type.Integer(),
    data: Status,
  }),
  Type.Object({
    type: Type.Literal('engines'),
    id: Type.String(),
    sequence: Type.Integer(),
    data: Engines,
  }),
  Type.Object({
    type: Type.Literal('topology'),
    id: Type.String(),
    sequence: Type.Integer(),
    data: Topology,
  }),
  Type.Object({
    type: Type.Literal('topology-delta'),
    id: Type.String(),
    sequence: Type.Integer(),
    window: Window,
    hidden: Hidden,
    missingNodes: Type.Array(Type.String()),
    vertices: Type.Array(Vertex),
    edges: Type.Array(Edge),
    removedVertices: Type.Array(Type.String()),
    removedEdges: Type.Array(Type.String()),
  }),
  Type.Object({
    type: Type.Literal('connections'),
    id: Type.String(),
    sequence: Type.Integer(),
    items: Type.Array(Connection),
    skipped: Count,
  }),
  Type.Object({ type: Type.Literal('error'), id: Type.Optional(Type.String()), problem: Problem }),
]);
export type LiveMessage = Static<typeof LiveMessage>;
