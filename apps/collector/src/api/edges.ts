// SPDX-License-Identifier: Apache-2.0
import type { Edges, EdgesQuery } from '@undermesh/schema';
import type { Verdict } from '../aggregate/health.js';
import type { MeshView } from '../aggregate/mesh-view.js';
import { isNamed } from '../aggregate/named.js';
import { seriesOf, stepsOf } from '../aggregate/series.js';
import type { EdgeSummary } from '../aggregate/summary.js';
import { TrafficSum, trafficOf } from '../aggregate/traffic.js';
import { cursorOffset, offsetCursor } from './offset-cursor.js';
import { viewQueryOf } from './view-query.js';

const SEVERITY = { failing: 3, warning: 2, unknown: 1, ok: 0 } as const;

/** The answer of GET /edges: a page of edges, and the sum over all that match. */
export function edgesAnswer(view: MeshView, query: EdgesQuery, now: number): Edges {
  const viewQuery = viewQueryOf(query);
  const matches = (edge: EdgeSummary): boolean =>
    isNamed(query.source, edge.source) && isNamed(query.destination, edge.destination);
  const summary = view.summary(viewQuery, now);
  const verdict = view.verdicts(viewQuery, now);
  const order = query.order === 'busiest' ? busiestFirst : worstFirst(verdict);
  const matching = [...summary.edges.values()].filter(matches);
  const told = viewQuery.legs === true ? new Set<EdgeSummary>() : view.toldLegs(summary, verdict);
  const all = matching.filter((edge) => !told.has(edge)).sort(order);
  const start = cursorOffset(query.cursor);
  const limit = query.limit ?? 100;
  const page = all.slice(start, start + limit);
  summary.addSamples(matches);
  const total = new TrafficSum();
  for (const edge of matching) {
    total.addOnce(edge.sum);
    total.addSamplesOnce(edge.sum);
  }
  const bounds = view.bounds(viewQuery, now);
  const window = view.window(viewQuery, now);
  const series =
    query.series === true
      ? seriesOf({
          steps: stepsOf(
            { from: bounds.to - viewQuery.windowSeconds * 1000, to: bounds.to },
            window.resolutionSeconds * 1000,
          ),
          isKnown: (of) => view.isKnown(of),
          summaryAt: (from, to) => view.summaryBetween(viewQuery, { from, to }),
          wanted: new Set(page.map((edge) => edge.id)),
          matches,
          openNow: (id) => (id === null ? total.open : (summary.edges.get(id)?.sum.open ?? 0)),
        })
      : null;
  return {
    items: page.map((edge) => {
      const item = view.edge(edge, verdict);
      const own = series?.edges.get(edge.id);
      return own === undefined ? item : { ...item, series: own };
    }),
    next: start + limit < all.length ? offsetCursor(start + limit) : null,
    window,
    total: trafficOf(total),
    hiddenLegs: matching.length - all.length,
    totalSeries: series?.total ?? null,
    missingNodes: view.silentNodes,
  };
}

const volume = ({ sum }: EdgeSummary): number => sum.opened + sum.failures + sum.open || sum.requests.total;
const busiestFirst = (a: EdgeSummary, b: EdgeSummary): number =>
  volume(b) - volume(a) || (a.id < b.id ? -1 : 1);

const worstFirst =
  (verdict: (id: string) => Verdict | undefined) =>
  (a: EdgeSummary, b: EdgeSummary): number => {
    const bySeverity = SEVERITY[verdict(b.id)?.health ?? 'ok'] - SEVERITY[verdict(a.id)?.health ?? 'ok'];
    const share = (edge: EdgeSummary): number =>
      (edge.sum.failures + edge.sum.broken) / Math.max(1, edge.sum.failures + edge.sum.opened);
    return bySeverity || share(b) - share(a) || busiestFirst(a, b);
  };
