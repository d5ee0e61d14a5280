// SPDX-License-Identifier: Apache-2.0
// Vertices and edges of the mesh.
import { type Static, Type } from 'typebox';
import { HEALTHS, LEVELS, WORKLOAD_KINDS } from '../names.js';
import { Count, literals, Nullable, Time } from '../shape.js';
import { Quantiles, Series, TimeSplit, Traffic } from './traffic.js';
import { Hidden, Window, WindowQuery } from './window.js';

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
export const Via = Type.Object(
  {
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
  },
  {
    description:
      'The waypoint of a joined edge, from client to server: it has requests, as the waypoint saw them on its client’s side, and no connections.',
  },
);
export type Via = Static<typeof Via>;

export const LEG_SIDES = ['client', 'server'] as const;

/** An edge that begins (`server`) or ends (`client`) at a waypoint: one leg of the way of its requests. */
export const Leg = Type.Object(
  {
    side: literals(LEG_SIDES),
    /** Vertex id of the waypoint at the answer's level. */
    waypoint: Type.String(),
    /** Of its requests, those that are on joined edges as well: totals count them there, and once. */
    joined: Count,
    /** On the client's leg: answered by the waypoint itself, with a redirect or an error. */
    answered: Count,
    /** The rest: nobody knows where they came from or went. What is younger than some seconds may still be joined. */
    notJoined: Count,
  },
  {
    description:
      'One leg of the way of requests through a waypoint. Those of its requests that are joined are on an edge with `via` too, and totals count them once.',
  },
);
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

/** Legs that are well and whose requests are all on joined edges, or were answered by the waypoint, are left out by default. */
const LegsQuery = Type.Object({
  legs: Type.Optional(
    Type.Boolean({
      default: false,
      description:
        'Both legs of requests through waypoints as well, where they are well and joined edges tell of at least nine in ten requests. Totals are the same.',
    }),
  ),
});

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
