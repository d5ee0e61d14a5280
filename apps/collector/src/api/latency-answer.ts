// SPDX-License-Identifier: Apache-2.0
import {
  type Comparison,
  type Latency,
  type LatencyQuery,
  STATUS_CLASSES,
  type Window,
} from '@undermesh/schema';
import type { Aggregator } from '../aggregate/aggregator.js';
import { Bins } from '../aggregate/bins.js';
import { type Side, TIMED_CLASSES } from '../aggregate/cells.js';
import type { Grouping } from '../aggregate/grouping.js';
import { RELATIVE_ERROR } from '../aggregate/histogram.js';
import { type MeshView, toTime } from '../aggregate/mesh-view.js';
import { isNamed } from '../aggregate/named.js';
import type { Placements } from '../aggregate/placements.js';
import { TimeSum } from '../aggregate/time-split.js';
import { splitOf, trafficOf } from '../aggregate/traffic.js';
import { CollectorError } from '../errors.js';
import { differencesOf, verdictOf } from './latency-comparison.js';
import { distributionOf, heatOf, type LatencySteps, linesOf } from './latency-figures.js';
import { type LatencyFilter, LatencyReader, type LatencyStep } from './latency-window.js';
import { viewQueryOf } from './view-query.js';

const DEFAULT_COLUMNS = 120;
/** Lengths of a step, s: each a multiple of the buckets that are kept for as long as it needs. */
const STEP_SECONDS = [
  10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
] as const;
/** Steps that a compared window is cut into at most. */
const MOST_BLOCKS = 360;

/** What an answer is made from. */
export interface LatencyParts {
  readonly view: MeshView;
  readonly aggregator: Aggregator;
  readonly placements: Placements;
  readonly grouping: Grouping;
}

/** The answer of GET /latency: all of it out of the timeline's buckets. Throws CollectorError `request_invalid`. */
export function latencyAnswer(parts: LatencyParts, query: LatencyQuery, now: number): Latency {
  const { view, aggregator, placements } = parts;
  const viewQuery = viewQueryOf(query);
  const filter = filterOf(parts, query);
  const reader = new LatencyReader(aggregator, placements);
  const bounds = view.bounds(viewQuery, now);
  const wanted = { from: bounds.to - viewQuery.windowSeconds * 1000, to: bounds.to };
  const steps = stepsOf(wanted, {
    most: query.columns ?? DEFAULT_COLUMNS,
    finestMs: aggregator.timeline.read.resolutionMs({ from: bounds.from, to: bounds.to }, now),
    isKnown: (of) => view.isKnown(of),
  });
  const stretch = { from: steps.from, to: steps.from + steps.count * steps.stepMs };
  const read = reader.read({ ...stretch, steps: steps.count, open: bounds.live }, filter);
  const bins = read.steps.map((step) => step.bins);
  const { traffic } = read;
  const splits = read.steps.map(({ requests }) => requests.time.split(null));
  return {
    window: view.window(viewQuery, now),
    measure: filter.measure,
    reporter: read.samples[0] >= read.samples[1] ? 'source' : 'destination',
    relativeError: RELATIVE_ERROR,
    heat: heatOf(steps, bins),
    lines: linesOf(steps, bins),
    distribution: distributionOf(sumOf(bins)),
    parts: partsOf(steps, read.steps),
    time: {
      total: splitOf(traffic),
      networkUs: splits.map((split) => split?.networkUs ?? null),
      applicationUs: splits.map((split) => split?.applicationUs ?? null),
      localUs: splits.map((split) => split?.localUs ?? null),
    },
    traffic: trafficOf(traffic),
    comparison: comparisonOf({ reader, view, filter, aggregator }, { query, wanted, now }),
    missingNodes: view.silentNodes,
  };
}

function filterOf({ aggregator, placements, grouping }: LatencyParts, query: LatencyQuery): LatencyFilter {
  const { edges } = aggregator;
  const level = query.level ?? 'service';
  const namespaces = listOf(query.namespace);
  const nodes = listOf(query.node);
  const measure = query.measure ?? 'first_byte';
  const wants = (edge: number): boolean => {
    // Requests through a waypoint are timed on its legs; only between a client and a server is their joined edge meant.
    if (edges.via(edge) !== 0 && (query.source === undefined || query.destination === undefined))
      return false;
    const [from, to] = [edges.source(edge), edges.destination(edge)];
    const source = placements.get(placements.workloadOf(from));
    const destination = placements.get(placements.workloadOf(to));
    if (source === undefined || destination === undefined) return false;
    if (query.system !== true && (source.system || destination.system)) return false;
    if (namespaces.size > 0 && !namespaces.has(source.namespace) && !namespaces.has(destination.namespace)) {
      return false;
    }
    return (
      isNamed(query.source, grouping.group(level, from)) &&
      isNamed(query.destination, grouping.group(level, to))
    );
  };
  return {
    measure,
    wants,
    nodes: nodes.size === 0 ? null : nodes,
    classes: classesOf(query),
    reporter: query.reporter === undefined ? null : query.reporter === 'source' ? 0 : (1 satisfies Side),
    split: query.split ?? 'none',
  };
}

