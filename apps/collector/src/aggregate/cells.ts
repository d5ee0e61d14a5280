// SPDX-License-Identifier: Apache-2.0
import { CLOSE_REASONS, ENGINES, FAILURE_REASONS, PROTOCOLS, STATUS_CLASSES } from '@undermesh/schema';
import { grown } from './grown.js';
import { binOf } from './histogram.js';
import { type HistogramWindow, HistogramWindows } from './histogram-windows.js';
import type { SampleRoutes, SampleSink } from './sample-routes.js';
import type { CellsPart, CounterColumn } from './sealed-cells.js';

const FAILED = 6;
const ENDED = FAILED + FAILURE_REASONS.length;
const CARRIED = ENDED + CLOSE_REASONS.length;
const STEERED = CARRIED + PROTOCOLS.length;
const STATUS = STEERED + ENGINES.length;
const REQUESTS = STATUS + STATUS_CLASSES.length;
const JOINED = REQUESTS + 6;
const WAYPOINT = JOINED + STATUS_CLASSES.length;

/** Counters of one reporter within a cell. Bytes and segments are the reporter's own: `sent` left its socket. */
export const Counter = {
  opened: 0,
  closed: 1,
  sent: 2,
  received: 3,
  segments: 4,
  retransmits: 5,
  /** First of {@link FAILURE_REASONS}. */
  failed: FAILED,
  /** First of {@link CLOSE_REASONS}; normal ends (`local_fin`, `peer_fin`) are counted here too. */
  ended: ENDED,
  /** First of {@link PROTOCOLS}: what connections that ended had carried. */
  carried: CARRIED,
  /** First of {@link ENGINES}: bytes both ways of connections that it steered. */
  steered: STEERED,
  /** First of {@link STATUS_CLASSES}: HTTP requests by their answers. */
  status: STATUS,
  pipelined: REQUESTS,
  requestBytes: REQUESTS + 1,
  responseBytes: REQUESTS + 2,
  /** Requests with a known time to the first byte, and the sum of these times, µs. */
  timed: REQUESTS + 3,
  firstByteUs: REQUESTS + 4,
  /** The smoothed round trip of their connection, summed up over timed requests, µs. */
  timedRoundTripUs: REQUESTS + 5,
  /** First of {@link STATUS_CLASSES}: of a leg's requests, those that are on joined edges too. */
  joined: JOINED,
  /** Of a leg's requests, those that the waypoint answered itself. */
  answered: WAYPOINT,
  /** On a joined edge: requests whose time in the waypoint is known, the sum of these times, and of all of their time, µs. */
  waypointTimed: WAYPOINT + 1,
  waypointUs: WAYPOINT + 2,
  waypointTotalUs: WAYPOINT + 3,
} as const;
/** Counters per reporter. */
export const COUNTERS = WAYPOINT + 4;
/** Counters of a cell: those of the source end, then those of the destination end. */
export const CELL_COUNTERS = COUNTERS * 2;

/** Status classes that have a time: all but `none`, which has no answer. */
export const TIMED_CLASSES = STATUS_CLASSES.filter((name) => name !== 'none');

/** What is kept as a histogram, each once per reporter. */
export const Distribution = {
  connectUs: 0,
  roundTripUs: 1,
  lifetimeUs: 2,
  /** First of {@link TIMED_CLASSES}. */
  firstByteUs: 3,
  /** First of {@link TIMED_CLASSES}. */
  lastByteUs: 3 + TIMED_CLASSES.length,
  /** The waypoint's own time, on joined edges. */
  waypointUs: 3 + 2 * TIMED_CLASSES.length,
} as const;
/** Room for distributions in a histogram key, a power of two: {@link Distribution}, each once per reporter. */
export const DISTRIBUTIONS = 32;
const BIN_BITS = 10;
/** Keys have 32 bits. Rows beyond them, which only a flood of made-up edges reaches, have no histograms. */
const SAMPLED_ROWS = 2 ** 32 / (DISTRIBUTIONS << BIN_BITS) - 1;
const NO_HISTOGRAM = -1;

/** Where a reporter's figures stand: 0 source, 1 destination. */
export type Side = 0 | 1;

/** Reads a counter of a row whose counters begin at `from`. One below 0 counts as 0: its other part is elsewhere. */
export function countOf(counters: Float64Array, from: number, counter: number): number {
  const count = counters[from + counter] ?? 0;
  return Math.max(count, 0);
}

/** Reads a histogram key: the cell, distribution × 2 + side, and the bin. */
export const keyCell = (key: number): number => Math.floor(key / (DISTRIBUTIONS << BIN_BITS));
export const keyDistribution = (key: number): number => (key >>> BIN_BITS) & (DISTRIBUTIONS - 1);
export const keyBin = (key: number): number => key & ((1 << BIN_BITS) - 1);

