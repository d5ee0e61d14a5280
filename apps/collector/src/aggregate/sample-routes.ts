// SPDX-License-Identifier: Apache-2.0
import { Bins } from './bins.js';
import { DISTRIBUTIONS, Distribution, type Side } from './cells.js';
import type { HistogramWindow } from './histogram-windows.js';
import { sampleOf } from './traffic.js';

/** Where samples are added up, by number. */
export interface SampleSink {
  /** The window is the caller's only until this returns. */
  take(sum: number, window: HistogramWindow): void;
}

/** One in so many edges may differ before each is looked at by itself. */
const FEW = 4;

/** Says of all edges at once where their samples go, so that those that go nowhere cost next to nothing. */
export class SampleRoutes {
  /** By edge: where its line begins in the table; -1: its samples go nowhere. */
  readonly lines: Int32Array;
  /** By edge: the number that what the table says is added to. */
  readonly sums: Int32Array;
  /** Lines of DISTRIBUTIONS entries: by `distribution × 2 + side` a sum, counted from the edge's own; -1: none. */
  readonly table: Int32Array;
  /** Edges on one line share their sums: what is known of all of them together may be given instead. */
  isShared = true;

  /** @param edges how many edge numbers there are */
  constructor(edges: number, lines: readonly (readonly number[])[]) {
    this.lines = new Int32Array(edges).fill(-1);
    this.sums = new Int32Array(edges);
    this.table = new Int32Array(lines.length * DISTRIBUTIONS).fill(-1);
    for (const [at, line] of lines.entries()) this.table.set(line, at * DISTRIBUTIONS);
  }

  /** Sends the samples of an edge along a line, to sums from `first` on. */
  send(edge: number, line: number, first = 0): void {
    this.lines[edge] = line * DISTRIBUTIONS;
    this.sums[edge] = first;
    if (first !== 0) this.isShared = false;
  }

  /** The line that most of some edges are on, -1 when most are on none or there is no such line. */
  commonLine(edges: Uint32Array): number {
    const { lines } = this;
    let common = -1;
    let ahead = 0;
    // Boyer and Moore's vote: a majority is what is left.
    for (let row = 0; row < edges.length; row++) {
      const line = lines[edges[row] ?? 0] ?? -1;
      if (ahead === 0) common = line;
      ahead += line === common ? 1 : -1;
    }
    if (common < 0) return -1;
    let others = 0;
    for (let row = 0; row < edges.length; row++) if (lines[edges[row] ?? 0] !== common) others++;
    return others * FEW <= edges.length ? common : -1;
  }
}

/** A line of a table: what `sumAt` says of each distribution and side that there is. */
export const lineOf = (sumAt: (distribution: number, side: Side) => number): number[] =>
  Array.from({ length: DISTRIBUTIONS }, (_, at) => sumAt(at >>> 1, (at & 1) === 0 ? 0 : 1));

const SIDES = [0, 1] as const;

/** Lines to the samples of a `TrafficSum`, numbered by {@link trafficLine}. */
export const TRAFFIC_LINES: readonly (readonly number[])[] = SIDES.flatMap((ofConnections) =>
  SIDES.map((ofRequests) =>
    lineOf((distribution, side) =>
      side === (distribution < Distribution.firstByteUs ? ofConnections : ofRequests)
        ? sampleOf(distribution)
        : -1,
    ),
  ),
);

/** The line of an edge, by whose word is taken for connections and for requests. */
export const trafficLine = (ofConnections: Side, ofRequests: Side): number => ofConnections * 2 + ofRequests;

/** Adds samples up; sums are made as they are needed. */
export class SampleSums implements SampleSink {
  readonly bins: (Bins | undefined)[];

  constructor(bins: (Bins | undefined)[] = []) {
    this.bins = bins;
  }

  take(sum: number, window: HistogramWindow): void {
    let bins = this.bins[sum];
    if (bins === undefined) {
      bins = new Bins();
      this.bins[sum] = bins;
    }
    bins.addWindow(window);
  }
}
