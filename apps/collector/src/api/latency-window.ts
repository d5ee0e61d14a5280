// SPDX-License-Identifier: Apache-2.0
import { FAILURE_REASONS, type LatencyMeasure, type LatencySplit, STATUS_CLASSES } from '@undermesh/schema';
import type { Aggregator } from '../aggregate/aggregator.js';
import { Bins } from '../aggregate/bins.js';
import { Cells, COUNTERS, Counter, Distribution, type Side, TIMED_CLASSES } from '../aggregate/cells.js';
import { totalOf } from '../aggregate/histogram.js';
import type { HistogramWindow } from '../aggregate/histogram-windows.js';
import type { Placements } from '../aggregate/placements.js';
import { RequestSum } from '../aggregate/requests.js';
import type { CellsPart } from '../aggregate/sealed-cells.js';
import { Sample, sampleOf, sideTaken, sumOfRow, TrafficSum } from '../aggregate/traffic.js';

/** What of the mesh a latency is asked for. */
export interface LatencyFilter {
  readonly measure: LatencyMeasure;
  /** By edge number. */
  readonly wants: (edge: number) => boolean;
  /** Nodes of the reporting end; `null`: all. */
  readonly nodes: ReadonlySet<string> | null;
  /** Indexes into {@link TIMED_CLASSES}; for requests only. */
  readonly classes: readonly number[];
  /** `null`: the source where it reported, else the destination. */
  readonly reporter: Side | null;
  readonly split: LatencySplit;
}

/** Everything known of one step of a window. */
export class LatencyStep {
  readonly bins = new Bins();
  readonly parts = new Map<string, Bins>();
  readonly roundTrips = new Bins();
  /** All requests, whatever was measured of them. */
  readonly requests = new RequestSum();
  opened = 0;
  failed = 0;

  part(key: string): Bins {
    let bins = this.parts.get(key);
    if (bins === undefined) {
      bins = new Bins();
      this.parts.set(key, bins);
    }
    return bins;
  }
}

/** A window cut into steps. */
export interface LatencyWindow {
  readonly steps: readonly LatencyStep[];
  /** All traffic of the edges asked for, with its samples. */
  readonly traffic: TrafficSum;
  /** Samples by the end that reported them. */
  readonly samples: readonly [number, number];
}

/** An edge that a query asks for. */
interface Scope {
  readonly nodes: readonly [string, string];
  /** Whose word counts for connections and for requests, and whose samples are taken: one for the whole window. */
  readonly side: Side;
  readonly requestSide: Side;
  readonly taken: Side | null;
}

/** Counters that are told of each step. */
const COUNTED: readonly number[] = [
  Counter.opened,
  ...FAILURE_REASONS.map((_, at) => Counter.failed + at),
  ...STATUS_CLASSES.map((_, at) => Counter.status + at),
  Counter.timed,
  Counter.firstByteUs,
  Counter.timedRoundTripUs,
  Counter.segments,
  Counter.retransmits,
].flatMap((counter) => [counter, COUNTERS + counter]);

/** Reads latencies from the timeline's buckets, as they are: nothing is added up that was not asked for. */
export class LatencyReader {
  readonly #aggregator: Aggregator;
  readonly #placements: Placements;

  constructor(aggregator: Aggregator, placements: Placements) {
    this.#aggregator = aggregator;
    this.#placements = placements;
  }

