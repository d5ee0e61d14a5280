// SPDX-License-Identifier: Apache-2.0
import type { NativeReport, NativeRoute } from '@undermesh/schema';
import { Growth } from './growth.js';

/** Rows of one node whose counters are followed at most; further ones are shown as they are told. */
const MOST_ROWS = 16_000;

/** Requests that a row took, and those of them that were refused. */
export interface HitCounts {
  readonly requests: number;
  readonly rejected: number;
  readonly limited: number;
}

/** A route with a backend as the node has it now. */
export interface NativeRow {
  readonly route: NativeRoute;
  /** Since the collector first heard of it, and what the kernel had counted then. */
  readonly total: HitCounts;
  /** Requests; `null`: too little is known. */
  perSecond(now: number): number | null;
}

/** Told counters and what they add up to: they begin anew when the kernel does. */
interface Followed {
  readonly index: number;
  told: HitCounts;
  total: HitCounts;
}

const NONE: HitCounts = { requests: 0, rejected: 0, limited: 0 };

/** What grew since a counter was told last; one that is smaller began anew. */
const grownBy = (told: number, before: number): number => (told < before ? told : told - before);

const growthOf = (told: HitCounts, before: HitCounts): HitCounts => ({
  requests: grownBy(told.requests, before.requests),
  rejected: grownBy(told.rejected, before.rejected),
  limited: grownBy(told.limited, before.limited),
});

const plus = (a: HitCounts, b: HitCounts): HitCounts => ({
  requests: a.requests + b.requests,
  rejected: a.rejected + b.rejected,
  limited: a.limited + b.limited,
});

/** A row's key on every node. */
export const rowKey = ({ number, backend }: Pick<NativeRoute, 'number' | 'backend'>): string =>
  `${number} ${backend ?? ''}`;

/** What one node tells of its kernel-native engine, and how fast its counters grow. */
export class NodeNative {
  readonly #followed = new Map<string, Followed>();
  readonly #fallbacks = new Map<string, { index: number; told: number; total: number }>();
  readonly #hits = new Growth();
  readonly #misses = new Growth();
  #report: NativeReport | null = null;
  /** When it told last, Unix ms. */
  at = 0;

  /** The newest word; `null` after {@link forget}. */
  get report(): NativeReport | null {
    return this.#report;
  }

  /** Takes a report. @param onGrowth is told by how much each row has grown. */
  take(report: NativeReport, at: number, onGrowth: (route: NativeRoute, by: HitCounts) => void): void {
    this.#report = report;
    this.at = at;
    for (const route of report.routes) {
      const one = this.#follow(route);
      if (one === undefined) continue;
      const by = growthOf(route, one.told);
      one.told = { requests: route.requests, rejected: route.rejected, limited: route.limited };
      one.total = plus(one.total, by);
      onGrowth(route, by);
    }
    for (const { reason, count } of report.fallbacks) {
      let one = this.#fallbacks.get(reason);
      if (one === undefined) {
        one = { index: this.#fallbacks.size, told: 0, total: 0 };
        this.#fallbacks.set(reason, one);
      }
      one.total += grownBy(count, one.told);
      one.told = count;
    }
    this.#hits.add(
      at,
      Float64Array.from(this.#followed.values(), ({ total }) => total.requests),
    );
    this.#misses.add(
      at,
      Float64Array.from(this.#fallbacks.values(), ({ total }) => total),
    );
  }

  /** A new run of the agent, which may be of a version that tells nothing: what was told is no longer known to be so. */
  forget(): void {
    this.#report = null;
  }

  /** The rows that the node told of last. */
  *rows(): Iterable<NativeRow> {
    for (const route of this.#report?.routes ?? []) {
      const one = this.#followed.get(rowKey(route));
      yield {
        route,
        total: one?.total ?? route,
        perSecond: (now) => (one === undefined ? null : this.#hits.perSecond(one.index, now)),
      };
    }
  }

  /** Fallbacks that there were, most first, with how often a second. */
  fallbacks(now: number): { reason: string; count: number; perSecond: number | null }[] {
    return [...this.#fallbacks]
      .map(([reason, { index, total }]) => ({
        reason,
        count: total,
        perSecond: this.#misses.perSecond(index, now),
      }))
      .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
  }

  #follow(route: NativeRoute): Followed | undefined {
    const key = rowKey(route);
    let one = this.#followed.get(key);
    if (one === undefined && this.#followed.size < MOST_ROWS) {
      one = { index: this.#followed.size, told: NONE, total: NONE };
      this.#followed.set(key, one);
    }
    return one;
  }
}
