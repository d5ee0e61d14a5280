// SPDX-License-Identifier: Apache-2.0
import { FAILURE_REASONS, type LatencyMeasure, type LatencySplit, STATUS_CLASSES } from '@undermesh/schema';
import type { Aggregator } from '../aggregate/aggregator.js';
import { Bins } from '../aggregate/bins.js';
import { Cells, COUNTERS, Counter, Distribution, type Side, TIMED_CLASSES } from '../aggregate/cells.js';
import type { Placements } from '../aggregate/placements.js';
import type { CellsPart } from '../aggregate/sealed-cells.js';
import { TimeSum } from '../aggregate/time-split.js';
import { sampleOf, sumOfRow, TrafficSum } from '../aggregate/traffic.js';

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
  readonly time = new TimeSum();
  requests = 0;
  /** Server errors and requests without an answer. */
  requestErrors = 0;
  opened = 0;
  failed = 0;
  readonly roundTrips = new Bins();

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
  /** Samples by the end that reported them. */
  readonly samples: readonly [number, number];
}

/** An edge that a query asks for. */
interface Scope {
  readonly nodes: readonly [string, string];
  /** Sides whose node the query asks for. */
  readonly allowed: readonly [boolean, boolean];
  /** Whose samples are taken; `null` until one was seen. */
  side: Side | null;
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

  /** Cuts a stretch (Unix ms) into so many equal steps. */
  read(stretch: { from: number; to: number; steps: number }, filter: LatencyFilter): LatencyWindow {
    const parts: { readonly step: number; readonly part: CellsPart }[] = [];
    this.#aggregator.timeline.columns(stretch, (step, part) => {
      parts.push({ step, part });
    });
    const distributions = distributionsOf(filter);
    const scopes = new Map<number, Scope | null>();
    for (const { part } of parts) {
      for (let row = 0; row < part.count; row++) {
        const scope = this.#scope(scopes, part.edge(row), filter);
        if (scope !== null)
          settleSide(scope, filter, (side) => hasSamples(part, row, { distributions, side }));
      }
    }
    const steps = Array.from({ length: stretch.steps }, () => new LatencyStep());
    const samples: [number, number] = [0, 0];
    let counted = { step: 0, cells: new Cells() };
    for (const { step, part } of parts) {
      if (step !== counted.step) {
        takeCounters(steps[counted.step], counted.cells);
        counted = { step, cells: new Cells() };
      }
      const to = steps[step];
      if (to === undefined) continue;
      for (let row = 0; row < part.count; row++) {
        const edge = part.edge(row);
        const scope = scopes.get(edge) ?? null;
        if (scope === null) continue;
        addCounters(counted.cells, part, row);
        if (scope.side === null) continue;
        const { side } = scope;
        for (const distribution of distributions) {
          const window = part.window(row, distribution * 2 + side);
          if (window === undefined) continue;
          to.bins.addWindow(window);
          if (filter.split === 'node') to.part(scope.nodes[side]).addWindow(window);
          if (filter.split === 'status') to.part(classOf(distribution)).addWindow(window);
          for (let i = 0; i < window.length; i++) samples[side] += window.counts[window.from + i] ?? 0;
        }
        const roundTrips = part.window(row, Distribution.roundTripUs * 2 + side);
        if (roundTrips !== undefined) to.roundTrips.addWindow(roundTrips);
        if (filter.split !== 'time') continue;
        for (let i = 0; i < TIMED_CLASSES.length; i++) {
          const total = part.window(row, (Distribution.firstByteUs + i) * 2);
          if (total !== undefined) to.part('total').addWindow(total);
          const application = part.window(row, (Distribution.firstByteUs + i) * 2 + 1);
          if (application !== undefined) to.part('application').addWindow(application);
        }
      }
    }
    takeCounters(steps[counted.step], counted.cells);
    return { steps, samples };
  }

  /** All traffic of the edges asked for, with its samples. */
  traffic(stretch: { from: number; to: number }, filter: LatencyFilter): TrafficSum {
    const cells = this.#aggregator.timeline.sum(stretch);
    const total = new TrafficSum();
    for (let row = 0; row < cells.count; row++) {
      const edge = cells.edge(row);
      if (this.#scopeOf(edge, filter) === null) continue;
      const open = [this.#aggregator.edges.open(edge, 0), this.#aggregator.edges.open(edge, 1)] as const;
      const sum = sumOfRow(cells, row, open);
      total.add(sum);
      const requestSide = sum.requests.seenBy === 'source' ? 0 : 1;
      const side = (sum.sides & 1) !== 0 ? 0 : 1;
      for (
        let distribution = 0;
        distribution < Distribution.lastByteUs + TIMED_CLASSES.length;
        distribution++
      ) {
        const from = distribution < Distribution.firstByteUs ? side : requestSide;
        const window = cells.window(row, distribution * 2 + from);
        if (window !== undefined) total.addWindow(sampleOf(distribution), window);
      }
    }
    return total;
  }

  #scope(scopes: Map<number, Scope | null>, edge: number, filter: LatencyFilter): Scope | null {
    const known = scopes.get(edge);
    if (known !== undefined) return known;
    const scope = this.#scopeOf(edge, filter);
    scopes.set(edge, scope);
    return scope;
  }

  #scopeOf(edge: number, { wants, nodes }: LatencyFilter): Scope | null {
    if (!wants(edge)) return null;
    const { edges } = this.#aggregator;
    const nodeOf = (placement: number): string =>
      this.#placements.nodeName(this.#placements.nodeOf(placement));
    const names = [nodeOf(edges.source(edge)), nodeOf(edges.destination(edge))] as const;
    const allowed = names.map((name) => nodes === null || nodes.has(name));
    if (allowed[0] !== true && allowed[1] !== true) return null;
    return { nodes: names, allowed: [allowed[0] === true, allowed[1] === true], side: null };
  }
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

/** One side per edge for the whole window: the source's as soon as it has any samples. */
function settleSide(scope: Scope, { reporter }: LatencyFilter, has: (side: Side) => boolean): void {
  if (scope.side === 0) return;
  for (const side of [0, 1] as const) {
    if (!scope.allowed[side] || (reporter !== null && reporter !== side)) continue;
    if (side === scope.side || !has(side)) continue;
    scope.side = side;
    return;
  }
}

const hasSamples = (
  part: CellsPart,
  row: number,
  of: { distributions: readonly number[]; side: Side },
): boolean =>
  of.distributions.some((distribution) => part.window(row, distribution * 2 + of.side) !== undefined);

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
    const sum = sumOfRow(cells, row, [0, 0]);
    step.requests += sum.requests.total;
    step.requestErrors += sum.requests.errors;
    step.opened += sum.opened;
    step.failed += sum.failures;
    step.time.add(sum.requests.time);
  }
}