  /** Cuts a stretch (Unix ms) into so many equal steps. `open`: what is open now belongs to it. */
  read(
    stretch: { from: number; to: number; steps: number; open?: boolean },
    filter: LatencyFilter,
  ): LatencyWindow {
    const traffic = new TrafficSum();
    const scopes = this.#scopes(stretch, { filter, traffic });
    const steps = Array.from({ length: stretch.steps }, () => new LatencyStep());
    const samples: [number, number] = [0, 0];
    const isWanted = wantedDistributions(filter);
    let counted = { step: 0, cells: new Cells() };
    this.#aggregator.timeline.columns(stretch, (step, part) => {
      if (step !== counted.step) {
        takeCounters(steps[counted.step], counted.cells);
        counted = { step, cells: new Cells() };
      }
      const to = steps[step];
      if (to === undefined) return;
      const rows: (Scope | undefined)[] = [];
      for (let row = 0; row < part.count; row++) {
        const scope = scopes[part.edge(row)];
        rows.push(scope);
        if (scope !== undefined) addCounters(counted.cells, part, row);
      }
      eachWindow(part, rows, (scope, distribution, window) => {
        const which = distribution >>> 1;
        const side = distribution & 1;
        const isHttp = which >= Distribution.firstByteUs;
        if (side === (isHttp ? scope.requestSide : scope.side)) traffic.addWindow(sampleOf(which), window);
        if (side === scope.taken) {
          if (which === Distribution.roundTripUs) to.roundTrips.addWindow(window);
          if (isWanted[which] === true) {
            to.bins.addWindow(window);
            samples[scope.taken] += totalOf(window);
            if (filter.split === 'node') to.part(scope.nodes[scope.taken]).addWindow(window);
            if (filter.split === 'status' && isHttp) to.part(classOf(which)).addWindow(window);
          }
        }
        if (filter.split === 'time' && sampleOf(which) === Sample.firstByteUs) {
          to.part(side === 0 ? 'total' : 'application').addWindow(window);
        }
      });
    });
    takeCounters(steps[counted.step], counted.cells);
    return { steps, traffic, samples };
  }

  /** The edges asked for, by number; their figures over the whole stretch are added to `traffic`. */
  #scopes(
    stretch: { from: number; to: number; open?: boolean },
    of: { filter: LatencyFilter; traffic: TrafficSum },
  ): Scope[] {
    const { edges, timeline } = this.#aggregator;
    const cells = timeline.sum({ ...stretch, histograms: false });
    const scopes: Scope[] = [];
    for (let row = 0; row < cells.count; row++) {
      const edge = cells.edge(row);
      if (!of.filter.wants(edge)) continue;
      const open =
        stretch.open === true ? ([edges.open(edge, 0), edges.open(edge, 1)] as const) : NOTHING_OPEN;
      const sum = sumOfRow(cells, row, open);
      const scope = this.#scopeOf(edge, of.filter, sum);
      if (scope === null) continue;
      scopes[edge] = scope;
      of.traffic.add(sum);
    }
    return scopes;
  }

  #scopeOf(edge: number, filter: LatencyFilter, sum: TrafficSum): Scope | null {
    const { edges } = this.#aggregator;
    const nodeOf = (placement: number): string =>
      this.#placements.nodeName(this.#placements.nodeOf(placement));
    const nodes = [nodeOf(edges.source(edge)), nodeOf(edges.destination(edge))] as const;
    const isAllowed = (side: Side): boolean =>
      (filter.nodes === null || filter.nodes.has(nodes[side])) &&
      (filter.reporter === null || filter.reporter === side);
    if (filter.nodes !== null && !filter.nodes.has(nodes[0]) && !filter.nodes.has(nodes[1])) return null;
    const side = sideTaken(sum.sides);
    const requestSide: Side = sum.requests.seenBy === 'source' ? 0 : 1;
    const first = isOfRequests(filter.measure) ? requestSide : side;
    const other: Side = first === 0 ? 1 : 0;
    const taken = isAllowed(first) ? first : isAllowed(other) ? other : null;
    return { nodes, side, requestSide, taken };
  }
}

const NOTHING_OPEN = [0, 0] as const;

const isOfRequests = (measure: LatencyMeasure): boolean =>
  measure === 'first_byte' || measure === 'last_byte';

/** Calls back for the samples of the rows asked for: of these alone where they are few, otherwise in one go. */
function eachWindow(
  part: CellsPart,
  rows: readonly (Scope | undefined)[],
  visit: (scope: Scope, distribution: number, window: HistogramWindow) => void,
): void {
  const wanted = rows.reduce((count, scope) => (scope === undefined ? count : count + 1), 0);
  if (wanted * FEW > rows.length) {
    part.forEachWindow((row, distribution, window) => {
      const scope = rows[row];
      if (scope !== undefined) visit(scope, distribution, window);
    });
    return;
  }
  for (const [row, scope] of rows.entries()) {
    if (scope === undefined) continue;
    for (let distribution = 0; distribution < ALL_DISTRIBUTIONS; distribution++) {
      const window = part.window(row, distribution);
      if (window !== undefined) visit(scope, distribution, window);
    }
  }
}

/** Rows are looked up one by one when fewer than one in so many is asked for. */
const FEW = 8;
const ALL_DISTRIBUTIONS = (Distribution.lastByteUs + TIMED_CLASSES.length) * 2;

/** By distribution. */
function wantedDistributions(filter: LatencyFilter): boolean[] {
  const wanted: boolean[] = [];
  for (const distribution of distributionsOf(filter)) wanted[distribution] = true;
  return wanted;
}

/** Histograms that a measure is made of. */
function distributionsOf({ measure, classes }: LatencyFilter): number[] {
  switch (measure) {
    case 'first_byte':
      return classes.map((at) => Distribution.firstByteUs + at);
    case 'last_byte':
      return classes.map((at) => Distribution.lastByteUs + at);
    case 'connect':
      return [Distribution.connectUs];
    case 'round_trip':
      return [Distribution.roundTripUs];
    case 'lifetime':
      return [Distribution.lifetimeUs];
  }
}

const classOf = (distribution: number): string =>
  TIMED_CLASSES[(distribution - Distribution.firstByteUs) % TIMED_CLASSES.length] ?? 'none';

function addCounters(cells: Cells, part: CellsPart, row: number): void {
  let to = -1;
  for (const counter of COUNTED) {
    const value = part.get(row, counter);
    if (value === 0) continue;
    if (to < 0) to = cells.row(part.edge(row));
    cells.add(to, counter, value);
  }
}

/** What both ends of an edge say is compared only once all that a step has of it is there. */
function takeCounters(step: LatencyStep | undefined, cells: Cells): void {
  if (step === undefined) return;
  for (let row = 0; row < cells.count; row++) {
    const at = (side: Side, counter: number): number =>
      Math.max(0, cells.get(row, side * COUNTERS + counter));
    step.requests.take(at);
    const failures = (side: Side): number =>
      FAILURE_REASONS.reduce((sum, _, reason) => sum + at(side, Counter.failed + reason), 0);
    const side: Side = at(0, Counter.opened) + failures(0) > 0 ? 0 : 1;
    step.opened += at(side, Counter.opened);
    step.failed += failures(side);
  }
}
