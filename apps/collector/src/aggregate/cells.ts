// SPDX-License-Identifier: Apache-2.0
import { CLOSE_REASONS, FAILURE_REASONS } from '@undermesh/schema';
import { grown } from './grown.js';
import { binOf, SparseCounts } from './histogram.js';

/** Counters of one reporter within a cell. Bytes and segments are the reporter's own: `sent` left its socket. */
export const Counter = {
  opened: 0,
  closed: 1,
  sent: 2,
  received: 3,
  segments: 4,
  retransmits: 5,
  /** First of {@link FAILURE_REASONS}. */
  failed: 6,
  /** First of {@link CLOSE_REASONS}; normal ends (`local_fin`, `peer_fin`) are counted here too. */
  ended: 6 + FAILURE_REASONS.length,
} as const;
/** Counters per reporter. */
export const COUNTERS = Counter.ended + CLOSE_REASONS.length;
/** Counters of a cell: those of the source end, then those of the destination end. */
export const CELL_COUNTERS = COUNTERS * 2;

/** What is kept as a histogram, each once per reporter. */
export const Distribution = { connectUs: 0, roundTripUs: 1, lifetimeUs: 2 } as const;
const DISTRIBUTIONS = 8;
const BIN_BITS = 10;

/** Where a reporter's figures stand: 0 source, 1 destination. */
export type Side = 0 | 1;

/** Reads a histogram key: the cell, distribution × 2 + side, and the bin. */
export const keyCell = (key: number): number => Math.floor(key / (DISTRIBUTIONS << BIN_BITS));
export const keyDistribution = (key: number): number => (key >>> BIN_BITS) & (DISTRIBUTIONS - 1);
export const keyBin = (key: number): number => key & ((1 << BIN_BITS) - 1);

/** Cells that no longer change: only columns that hold something, narrow where they fit. */
export interface Segment {
  readonly edges: Uint32Array;
  readonly columns: readonly (Uint32Array | Float64Array | null)[];
  readonly histogramKeys: Uint32Array;
  readonly histogramCounts: Int32Array;
}

/** Figures by edge over some stretch of time. Rows are made as edges show up. */
export class Cells {
  #rows: Int32Array = new Int32Array(256);
  #edges: Uint32Array = new Uint32Array(64);
  #counters: Float64Array = new Float64Array(64 * CELL_COUNTERS);
  #count = 0;
  readonly histograms = new SparseCounts();

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
    return (row * DISTRIBUTIONS + distribution) * (1 << BIN_BITS);
  }

  /** Counts samples of one value in a {@link histogram}. */
  sample(histogram: number, value: number, count: number): void {
    this.histograms.add(histogram + binOf(value), count);
  }

  /** Adds cells that are closed. `histograms` false leaves those out, which is faster. */
  mergeSegment(segment: Segment, histograms = true): void {
    const rows = new Int32Array(segment.edges.length);
    for (let i = 0; i < rows.length; i++) rows[i] = this.row(segment.edges[i] ?? 0);
    for (let counter = 0; counter < CELL_COUNTERS; counter++) {
      const column = segment.columns[counter];
      if (column === null || column === undefined) continue;
      const counters = this.#counters;
      for (let i = 0; i < rows.length; i++) {
        const at = (rows[i] ?? 0) * CELL_COUNTERS + counter;
        counters[at] = (counters[at] ?? 0) + (column[i] ?? 0);
      }
    }
    if (!histograms) return;
    for (let i = 0; i < segment.histogramKeys.length; i++) {
      const key = segment.histogramKeys[i] ?? 0;
      this.#addMoved(key, rows[keyCell(key)] ?? 0, segment.histogramCounts[i] ?? 0);
    }
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
    other.histograms.forEach((key, count) => {
      this.#addMoved(key, rows[keyCell(key)] ?? 0, count);
    });
  }

  /** A compact copy. */
  seal(): Segment {
    const count = this.#count;
    const columns: (Uint32Array | Float64Array | null)[] = [];
    for (let counter = 0; counter < CELL_COUNTERS; counter++) columns.push(this.#column(counter));
    const histogramKeys = new Uint32Array(this.histograms.size);
    const histogramCounts = new Int32Array(this.histograms.size);
    let at = 0;
    this.histograms.forEach((key, samples) => {
      histogramKeys[at] = key;
      histogramCounts[at++] = samples;
    });
    return { edges: this.#edges.slice(0, count), columns, histogramKeys, histogramCounts };
  }

  #addMoved(key: number, row: number, count: number): void {
    this.histograms.add((row * DISTRIBUTIONS + keyDistribution(key)) * (1 << BIN_BITS) + keyBin(key), count);
  }

  #column(counter: number): Uint32Array | Float64Array | null {
    let used = false;
    let narrow = true;
    for (let row = 0; row < this.#count; row++) {
      const value = this.get(row, counter);
      if (value !== 0) used = true;
      if (value < 0 || value > 0xffffffff) narrow = false;
    }
    if (!used) return null;
    const column = narrow ? new Uint32Array(this.#count) : new Float64Array(this.#count);
    for (let row = 0; row < this.#count; row++) column[row] = this.get(row, counter);
    return column;
  }
}
