// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { ReportedCount as Count, Nullable } from './shape.js';

/**
 * The kernel-native engine as a node tells of it: its module, the routes that the kernel chooses by and how often it took
 * each, what went on without a choice, and what it cannot choose by at all.
 */

/** `namespace/name`. */
const Key = Type.String({ minLength: 1, maxLength: 512 });

/** The kernel module, as the kernel says it is. */
export const NativeModule = Type.Object({
  loaded: Type.Boolean(),
  /** Of the loaded module; `null`: none is. */
  version: Nullable(Type.String({ maxLength: 64 })),
  /** In plain words, why it cannot serve: what is wrong and what to do. */
  problem: Nullable(Type.String({ maxLength: 1024 })),
});
export type NativeModule = Static<typeof NativeModule>;

/**
 * One match of a route's rule and one of its backends, with what the kernel did by it on this node. Counters grow until
 * the kernel forgets them, and then begin at 0. `number` and `backend` together are there once.
 */
export const NativeRoute = Type.Object({
  /** The same on every node: what request samples carry. Never 0: that is no route. */
  number: Type.Integer({ minimum: 1, maximum: 0xffffffff }),
  /** Whose requests it is asked for: the parent of the route, a service or a waypoint in front of several. */
  service: Key,
  /** The HTTPRoute. */
  route: Key,
  /** Of the route's rules, from 0. */
  rule: Type.Integer({ minimum: 0, maximum: 65_535 }),
  /** What it takes, in words: `GET /api/*, header x-canary = yes`. Cut where it is longer. */
  match: Type.String({ maxLength: 512 }),
  /** `namespace/name:port`; `null`: it has none, and refuses all that it takes. */
  backend: Nullable(Type.String({ minLength: 1, maxLength: 520 })),
  /** As the route has it; shares are over the backends of the same number. */
  weight: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
  /** Requests that it took, refused ones among them. */
  requests: Count,
  /** Refused: there was no backend, or none of its endpoints could be taken. */
  rejected: Count,
  /** Refused by the route's rate limit. */
  limited: Count,
});
export type NativeRoute = Static<typeof NativeRoute>;

/** A service whose routes the kernel cannot choose by, and why. */
export const NotExpressible = Type.Object({ service: Key, reason: Type.String({ maxLength: 512 }) });
export type NotExpressible = Static<typeof NotExpressible>;

/** Requests and connections that went on without a choice by route. */
export const NativeFallback = Type.Object({
  /** A counter of the module, such as `grace`, or what the engine says, such as `not_http`. */
  reason: Type.String({ pattern: '^[a-z0-9_]{1,64}$' }),
  count: Count,
});
export type NativeFallback = Static<typeof NativeFallback>;

/** Rows of {@link NativeReport} at most; the totals say how many there are. */
export const NATIVE_LIMITS = { routes: 1000, fallbacks: 64, notExpressible: 256 } as const;

/**
 * Member `native` of a report, on nodes that may run the engine. It may be left out of reports in which nothing would be
 * new: the latest one counts. Hits are told at most every {@link NATIVE_REPORT_SECONDS}.
 */
export const NativeReport = Type.Object({
  module: NativeModule,
  /** Those with most requests where there are too many, see {@link boundRoutes}. */
  routes: Type.Array(NativeRoute, { maxItems: NATIVE_LIMITS.routes }),
  routesTotal: Count,
  fallbacks: Type.Array(NativeFallback, { maxItems: NATIVE_LIMITS.fallbacks }),
  notExpressible: Type.Array(NotExpressible, { maxItems: NATIVE_LIMITS.notExpressible }),
  notExpressibleTotal: Count,
});
export type NativeReport = Static<typeof NativeReport>;

/** How often an agent tells its hits while they grow. */
export const NATIVE_REPORT_SECONDS = 5;
/** Of a report's payload, what routes may take. */
const ROUTES_BYTES = 160 * 1024;

/** The routes that fit a report, busiest first and equals by number and backend, with how many there are. */
export function boundRoutes(routes: readonly NativeRoute[]): Pick<NativeReport, 'routes' | 'routesTotal'> {
  const busiest = [...routes].sort(
    (a, b) =>
      b.requests - a.requests || a.number - b.number || ((a.backend ?? '') < (b.backend ?? '') ? -1 : 1),
  );
  const told: NativeRoute[] = [];
  let bytes = 0;
  for (const route of busiest.slice(0, NATIVE_LIMITS.routes)) {
    bytes += Buffer.byteLength(JSON.stringify(route)) + 1;
    if (bytes > ROUTES_BYTES) break;
    told.push(route);
  }
  return { routes: told, routesTotal: routes.length };
}
