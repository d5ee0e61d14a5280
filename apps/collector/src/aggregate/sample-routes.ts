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

/** Says of all edges at once where their samples go, so that those that go nowhere cost next to nothing. */
export class SampleRoutes {
  /** By edge: where its line begins in the table; -1: its samples go nowhere. */
  readonly lines: Int32Array;
  /** By edge: the number that what the table says is added to. */
  readonly sums: Int32Array;
  /** Lines of DISTRIBUTIONS entries: by `distribution × 2 + side` a sum, counted from the edge's own; -1: none. */
  readonly table: Int32Array;

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
