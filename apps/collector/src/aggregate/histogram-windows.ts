// SPDX-License-Identifier: Apache-2.0
import { grown } from './grown.js';

/** Bits of a key that are the bin; those above are the histogram. */
const BIN_BITS = 10;
/** Bins that a new window has room for. */
const FIRST_ROOM = 8;

/** Where a window is: its first bin, how many bins it has room for, and where their counts begin. */
const Place = { first: 0, room: 1, at: 2 } as const;
const PLACE = 4;

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
  #ids: Uint32Array = new Uint32Array(32);
  /** {@link Place} by slot: in one line of the cache, and beside those of its row's other histograms. */
  #places: Uint32Array = new Uint32Array(32 * PLACE);
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
    this.addBin(key >>> BIN_BITS, key & ((1 << BIN_BITS) - 1), count);
  }

  /** Adds to one bin of a histogram. */
  addBin(id: number, bin: number, count: number): void {
    const slot = this.#slot(id);
    const place = slot * PLACE;
    const bins = bin - (this.#places[place + Place.first] ?? 0);
    const isThere = bins >= 0 && bins < (this.#places[place + Place.room] ?? 0);
    const at = isThere ? bins : this.#widen(slot, bin, 1);
    const counts = (this.#places[place + Place.at] ?? 0) + at;
    this.#counts[counts] = (this.#counts[counts] ?? 0) + count;
  }

  /** Adds a whole window. */
  addWindow(id: number, window: HistogramWindow): void {
    const { first, counts, from, length } = window;
    const slot = this.#slot(id);
    const place = slot * PLACE;
    let at = first - (this.#places[place + Place.first] ?? 0);
    if (at < 0 || at + length > (this.#places[place + Place.room] ?? 0))
      at = this.#widen(slot, first, length);
    const own = this.#counts;
    let to = (this.#places[place + Place.at] ?? 0) + at;
    for (let i = from, end = from + length; i < end; i++, to++) own[to] = (own[to] ?? 0) + (counts[i] ?? 0);
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
      const place = slot * PLACE;
      window.first = this.#places[place + Place.first] ?? 0;
      window.from = this.#places[place + Place.at] ?? 0;
      window.length = this.#places[place + Place.room] ?? 0;
      visit(this.#ids[slot] ?? 0, window);
    }
  }

  /** Calls back for each key whose count is not 0. */
  forEach(visit: (key: number, count: number) => void): void {
    this.forEachWindow((id, { first, counts, from, length }) => {
      const base = id * (1 << BIN_BITS) + first;
      for (let i = 0; i < length; i++) {
        const count = counts[from + i] ?? 0;
        if (count !== 0) visit(base + i, count);
      }
    });
  }

  #window(slot: number): HistogramWindow {
    const place = slot * PLACE;
    return {
      first: this.#places[place + Place.first] ?? 0,
      counts: this.#counts,
      from: this.#places[place + Place.at] ?? 0,
      length: this.#places[place + Place.room] ?? 0,
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
    this.#slots[id] = slot + 1;
    return slot;
  }

  #grow(): void {
    const slots = this.#ids.length * 2;
    this.#ids = grown(this.#ids, slots);
    this.#places = grown(this.#places, slots * PLACE);
  }

  /** Moves a window to where bins `bin` to `bin + length` have room too. Returns the place of `bin` in it. */
  #widen(slot: number, bin: number, length: number): number {
    const place = slot * PLACE;
    const room = this.#places[place + Place.room] ?? 0;
    const before = this.#places[place + Place.first] ?? 0;
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
    const from = this.#places[place + Place.at] ?? 0;
    this.#counts.copyWithin(to + before - first, from, from + room);
    this.#places[place + Place.first] = first;
    this.#places[place + Place.room] = wider;
    this.#places[place + Place.at] = to;
    return bin - first;
  }
}