/** Figures by edge over some stretch of time. Rows are made as edges show up. */
export class Cells implements CellsPart {
  #rows: Int32Array = new Int32Array(256);
  #edges: Uint32Array = new Uint32Array(64);
  #counters: Float64Array = new Float64Array(64 * CELL_COUNTERS);
  #count = 0;
  readonly histograms = new HistogramWindows();

  /** Rows in use. */
  get count(): number {
    return this.#count;
  }

  /** The row of an edge, made when it is not there. */
  row(edge: number): number {
    if (edge >= this.#rows.length) this.#rows = grown(this.#rows, Math.max(edge + 1, this.#rows.length * 2));
    const known = this.#rows[edge] ?? 0;
    if (known !== 0) return known - 1;
    if (this.#count === this.#edges.length) {
      this.#edges = grown(this.#edges, this.#count * 2);
      this.#counters = grown(this.#counters, this.#count * 2 * CELL_COUNTERS);
    }
    const row = this.#count++;
    this.#edges[row] = edge;
    this.#rows[edge] = row + 1;
    return row;
  }

  edge(row: number): number {
    return this.#edges[row] ?? 0;
  }

  /** All counters; those of row r begin at r × CELL_COUNTERS. Another array once rows are made. */
  get counters(): Float64Array {
    return this.#counters;
  }

  /** Adds to counter `side × COUNTERS + Counter.x` of a row. */
  add(row: number, counter: number, amount: number): void {
    const at = row * CELL_COUNTERS + counter;
    this.#counters[at] = (this.#counters[at] ?? 0) + amount;
  }

  get(row: number, counter: number): number {
    return this.#counters[row * CELL_COUNTERS + counter] ?? 0;
  }

  /** The histogram of a row, for {@link sample}; `distribution` is `Distribution.x × 2 + side`. */
  histogram(row: number, distribution: number): number {
    if (row >= SAMPLED_ROWS) return NO_HISTOGRAM;
    return (row * DISTRIBUTIONS + distribution) * (1 << BIN_BITS);
  }

  /** Counts samples of one value in a {@link histogram}. */
  sample(histogram: number, value: number, count: number): void {
    if (histogram !== NO_HISTOGRAM) this.histograms.add(histogram + binOf(value), count);
  }

  /** Counts samples of one bin in a {@link histogram}. */
  sampleOfBin(histogram: number, bin: number, count: number): void {
    if (histogram !== NO_HISTOGRAM) this.histograms.add(histogram + bin, count);
  }

  /** Counts samples in a bin; `distribution` is `Distribution.x × 2 + side`. */
  sampleBin(row: number, distribution: number, bin: number, samples: number): void {
    if (row < SAMPLED_ROWS) this.histograms.addBin(row * DISTRIBUTIONS + distribution, bin, samples);
  }

  addCounter(counter: number, to: Int32Array, sums: Float64Array): void {
    for (let row = 0; row < this.#count; row++) {
      const at = to[row] ?? -1;
      if (at >= 0) sums[at + counter] = (sums[at + counter] ?? 0) + this.get(row, counter);
    }
  }

  sendSamples({ lines, sums, table }: SampleRoutes, sink: SampleSink): void {
    this.histograms.forEachWindow((id, window) => {
      const edge = this.edge(Math.floor(id / DISTRIBUTIONS));
      const line = lines[edge] ?? -1;
      const sum = line < 0 ? -1 : (table[line + (id % DISTRIBUTIONS)] ?? -1);
      if (sum >= 0) sink.take((sums[edge] ?? 0) + sum, window);
    });
  }

  /** Adds one counter of other cells, whose row i is row `rows[i]` of these. */
  addColumn(rows: Int32Array, counter: number, column: CounterColumn): void {
    const counters = this.#counters;
    for (let i = 0; i < rows.length; i++) {
      const at = (rows[i] ?? 0) * CELL_COUNTERS + counter;
      counters[at] = (counters[at] ?? 0) + (column[i] ?? 0);
    }
  }

  /** Adds samples; `distribution` is `Distribution.x × 2 + side`. */
  addWindow(row: number, distribution: number, window: HistogramWindow): void {
    if (row < SAMPLED_ROWS) this.histograms.addWindow(row * DISTRIBUTIONS + distribution, window);
  }

  /** Adds cells that still change. */
  mergeCells(other: Cells, histograms = true): void {
    const rows = new Int32Array(other.#count);
    for (let i = 0; i < rows.length; i++) rows[i] = this.row(other.edge(i));
    for (let i = 0; i < rows.length; i++) {
      const to = (rows[i] ?? 0) * CELL_COUNTERS;
      const from = i * CELL_COUNTERS;
      for (let counter = 0; counter < CELL_COUNTERS; counter++) {
        const amount = other.#counters[from + counter] ?? 0;
        if (amount !== 0) this.#counters[to + counter] = (this.#counters[to + counter] ?? 0) + amount;
      }
    }
    if (!histograms) return;
    other.histograms.forEachWindow((id, window) => {
      this.addWindow(rows[Math.floor(id / DISTRIBUTIONS)] ?? 0, id % DISTRIBUTIONS, window);
    });
  }
}
