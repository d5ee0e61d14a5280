// SPDX-License-Identifier: Apache-2.0
import type { MeshTotalsValue } from '@undermesh/bpf-abi';
import type { Mesh } from '@undermesh/mesh';
import {
  boundRoutes,
  NATIVE_LIMITS,
  NATIVE_REPORT_SECONDS,
  type NativeFallback,
  type NativeReport,
  type NotExpressible,
} from '@undermesh/schema';
import type { RouteHits } from '../kernel/index.js';
import { withHits } from './route-hits.js';
import { routeRows } from './route-rows.js';

/** What the reporter looks at. */
export interface NativeSources {
  /** The module, and why the engine cannot run here; `null`: it can. */
  readonly module: () => NativeReport['module'];
  /** Counters of the module by name. */
  readonly counters: () => ReadonlyMap<string, number>;
  /** What the engine's programs have counted. */
  readonly totals: () => MeshTotalsValue;
  readonly hits: () => RouteHits[];
  readonly mesh: () => Mesh | null;
  readonly notExpressible: () => readonly NotExpressible[];
}

/** Hits of a route over all its matches and backends; `requests` are all that it took. */
export interface RouteTotals {
  /** `namespace/name` */
  readonly route: string;
  readonly requests: number;
  readonly rejected: number;
  readonly limited: number;
}

/** What there is of the engine now. */
export interface NativeSnapshot {
  readonly module: NativeReport['module'];
  readonly counters: ReadonlyMap<string, number>;
  readonly routes: readonly RouteTotals[];
}

/** Counters of the module that tell of what goes as it should, and its gauges. */
const NO_FALLBACKS: ReadonlySet<string> = new Set([
  'deferred',
  'requests',
  'routed',
  'rejected',
  'moved',
  'abandoned',
  'stays_shut_down',
  'stays_ended',
  'deferrals',
  'routers',
  'operations',
]);
/** What the engine's programs count that the module does not hear of, by the names of their counters. */
const OF_ENGINE = {
  defer_refused: 'deferRefused',
  route_missed: 'routeMissed',
  refused_too_many: 'refusedTooMany',
} as const satisfies Record<string, keyof MeshTotalsValue>;
const REASON_MAX = 512;

/** Member `native` of reports: at once when what there is changes, every few seconds while only hits grow. */
export class NativeReporter {
  readonly #sources: NativeSources;
  #welcomes = -1;
  #standing = '';
  #rows: readonly unknown[] = [];
  #nextMs = 0;

  constructor(sources: NativeSources) {
    this.#sources = sources;
  }

  /** For a scrape. Throws BpfError. */
  snapshot(): NativeSnapshot {
    const { module, counters, hits, mesh } = this.#sources;
    const current = mesh();
    const totals = new Map<string, { requests: number; rejected: number; limited: number }>();
    for (const row of withHits(current === null ? [] : routeRows(current), hits())) {
      const sum = totals.get(row.route) ?? { requests: 0, rejected: 0, limited: 0 };
      for (const name of ['requests', 'rejected', 'limited'] as const) sum[name] += row[name];
      totals.set(row.route, sum);
    }
    const routes = [...totals].map(([route, sum]) => ({ route, ...sum }));
    return { module: module(), counters: counters(), routes };
  }

  /** Who reads this knows it from then on; `undefined`: nothing would be new to a collector that was welcomed so often. */
  next(welcomes: number, nowMs: number): NativeReport | undefined {
    const { module, notExpressible, mesh, counters, totals } = this.#sources;
    const [state, refused, current] = [module(), notExpressible(), mesh()];
    const rows = current === null ? [] : routeRows(current);
    const standing = JSON.stringify([state, refused]);
    const isNew = welcomes !== this.#welcomes || standing !== this.#standing || rows !== this.#rows;
    if (!isNew && nowMs < this.#nextMs) return undefined;
    this.#welcomes = welcomes;
    this.#standing = standing;
    this.#rows = rows;
    this.#nextMs = nowMs + NATIVE_REPORT_SECONDS * 1000;
    return {
      module: state,
      ...boundRoutes(withHits(rows, this.#sources.hits())),
      fallbacks: fallbacksOf(counters(), totals()),
      notExpressible: refused
        .slice(0, NATIVE_LIMITS.notExpressible)
        .map(({ service, reason }) => ({ service, reason: reason.slice(0, REASON_MAX) })),
      notExpressibleTotal: refused.length,
    };
  }
}

/** Those that were counted, by the names that the engine and the module have for them. */
function fallbacksOf(counters: ReadonlyMap<string, number>, totals: MeshTotalsValue): NativeFallback[] {
  const ofEngine = Object.entries(OF_ENGINE).map(([reason, name]) => [reason, Number(totals[name])] as const);
  return [...ofEngine, ...counters]
    .filter(([reason, count]) => count > 0 && !NO_FALLBACKS.has(reason))
    .slice(0, NATIVE_LIMITS.fallbacks)
    .map(([reason, count]) => ({ reason, count }));
}