function classesOf({ status, measure }: LatencyQuery): number[] {
  const wanted = listOf(status);
  if (wanted.size === 0) return TIMED_CLASSES.map((_, at) => at);
  if (measure !== undefined && measure !== 'first_byte' && measure !== 'last_byte') {
    throw new CollectorError('request_invalid', `status goes with HTTP measures only, not with ${measure}.`);
  }
  for (const name of wanted) {
    if ((STATUS_CLASSES as readonly string[]).includes(name)) continue;
    throw new CollectorError('request_invalid', `status is a list of ${STATUS_CLASSES.join(', ')}.`);
  }
  return TIMED_CLASSES.flatMap((name, at) => (wanted.has(name) ? [at] : []));
}

const listOf = (text: string | undefined): ReadonlySet<string> =>
  new Set((text ?? '').split(',').filter((one) => one !== ''));

function stepsOf(
  { from, to }: { from: number; to: number },
  of: Pick<LatencySteps, 'isKnown'> & { most: number; finestMs: number },
): LatencySteps {
  const fits = (stepMs: number): boolean =>
    stepMs >= of.finestMs && Math.ceil(to / stepMs) - Math.floor(from / stepMs) <= of.most + 1;
  const lengths = STEP_SECONDS.map((seconds) => seconds * 1000);
  const stepMs = lengths.find(fits) ?? Math.ceil((to - from) / of.most / 86_400_000) * 86_400_000;
  const start = Math.floor(from / stepMs) * stepMs;
  // One more than asked for where the window begins within a step.
  const count = Math.max(1, Math.min(of.most, Math.ceil((to - start) / stepMs)));
  const end = Math.ceil(to / stepMs) * stepMs;
  return { from: Math.max(start, end - count * stepMs), stepMs, count, isKnown: of.isKnown };
}

function sumOf(all: readonly Bins[]): Bins {
  const sum = new Bins();
  for (const bins of all) sum.addWindow(bins);
  return sum;
}

function partsOf(steps: LatencySteps, read: readonly LatencyStep[]): Latency['parts'] {
  const keys = new Set(read.flatMap(({ parts }) => [...parts.keys()]));
  return [...keys].sort().map((key) => {
    const bins = read.map(({ parts }) => parts.get(key));
    return {
      key,
      distribution: distributionOf(sumOf(bins.filter((one) => one !== undefined))),
      lines: linesOf(steps, bins),
    };
  });
}

/** Both windows read and set against each other; `null` when no second one is asked for. */
function comparisonOf(
  by: { reader: LatencyReader; view: MeshView; filter: LatencyFilter; aggregator: Aggregator },
  of: { query: LatencyQuery; wanted: { from: number; to: number }; now: number },
): Comparison | null {
  const { compareFrom, compareTo } = of.query;
  if (compareFrom === undefined && compareTo === undefined) return null;
  const [from, to] = [Date.parse(compareFrom ?? ''), Date.parse(compareTo ?? '')];
  if (Number.isNaN(from) || Number.isNaN(to) || from >= to) {
    throw new CollectorError(
      'request_invalid',
      'compareFrom and compareTo are given together, as times in RFC 3339, the earlier one first.',
    );
  }
  const other = { from, to };
  const [a, b] = from < of.wanted.from ? [other, of.wanted] : [of.wanted, other];
  if (a.to > b.from) {
    throw new CollectorError(
      'request_invalid',
      'The two windows overlap: choose them apart from each other.',
    );
  }
  const read = (stretch: { from: number; to: number }) => {
    // Whole buckets within the window only: those on its borders hold what happened on the other side too.
    const resolution = by.aggregator.timeline.read.resolutionMs(stretch, of.now);
    const start = Math.ceil(stretch.from / resolution) * resolution;
    const length = Math.max(1, Math.ceil((stretch.to - start) / MOST_BLOCKS / resolution)) * resolution;
    const steps = Math.max(1, Math.floor((stretch.to - start) / length));
    const end = start + steps * length;
    const blocks = by.reader.steps({ from: start, to: end, steps }, by.filter);
    const time = new TimeSum();
    for (const { requests } of blocks) time.add(requests.time);
    const window: Window = {
      from: toTime(start),
      to: toTime(end),
      seconds: (end - start) / 1000,
      resolutionSeconds: resolution / 1000,
    };
    return {
      compared: { blocks, blockSeconds: length / 1000 },
      shown: {
        window,
        distribution: distributionOf(sumOf(blocks.map(({ bins }) => bins))),
        split: time.split(null),
      },
    };
  };
  const [earlier, later] = [read(a), read(b)];
  const differences = differencesOf(earlier.compared, later.compared);
  return { a: earlier.shown, b: later.shown, differences, verdict: verdictOf(differences) };
}
