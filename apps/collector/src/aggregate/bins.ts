// SPDX-License-Identifier: Apache-2.0
import { grown } from './grown.js';
import type { HistogramWindow } from './histogram-windows.js';

/** Bins are made room for as they show up, so many at a time: most latencies need only the first few hundred. */
const AT_ONCE = 128;

/** A histogram that is added up: counts by bin, dense as far as it reaches. */
export class Bins {
  #counts: Float64Array = new Float64Array(0);

  /** Counts by bin; shorter than BINS. */
  get counts(): Float64Array {
    return this.#counts;
  }

  get total(): number {
    let total = 0;
    for (const count of this.#counts) total += count;
    return total;
  }

  add(bin: number, count: number): void {
    this.#reach(bin);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + count;
  }

  addWindow({ first, counts, from, length }: HistogramWindow): void {
    if (length === 0) return;
    this.#reach(first + length - 1);
    const to = this.#counts;
    for (let i = 0; i < length; i++) to[first + i] = (to[first + i] ?? 0) + (counts[from + i] ?? 0);
  }

  addAll({ counts }: Bins): void {
    if (counts.length === 0) return;
    this.#reach(counts.length - 1);
    const to = this.#counts;
    for (let bin = 0; bin < counts.length; bin++) to[bin] = (to[bin] ?? 0) + (counts[bin] ?? 0);
  }

  clear(): void {
    this.#counts.fill(0);
  }

  #reach(bin: number): void {
    if (bin >= this.#counts.length) this.#counts = grown(this.#counts, (bin | (AT_ONCE - 1)) + 1);
  }
}
