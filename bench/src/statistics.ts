// SPDX-License-Identifier: Apache-2.0

/** A figure and how far it can be trusted: the middle 95 % of what resampling gives. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The value below which the share `q` (0 to 1) of the values lies, interpolated. Throws RangeError on none. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('a quantile of no values');
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? 0;
  return below + (above - below) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Random numbers in [0, 1) that are the same in every run: mulberry32 (public domain). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const RESAMPLES = 4_000;

/**
 * A quantile with its 95 % interval by the percentile bootstrap (Efron, Tibshirani: An Introduction to the Bootstrap,
 * 1993, chapter 13). The same values always give the same interval.
 */
export function bootstrapQuantile(values: readonly number[], q: number, seed = 1): Estimate {
  const random = randomNumbers(seed);
  const resampled = new Array<number>(RESAMPLES);
  const sample = new Array<number>(values.length);
  for (let i = 0; i < RESAMPLES; i++) {
    for (let j = 0; j < sample.length; j++) sample[j] = values[Math.floor(random() * values.length)] ?? 0;
    resampled[i] = quantile(sample, q);
  }
  return { value: quantile(values, q), low: quantile(resampled, 0.025), high: quantile(resampled, 0.975) };
}

/** The median with its 95 % interval: {@link bootstrapQuantile}. */
export const bootstrapMedian = (values: readonly number[], seed?: number): Estimate =>
  bootstrapQuantile(values, 0.5, seed);

/** How large a ratio may look although nothing differs: the farther end from 1 of an A/A interval. */
export const noiseFloor = (sameAgainstSame: Estimate): number =>
  Math.max(Math.abs(sameAgainstSame.low - 1), Math.abs(sameAgainstSame.high - 1));
