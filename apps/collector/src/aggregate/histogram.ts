// SPDX-License-Identifier: Apache-2.0
import type { Quantiles } from '@undermesh/schema';

/**
 * Log-scale bins whose counts can be added up: DDSketch (Masson, Rim, Lee, VLDB 2019) with a relative error of 2 %.
 * Bin 0 holds values below 1; bin b holds (γ^(b-2), γ^(b-1)].
 */
export const RELATIVE_ERROR = 0.02;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const PER_LOG = 1 / Math.log(GAMMA);
/** Bins 0 to 1023: up to 5·10^17, more than five hundred years in µs. */
export const BINS = 1024;

/** The bin of a value of 0 or more. */
export function binOf(value: number): number {
  if (value < 1) return 0;
  const bin = 1 + Math.ceil(Math.log(value) * PER_LOG);
  return bin < BINS ? bin : BINS - 1;
}

/** The value that stands for a bin: off by at most {@link RELATIVE_ERROR}. */
export const binValue = (bin: number): number => (bin === 0 ? 0 : (2 * GAMMA ** (bin - 1)) / (GAMMA + 1));

/** The p-quantile of bin counts (0 < p ≤ 1), `null` when there are none. */
export function quantile(bins: ArrayLike<number>, p: number): number | null {
  let total = 0;
  for (let bin = 0; bin < bins.length; bin++) total += bins[bin] ?? 0;
  if (total <= 0) return null;
  const rank = Math.max(1, Math.ceil(p * total));
  let seen = 0;
  for (let bin = 0; bin < bins.length; bin++) {
    seen += bins[bin] ?? 0;
    if (seen >= rank) return binValue(bin);
  }
  return binValue(bins.length - 1);
}

/** The value of rank p within its bin as well, as if the samples of a bin lay evenly on the logarithm: for comparisons. */
export function interpolatedQuantile(bins: ArrayLike<number>, p: number): number | null {
  let total = 0;
  for (let bin = 0; bin < bins.length; bin++) total += bins[bin] ?? 0;
  if (total <= 0) return null;
  const rank = p * total;
  let seen = 0;
  for (let bin = 0; bin < bins.length; bin++) {
    const count = bins[bin] ?? 0;
    if (count > 0 && seen + count >= rank) return bin === 0 ? 0 : GAMMA ** (bin - 2 + (rank - seen) / count);
    seen += count;
  }
  return null;
}

/** Largest value that falls into a bin. */
export const binLimit = (bin: number): number => (bin === 0 ? 1 : GAMMA ** (bin - 1));

/** The mean of bin counts, off by at most {@link RELATIVE_ERROR}; `null` when there are none. */
export function meanOf(bins: Float64Array | null): number | null {
  let count = 0;
  let sum = 0;
  bins?.forEach((samples, bin) => {
    if (samples === 0) return;
    count += samples;
    sum += samples * binValue(bin);
  });
  return count <= 0 ? null : sum / count;
}

/** What the API tells of a histogram. */
export function quantilesOf(bins: Float64Array | null): Quantiles {
  if (bins === null) return { count: 0, p50: null, p90: null, p95: null, p99: null };
  let count = 0;
  for (const samples of bins) count += samples;
  const rounded = (p: number): number | null => {
    const value = quantile(bins, p);
    return value === null ? null : Math.round(value * 10) / 10;
  };
  return { count, p50: rounded(0.5), p90: rounded(0.9), p95: rounded(0.95), p99: rounded(0.99) };
}

/**
 * Sparse counts by a 32-bit key other than 0xffffffff: open addressing over two typed arrays. Below 0 where more was
 * taken away than had been added here.
 */
export class SparseCounts {
  #keys = new Uint32Array(64);
  #counts = new Int32Array(64);
  #mask = 63;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(key: number, count: number): void {
    const keys = this.#keys;
    const mask = this.#mask;
    const stored = key + 1;
    let h = Math.imul(key, 0x9e3779b1);
    h ^= h >>> 15;
    for (let at = h & mask; ; at = (at + 1) & mask) {
      const there = keys[at] ?? 0;
      if (there === stored) {
        this.#counts[at] = (this.#counts[at] ?? 0) + count;
        return;
      }
      if (there === 0) {
        keys[at] = stored;
        this.#counts[at] = count;
        if (++this.#size * 2 > mask) this.#grow();
        return;
      }
    }
  }

  forEach(visit: (key: number, count: number) => void): void {
    const keys = this.#keys;
    for (let at = 0; at < keys.length; at++) {
      const stored = keys[at] ?? 0;
      if (stored !== 0) visit(stored - 1, this.#counts[at] ?? 0);
    }
  }

  #grow(): void {
    const keys = this.#keys;
    const counts = this.#counts;
    this.#keys = new Uint32Array(keys.length * 2);
    this.#counts = new Int32Array(keys.length * 2);
    this.#mask = keys.length * 2 - 1;
    this.#size = 0;
    for (let at = 0; at < keys.length; at++) {
      const stored = keys[at] ?? 0;
      if (stored !== 0) this.add(stored - 1, counts[at] ?? 0);
    }
  }
}
