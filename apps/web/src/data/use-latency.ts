// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Changes, Latency, LatencyConnections } from '@undermesh/schema';
import { filtersOf, type LatencyView } from '@/domain/latency/view';
import { endFor, type Pair, pairOf } from '@/domain/latency/windows';
import { type Fetched, useFetch } from './use-fetch';

const REFRESH_SECONDS = 5;
/** So many columns at most: cells stay wide enough to point at. */
const COLUMNS = 72;
const LONGEST_WINDOW = 2_678_400;

export interface LatencyData {
  /** The picture: heat map, lines, parts. */
  main: Fetched<Latency>;
  /** Window B with A to hold against; its `comparison` is what is shown. */
  compared: Fetched<Latency>;
  region: Fetched<LatencyConnections>;
  /** What changed in view, newest first. */
  changes: readonly Change[];
  /** The change that is compared around. */
  change: Change | null;
  pair: Pair | null;
  /** Epoch ms where the picture ends when that is not now. */
  until: number | null;
}

const iso = (time: number): string => new Date(time).toISOString();

/** Everything that the latency page asks for, refreshed while it is visible. */
export function useLatency(
  view: LatencyView,
  scope: { window: number; namespace: string; system: boolean },
): LatencyData {
  const { window, namespace, system } = scope;
  const filters = { ...filtersOf(view, system), namespace };
  const chosen = view.compare?.kind === 'change' ? view.compare.number : null;
  const changes = useFetch<Changes>(
    '/api/v1/changes',
    {
      source: view.from,
      destination: view.to,
      window: chosen === null ? Math.max(window, 86_400) : LONGEST_WINDOW,
    },
    { refreshSeconds: 15 },
  );
  const near = changes.data?.items.find(({ number }) => number === chosen) ?? null;
  // a link may name a change that touches other workloads
  const elsewhere = useFetch<Changes>(
    chosen !== null && changes.data !== null && near === null ? '/api/v1/changes' : null,
    { window: LONGEST_WINDOW, limit: 1000 },
  );
  const change = near ?? elsewhere.data?.items.find(({ number }) => number === chosen) ?? null;
  const changedAt = change === null ? null : Date.parse(change.time);
  // only whether the change is in view is asked of the browser's clock
  const until = changedAt === null ? null : endFor(changedAt, { now: Date.now(), windowSeconds: window });
  const main = useFetch<Latency>(
    '/api/v1/latency',
    {
      ...filters,
      window,
      columns: COLUMNS,
      split: view.split === 'none' ? undefined : view.split,
      to: until === null ? undefined : iso(until),
    },
    until === null ? { refreshSeconds: REFRESH_SECONDS } : {},
  );
  const now = until === null && main.data !== null ? Date.parse(main.data.window.to) : (main.at ?? 0);
  const pair = main.data === null ? null : pairOf(view.compare, { now, windowSeconds: window, change });
  const compared = useFetch<Latency>(
    pair === null ? null : '/api/v1/latency',
    pair === null
      ? {}
      : {
          ...filters,
          window: Math.round((pair.b.to - pair.b.from) / 1000),
          to: iso(pair.b.to),
          compareFrom: iso(pair.a.from),
          compareTo: iso(pair.a.to),
          columns: 1,
        },
  );
  const { brush } = view;
  const region = useFetch<LatencyConnections>(
    brush === null ? null : '/api/v1/latency/connections',
    brush === null
      ? {}
      : {
          ...filtersOf(view, system),
          from: iso(brush.from),
          to: iso(brush.to),
          minUs: brush.minUs,
          maxUs: brush.maxUs,
          limit: 50,
        },
  );
  return { main, compared, region, changes: changes.data?.items ?? [], change, pair, until };
}
