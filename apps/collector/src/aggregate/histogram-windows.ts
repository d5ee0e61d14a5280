// SPDX-License-Identifier: Apache-2.0
import { grown } from './grown.js';

/** Bits of a key that are the bin; those above are the histogram. */
const BIN_BITS = 10;
/** Bins that a new window has room for. */
const FIRST_ROOM = 8;

/** Counts of one histogram: `counts[from + i]` belongs to bin `first + i`. */
export interface HistogramWindow {
  readonly first: number;
  readonly counts: ArrayLike<number>;
  readonly from: number;
  readonly length: number;
}

/**
 * Many histograms, each as a window of neighbouring bins: samples of one thing lie close together, so a window is
 * smaller than keys and counts, and adding two is a plain loop. A key is the histogram's number times 1024, plus the bin.
 * Counts may fall below 0 where more was taken away than had been added here.
 */
export class HistogramWindows {
  /** Slot plus one by the histogram's number: these are dense. */
  #slots: Int32Array = new Int32Array(64);
  #ids = new Uint32Array(32);
  #first = new Uint16Array(32);
  #room = new Uint16Array(32);
  #at = new Uint32Array(32);
  #count = 0;
  #counts: Float64Array = new Float64Array(256);
  #used = 0;

  /** Histograms that hold something, or did. */
  get count(): number {
    return this.#count;
  }

  /** The histograms' numbers, a copy. */
  ids(): Uint32Array {
    return this.#ids.slice(0, this.#count);
  }

  add(key: number, count: number): void {
    const slot = this.#slot(key >>> BIN_BITS);
    const bin = key & ((1 << BIN_BITS) - 1);
    const at = bin - (this.#first[slot] ?? 0);
    const where = at < 0 || at >= (this.#room[slot] ?? 0) ? this.#widen(slot, bin, 1) : at;
    const place = (this.#at[slot] ?? 0) + where;
    this.#counts[place] = (this.#counts[place] ?? 0) + count;
  }

  /** Adds a whole window. */
  addWindow(id: number, window: HistogramWindow): void {
    const { first, counts, from, length } = window;
    const slot = this.#slot(id);
    let at = first - (this.#first[slot] ?? 0);
    if (at < 0 || at + length > (this.#room[slot] ?? 0)) at = this.#widen(slot, first, length);
    const own = this.#counts;
    for (let i = from, to = (this.#at[slot] ?? 0) + at, end = from + length; i < end; i++, to++) {
      own[to] = (own[to] ?? 0) + (counts[i] ?? 0);
    }
  }

  /** The window of a histogram, `undefined` when it has none. */
  window(id: number): HistogramWindow | undefined {
    const slot = this.#find(id);
    return slot < 0 ? undefined : this.#window(slot);
  }

  /** Calls back for each histogram. The window is the caller's only until `visit` returns. */
  forEachWindow(visit: (id: number, window: HistogramWindow) => void): void {
    const window = { first: 0, counts: this.#counts, from: 0, length: 0 };
    for (let slot = 0; slot < this.#count; slot++) {
      window.first = this.#first[slot] ?? 0;
      window.from = this.#at[slot] ?? 0;
      window.length = this.#room[slot] ?? 0;
      visit(this.#ids[slot] ?? 0, window);
    }
  }

  /** Calls back for each key whose count is not 0. */
  forEach(visit: (key: number, count: number) => void): void {
    for (let slot = 0; slot < this.#count; slot++) {
      const base = (this.#ids[slot] ?? 0) * (1 << BIN_BITS) + (this.#first[slot] ?? 0);
      const from = this.#at[slot] ?? 0;
      for (let i = 0; i < (this.#room[slot] ?? 0); i++) {
        const count = this.#counts[from + i] ?? 0;
        if (count !== 0) visit(base + i, count);
      }
    }
  }

  #window(slot: number): HistogramWindow {
    return {
      first: this.#first[slot] ?? 0,
      counts: this.#counts,
      from: this.#at[slot] ?? 0,
      length: this.#room[slot] ?? 0,
    };
  }

  #find(id: number): number {
    return id < this.#slots.length ? (this.#slots[id] ?? 0) - 1 : -1;
  }

  #slot(id: number): number {
    const known = this.#find(id);
    if (known >= 0) return known;
    if (id >= this.#slots.length) {
      this.#slots = grown(this.#slots, Math.max(id + 1, this.#slots.length * 2));
    }
    if (this.#count === this.#ids.length) this.#grow();
    const slot = this.#count++;
    this.#ids[slot] = id;
    this.#first[slot] = 0;
    this.#room[slot] = 0;
    this.#slots[id] = slot + 1;
    return slot;
  }

  #grow(): void {
    const slots = this.#ids.length * 2;
    this.#ids = grown(this.#ids, slots);
    this.#first = grown(this.#first, slots);
    this.#room = grown(this.#room, slots);
    this.#at = grown(this.#at, slots);
  }

  /** Moves a window to where bins `bin` to `bin + length` have room too. Returns the place of `bin` in it. */
  #widen(slot: number, bin: number, length: number): number {
    const room = this.#room[slot] ?? 0;
    const before = this.#first[slot] ?? 0;
    const low = room === 0 ? bin : Math.min(before, bin);
    const high = Math.max(room === 0 ? 0 : before + room, bin + length);
    // Samples come on both sides of the first ones: what is spare lies on both sides too.
    const spare = Math.max(FIRST_ROOM, (high - low) >> 1) >> (length > 1 ? 2 : 0);
    const first = Math.max(0, low - (spare >> 1));
    const wider = Math.min(1 << BIN_BITS, high + (spare >> 1) + 1) - first;
    const to = this.#used;
    this.#used += wider;
    if (this.#used > this.#counts.length) {
      this.#counts = grown(this.#counts, Math.max(this.#used, this.#counts.length * 2));
    }
    const from = this.#at[slot] ?? 0;
    this.#counts.copyWithin(to + before - first, from, from + room);
    this.#first[slot] = first;
    this.#room[slot] = wider;
    this.#at[slot] = to;
    return bin - first;
  }
}
