// SPDX-License-Identifier: Apache-2.0
// Routes that kernels choose by, and the nodes that run the kernel-native engine.
import { type Static, Type } from 'typebox';
import { ENGINES } from '../names.js';
import { NativeFallback, NativeModule, NotExpressible } from '../native.js';
import { Count, literals, Nullable, Time } from '../shape.js';

/** GET /routes */
export const RoutesQuery = Type.Object({
  /** Only what these nodes tell, comma-separated. */
  node: Type.Optional(Type.String({ maxLength: 2048 })),
  /** Only routes of these services or waypoints: `name` or `namespace/name`, comma-separated. */
  service: Type.Optional(Type.String({ maxLength: 2048 })),
  /** Only routes that requests from and to these workloads took: `name` or `namespace/name`, as in GET /edges. */
  source: Type.Optional(Type.String({ maxLength: 512 })),
  destination: Type.Optional(Type.String({ maxLength: 512 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 2000, default: 1000 })),
  cursor: Type.Optional(Type.String({ maxLength: 512 })),
});
export type RoutesQuery = Static<typeof RoutesQuery>;

/** What kernels did by a route, or by one backend of it. Counters go on where a kernel began anew. */
const Hits = Type.Object({
  /** All that it took, refused ones among them. */
  requests: Count,
  /** Over the last minute; `null`: no node that reports has told twice. */
  perSecond: Nullable(Count),
  /** Refused: no backend, or none of its endpoints could be taken. */
  rejected: Count,
  /** Refused by the rate limit. */
  limited: Count,
});

export const RouteBackend = Type.Intersect([
  Type.Object({
    /** `namespace/name:port`; `null`: none, requests are refused. */
    backend: Nullable(Type.String()),
    weight: Count,
    /** Share of the route's requests by weight; `null`: all weights are 0. */
    wantedShare: Nullable(Type.Number({ minimum: 0, maximum: 1 })),
    /** Share of them over the last minute; `null`: there were none. */
    seenShare: Nullable(Type.Number({ minimum: 0, maximum: 1 })),
  }),
  Hits,
]);
export type RouteBackend = Static<typeof RouteBackend>;

/**
 * One match of a rule of an HTTPRoute. Names are `null` where requests carried the number and no node tells what it is:
 * their route is gone, or among those that did not fit a report.
 */
export const MeshRoute = Type.Intersect([
  Type.Object({
    /** The same on every node. */
    number: Type.Integer({ minimum: 1 }),
    service: Nullable(Type.String()),
    route: Nullable(Type.String()),
    rule: Nullable(Type.Integer({ minimum: 0 })),
    match: Nullable(Type.String()),
    /** Heaviest first. */
    backends: Type.Array(RouteBackend),
    /** Nodes that tell of it. */
    nodes: Type.Array(Type.String()),
    /** Requests between the workloads asked for, since the collector started; `null`: none were asked for. */
    between: Nullable(Type.Object({ requests: Count })),
  }),
  Hits,
]);
export type MeshRoute = Static<typeof MeshRoute>;

/** What a node that may run the kernel-native engine says of it. */
export const NativeNode = Type.Object({
  node: Type.String(),
  state: literals(['reporting', 'silent', 'never'] as const),
  /** Read back from the kernel. */
  engine: Nullable(literals(ENGINES)),
  /** When it told this. */
  at: Time,
  module: NativeModule,
  /** Routes with backends that it told of, and how many it has. */
  routesTold: Count,
  routesTotal: Count,
  /** Requests and connections that went on without a choice by route, most first. */
  fallbacks: Type.Array(Type.Intersect([NativeFallback, Type.Object({ perSecond: Nullable(Count) })])),
  notExpressible: Type.Array(NotExpressible),
  notExpressibleTotal: Count,
});
export type NativeNode = Static<typeof NativeNode>;

export const Routes = Type.Object({
  /** In the order of service, route and rule. */
  items: Type.Array(MeshRoute),
  next: Nullable(Type.String()),
  /** Routes that match. */
  total: Count,
  /** Nodes that match and tell of the engine, with every page. */
  nodes: Type.Array(NativeNode),
});
export type Routes = Static<typeof Routes>;
