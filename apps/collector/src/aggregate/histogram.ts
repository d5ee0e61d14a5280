// SPDX-License-Identifier: Apache-2.0
import type { Quantiles } from '@undermesh/schema';
import type { HistogramWindow } from './histogram-windows.js';

/**
 * Log-scale bins whose counts can be added up: DDSketch (Masson, Rim, Lee, VLDB 2019) with a relative error of 2 %.
 * Bin 0 holds values below 1; bin b holds (γ^(b-2), γ^(b-1)].
 */
export const RELATIVE_ERROR = 0.02;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const PER_LOG = 1 / Math.log(GAMMA);
/** Bins 0 to 1023: up to 5·10^17, more than five hundred years in µs. */
export const BINS = 1024;

/** Largest value that falls into a bin. */
export const binLimit = (bin: number): number => (bin === 0 ? 1 : GAMMA ** (bin - 1));
const LIMITS = Float64Array.from({ length: BINS }, (_, bin) => binLimit(bin));

/** A number and its bits, the low half first. */
const NUMBER = new Float64Array(1);
const HALVES = new Uint32Array(NUMBER.buffer);
/** The upper half of 1. */
const ONE = 0x3ff00000;
/** Lower bits of the upper half that are not read: 128 parts to an octave, each narrower than a bin. */
const UNREAD = 13;
const PARTS = 128 * Math.ceil(Math.log2(binLimit(BINS - 1)));

/** The bin of the lowest value of each part. */
const FIRST_BINS = Uint16Array.from({ length: PARTS }, (_, part) => {
  HALVES[0] = 0;
  HALVES[1] = ONE + part * (1 << UNREAD);
  return Math.min(BINS - 1, 1 + Math.ceil(Math.log(NUMBER[0] ?? 1) * PER_LOG));
});

/** The bin of a value of 0 or more: looked up by the value's first bits, as a logarithm would take ten times as long. */
export function binOf(value: number): number {
  if (value < 1) return 0;
  NUMBER[0] = value;
  const part = ((HALVES[1] ?? 0) - ONE) >>> UNREAD;
  if (part >= PARTS) return BINS - 1;
  const bin = FIRST_BINS[part] ?? 0;
  return value > (LIMITS[bin] ?? 0) && bin < BINS - 1 ? bin + 1 : bin;
}

/** The value that stands for a bin: off by at most {@link RELATIVE_ERROR}. */
export const binValue = (bin: number): number => (bin === 0 ? 0 : (2 * GAMMA ** (bin - 1)) / (GAMMA + 1));
const VALUES = Float64Array.from({ length: BINS }, (_, bin) => binValue(bin));

/** The value of rank p within its bin as well, as if the samples of a bin lay evenly on the logarithm: for comparisons. */
export function interpolatedQuantile(bins: HistogramWindow, p: number): number | null {
  const total = totalOf(bins);
  if (total <= 0) return null;
  const { first, counts, from, length } = bins;
  const rank = p * total;
  let seen = 0;
  for (let i = 0; i < length; i++) {
    const count = counts[from + i] ?? 0;
    const bin = first + i;
    if (count > 0 && seen + count >= rank) return bin === 0 ? 0 : GAMMA ** (bin - 2 + (rank - seen) / count);
    seen += count;
  }
  return null;
}

/** The mean of bin counts, off by at most {@link RELATIVE_ERROR}; `null` when there are none. */
export function meanOf({ first, counts, from, length }: HistogramWindow): number | null {
  let count = 0;
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const samples = counts[from + i] ?? 0;
    count += samples;
    sum += samples * (VALUES[first + i] ?? 0);
  }
  return count <= 0 ? null : sum / count;
}

/** What the API tells of a histogram: the count, and quantiles to 0.1, `null` when there are no samples. */
export function quantilesOf(bins: HistogramWindow | undefined): Quantiles {
  const none = { p50: null, p90: null, p95: null, p99: null };
  if (bins === undefined) return { count: 0, ...none };
  const count = totalOf(bins);
  if (count <= 0) return { count, ...none };
  const { first, counts, from, length } = bins;
  let at = -1;
  let seen = 0;
  // Each looks on from where the one before was found.
  const next = (p: number): number => {
    const rank = Math.max(1, Math.ceil(p * count));
    while (seen < rank && at < length - 1) seen += counts[from + ++at] ?? 0;
    return Math.round((VALUES[first + at] ?? 0) * 10) / 10;
  };
  return { count, p50: next(0.5), p90: next(0.9), p95: next(0.95), p99: next(0.99) };
}

export function totalOf({ counts, from, length }: HistogramWindow): number {
  let total = 0;
  for (let i = from; i < from + length; i++) total += counts[i] ?? 0;
  return total;
}
