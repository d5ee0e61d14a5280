// SPDX-License-Identifier: Apache-2.0
import type { LatencyMeasure, LatencySplit } from '@undermesh/schema';
import type { Aggregator } from '../aggregate/aggregator.js';
import { Bins } from '../aggregate/bins.js';
import type { Side } from '../aggregate/cells.js';
import type { Placements } from '../aggregate/placements.js';
import { RequestSum } from '../aggregate/requests.js';
import { SampleRoutes, SampleSums, TRAFFIC_LINES, trafficLine } from '../aggregate/sample-routes.js';
import type { Stretch } from '../aggregate/tiers.js';
import { sideTaken, sumOfRow, TrafficSum } from '../aggregate/traffic.js';
import { LatencyCounters } from './latency-counters.js';
import { LatencyShares } from './latency-shares.js';

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
export interface LatencyScope {
  readonly nodes: readonly [string, string];
  /** Whose word counts for connections and for requests, and whose samples are taken: one for the whole window. */
  readonly side: Side;
  readonly requestSide: Side;
  readonly taken: Side | null;
}

/** By edge number. */
type Scopes = readonly (LatencyScope | undefined)[];

/** A stretch that is cut into so many equal steps. */
export interface SteppedStretch extends Stretch {
  readonly steps: number;
}

/** Reads latencies from the timeline's buckets, as they are: nothing is added up that was not asked for. */
export class LatencyReader {
  readonly #aggregator: Aggregator;
  readonly #placements: Placements;

  constructor(aggregator: Aggregator, placements: Placements) {
    this.#aggregator = aggregator;
    this.#placements = placements;
  }

  /** `open`: what is open now belongs to it. */
  read(stretch: SteppedStretch & { readonly open: boolean }, filter: LatencyFilter): LatencyWindow {
    const traffic = new TrafficSum();
    const scopes = this.#scopes(stretch, { filter, traffic });
    traffic.samples = this.#samples(stretch, scopes);
    return { ...this.#steps(stretch, { filter, scopes }), traffic };
  }

  /** The steps alone. */
  steps(stretch: SteppedStretch, filter: LatencyFilter): readonly LatencyStep[] {
    const scopes = this.#scopes({ ...stretch, open: false }, { filter, traffic: new TrafficSum() });
    return this.#steps(stretch, { filter, scopes }).steps;
  }

  /** All samples of a stretch, as of a {@link TrafficSum}. */
  #samples({ from, to }: Stretch, scopes: Scopes): (Bins | undefined)[] {
    const { edges, timeline } = this.#aggregator;
    const routes = new SampleRoutes(edges.top, TRAFFIC_LINES);
    for (const [edge, scope] of scopes.entries())
      if (scope !== undefined) routes.send(edge, trafficLine(scope.side, scope.requestSide));
    const sums = new SampleSums();
    timeline.read.columns({ from, to, steps: 1 }, (_, part) => part.sendSamples(routes, sums));
    return sums.bins;
  }

  #steps(
    stretch: SteppedStretch,
    of: { filter: LatencyFilter; scopes: Scopes },
  ): Pick<LatencyWindow, 'steps' | 'samples'> {
    const { edges, timeline } = this.#aggregator;
    const shares = new LatencyShares(of.filter, of.scopes, edges.top);
    const counters = new LatencyCounters(of.scopes, edges.top);
    const steps = Array.from({ length: stretch.steps }, () => new LatencyStep());
    const samples: [number, number] = [0, 0];
    let sums = new SampleSums();
    let at = 0;
    const finish = (): void => {
      const step = steps[at];
      if (step === undefined) return;
      shares.addTo(step, sums.bins, samples);
      counters.moveTo(step);
    };
    timeline.read.columns(stretch, (step, part) => {
      if (step !== at) {
        finish();
        sums = new SampleSums();
        at = step;
      }
      part.sendSamples(shares.routes, sums);
      counters.add(part);
    });
    finish();
    return { steps, samples };
  }

  /** The edges asked for; their figures over the whole stretch are added to `traffic`. */
  #scopes(
    { from, to, open }: Stretch & { readonly open: boolean },
    of: { filter: LatencyFilter; traffic: TrafficSum },
  ): LatencyScope[] {
    const { edges, timeline } = this.#aggregator;
    const cells = timeline.read.sum({ from, to, histograms: false });
    const scopes: LatencyScope[] = [];
    for (let row = 0; row < cells.count; row++) {
      const edge = cells.edge(row);
      if (!of.filter.wants(edge)) continue;
      const openNow = open ? ([edges.open(edge, 0), edges.open(edge, 1)] as const) : NOTHING_OPEN;
      const sum = sumOfRow(cells, row, openNow);
      const scope = this.#scopeOf(edge, of.filter, sum);
      if (scope === null) continue;
      scopes[edge] = scope;
      of.traffic.add(sum);
    }
    return scopes;
  }

  #scopeOf(edge: number, filter: LatencyFilter, sum: TrafficSum): LatencyScope | null {
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
