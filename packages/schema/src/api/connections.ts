// SPDX-License-Identifier: Apache-2.0
// Connections, and what their ends wrote down.
import { type Static, Type } from 'typebox';
import { CLOSE_REASONS, ENGINES, FAILURE_REASONS, PROTOCOLS, WORKLOAD_KINDS } from '../names.js';
import { Count, literals, Nullable, Time } from '../shape.js';

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

/** One HTTP request of a connection. */
export const ConnectionRequest = Type.Object({
  /** When its record was made: up to some seconds after its answer. */
  reportedAt: Time,
  /** `null`: a method that is not told apart. */
  method: Nullable(Type.String()),
  /** `null`: the connection ended before an answer. */
  status: Nullable(Type.Integer()),
  /** End of its head to the first, and to the last byte of the response; `null`: not measured. */
  firstByteUs: Nullable(Count),
  lastByteUs: Nullable(Count),
  /** The route that the source's kernel took it by; `null`: none did. Names are `null` where no node tells of the number. */
  route: Nullable(
    Type.Object({
      number: Type.Integer({ minimum: 1 }),
      route: Nullable(Type.String()),
      rule: Nullable(Type.Integer()),
      match: Nullable(Type.String()),
      /** Of its backends, those of the service that the connection went to, with its weight; `null`: not told. */
      backend: Nullable(Type.String()),
      weight: Nullable(Count),
    }),
  ),
});
export type ConnectionRequest = Static<typeof ConnectionRequest>;

/** GET /connections/{id} */
export const ConnectionDetail = Type.Object({
  connection: Connection,
  ends: Type.Object({
    source: Nullable(EndRecord),
    destination: Nullable(EndRecord),
  }),
  /** Both ends present: does each count what the other counted? */
  agreement: Nullable(Type.Object({ bytes: Type.Boolean(), detail: Type.String() })),
  /** Its latest requests, newest first, as the source saw them if it reports; absent where none was read. */
  requests: Type.Optional(Type.Array(ConnectionRequest)),
});
export type ConnectionDetail = Static<typeof ConnectionDetail>;
