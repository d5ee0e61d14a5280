// SPDX-License-Identifier: Apache-2.0
import { BINS } from './histogram.js';
import type { HistogramWindow } from './histogram-windows.js';
import type { SampleSink } from './sample-routes.js';

/** Bins on either side of what was asked for that are made room for as well: samples come on both sides of the first. */
const SPARE = 8;
const NOTHING: HistogramWindow & { readonly counts: Float64Array } = {
  first: 0,
  counts: new Float64Array(0),
  from: 0,
  length: 0,
};

/** A histogram that is added up: a window of bins that widens as samples come. */
export class Bins implements HistogramWindow {
  first: number;
  counts: Float64Array;
  from: number;
  length: number;

  /** @param room where to count until that is too narrow: empty bins of a {@link BinsBlock}. */
  constructor(room = NOTHING) {
    this.first = room.first;
    this.counts = room.counts;
    this.from = room.from;
    this.length = room.length;
  }

  get total(): number {
    let total = 0;
    this.forEach((count) => {
      total += count;
    });
    return total;
  }

  add(bin: number, count: number): void {
    const at = this.#reach(bin, 1);
    this.counts[at] = (this.counts[at] ?? 0) + count;
  }

  /** Adds a window; other bins are one too. */
  addWindow({ first, counts, from, length }: HistogramWindow): void {
    if (length === 0) return;
    const at = this.#reach(first, length);
    // Most windows are bytes: a loop that knows it is twice as fast.
    if (counts instanceof Uint8Array) addBytes(this.counts, at, { counts, from, length });
    else addCounts(this.counts, at, { counts, from, length });
  }

  /** Calls back for each bin whose count is not 0, lowest first. */
  forEach(visit: (count: number, bin: number) => void): void {
    const { first, counts, from } = this;
    for (let i = 0; i < this.length; i++) {
      const count = counts[from + i] ?? 0;
      if (count !== 0) visit(count, first + i);
    }
  }

  /** Makes room for bins; where the count of the first of them stands. */
  #reach(bin: number, length: number): number {
    const { first: before, length: had } = this;
    const at = bin - before;
    if (at < 0 || at + length > had) {
      const low = had === 0 ? bin : Math.min(before, bin);
      const high = Math.max(before + had, bin + length);
      const first = Math.max(0, low - SPARE);
      const wider = new Float64Array(Math.min(BINS, high + SPARE) - first);
      wider.set(this.counts.subarray(this.from, this.from + had), had === 0 ? 0 : before - first);
      this.first = first;
      this.counts = wider;
      this.from = 0;
      this.length = wider.length;
    }
    return this.from + bin - this.first;
  }
}

interface Counts<C> {
  readonly counts: C;
  readonly from: number;
  readonly length: number;
}

function addBytes(own: Float64Array, at: number, { counts, from, length }: Counts<Uint8Array>): void {
  for (let i = 0; i < length; i++) own[at + i] = (own[at + i] ?? 0) + (counts[from + i] ?? 0);
}

function addCounts(own: Float64Array, at: number, { counts, from, length }: Counts<ArrayLike<number>>): void {
  for (let i = 0; i < length; i++) own[at + i] = (own[at + i] ?? 0) + (counts[from + i] ?? 0);
}

/** Room for many bins at once: first told of every window that each will be given, then made in one piece. */
export class BinsBlock implements SampleSink {
  readonly #low: Uint16Array;
  readonly #high: Uint16Array;

  constructor(count: number) {
    this.#low = new Uint16Array(count).fill(BINS);
    this.#high = new Uint16Array(count);
  }

  /** Number `at` will be given this window. */
  take(at: number, { first, length }: HistogramWindow): void {
    if (first < (this.#low[at] ?? 0)) this.#low[at] = first;
    if (first + length > (this.#high[at] ?? 0)) this.#high[at] = first + length;
  }

  /** Number `at` will be given all that number `other` is. */
  expectAll(at: number, other: number): void {
    const first = this.#low[other] ?? 0;
    const length = (this.#high[other] ?? 0) - first;
    if (length > 0) this.take(at, { ...NOTHING, first, length });
  }

  /** By number; `undefined` for those that expect nothing. */
  make(): (Bins | undefined)[] {
    let room = 0;
    const lengths = this.#high.map((high, at) => Math.max(0, high - (this.#low[at] ?? 0)));
    for (const length of lengths) room += length;
    const counts = new Float64Array(room);
    let from = 0;
    return Array.from(lengths, (length, at) => {
      if (length === 0) return undefined;
      from += length;
      return new Bins({ first: this.#low[at] ?? 0, counts, from: from - length, length });
    });
  }
}
