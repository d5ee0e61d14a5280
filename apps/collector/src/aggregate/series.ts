// SPDX-License-Identifier: Apache-2.0
import type { Series } from '@undermesh/schema';
import { toTime } from './mesh-view.js';
import type { EdgeSummary, Summary } from './summary.js';
import type { Stretch } from './tiers.js';
import { TrafficSum } from './traffic.js';

/** Points of a series at most. */
const MOST_POINTS = 180;

/** Evenly spaced steps that cover a window, on bucket borders. */
export interface Steps {
  readonly from: number;
  readonly stepMs: number;
  readonly count: number;
}

/** Steps for a window: as fine as its buckets (`finest`, ms), coarser where that would be too many points. */
export function stepsOf(window: { from: number; to: number }, finest: number): Steps {
  const wanted = (window.to - window.from) / MOST_POINTS;
  const stepMs = finest * Math.max(1, Math.ceil(wanted / finest));
  const from = Math.floor(window.from / stepMs) * stepMs;
  return { from, stepMs, count: Math.max(1, Math.ceil((window.to - from) / stepMs)) };
}

const emptySeries = (steps: Steps): Series => {
  const nothing = (): (number | null)[] => Array<number | null>(steps.count).fill(null);
  return {
    from: toTime(steps.from),
    stepSeconds: steps.stepMs / 1000,
    opened: nothing(),
    closed: nothing(),
    failed: nothing(),
    open: nothing(),
    sentBytes: nothing(),
    receivedBytes: nothing(),
    requests: nothing(),
    requestErrors: nothing(),
  };
};

/**
 * Series of each edge asked for, and of all that pass `matches` together. Steps that nobody reported of
 * are `null`. What was open is reckoned back from what is open now.
 */
export function seriesOf(of: {
  readonly steps: Steps;
  readonly isKnown: (of: Stretch) => boolean;
  readonly summaryAt: (from: number, to: number) => Summary;
  readonly wanted: ReadonlySet<string>;
  readonly matches: (edge: EdgeSummary) => boolean;
  readonly openNow: (id: string | null) => number;
}): { total: Series; edges: Map<string, Series> } {
  const { steps } = of;
  const edges = new Map([...of.wanted].map((id) => [id, emptySeries(steps)]));
  const total = emptySeries(steps);
  for (let step = 0; step < steps.count; step++) {
    const from = steps.from + step * steps.stepMs;
    if (!of.isKnown({ from, to: from + steps.stepMs })) continue;
    for (const series of [total, ...edges.values()]) zero(series, step);
    const sum = new TrafficSum();
    for (const edge of of.summaryAt(from, from + steps.stepMs).edges.values()) {
      if (!of.matches(edge)) continue;
      sum.addOnce(edge.sum);
      const own = edges.get(edge.id);
      if (own !== undefined) add(own, step, edge.sum);
    }
    add(total, step, sum);
  }
  reckonOpen(total, of.openNow(null));
  for (const [id, series] of edges) reckonOpen(series, of.openNow(id));
  return { total, edges };
}

const COUNTED = [
  'opened',
  'closed',
  'failed',
  'sentBytes',
  'receivedBytes',
  'requests',
  'requestErrors',
] as const;

function zero(series: Series, step: number): void {
  for (const name of COUNTED) series[name][step] = 0;
}

function add(series: Series, step: number, sum: TrafficSum): void {
  const plus = (name: (typeof COUNTED)[number], amount: number): void => {
    series[name][step] = (series[name][step] ?? 0) + amount;
  };
  plus('opened', sum.opened);
  plus('closed', sum.closed);
  plus('failed', sum.failures);
  plus('sentBytes', sum.sent);
  plus('receivedBytes', sum.received);
  // Of a leg's requests, more may be joined in a step than it was told of in it.
  plus('requests', Math.max(0, sum.requests.total));
  plus('requestErrors', Math.max(0, sum.requests.errors));
}

function reckonOpen(series: Series, openNow: number): void {
  let open = openNow;
  for (let step = series.open.length - 1; step >= 0; step--) {
    const opened = series.opened[step];
    const closed = series.closed[step];
    if (opened === null || opened === undefined || closed === null || closed === undefined) continue;
    series.open[step] = Math.max(0, open);
    open += closed - opened;
  }
}
