// SPDX-License-Identifier: Apache-2.0
import type { Estimate } from './statistics.js';

/** What a figure is held against: a line of the design's budgets. */
export interface Budget {
  /** As the design has it. */
  readonly text: string;
  readonly limit: number;
  readonly better: 'lower' | 'higher';
}

/** One figure. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Interval of `value`, where it was measured more than once. */
  readonly interval?: { readonly low: number; readonly high: number };
  /** For ratios: what the same measurement of two equal sides gave, as a distance from 1. */
  readonly noise?: number;
  readonly budget?: Budget;
  /** How it was measured where that is not the rule, or what it does not say. */
  readonly note?: string;
}

/** How a run is to be made. */
export interface Mode {
  /** Fewer and shorter slices. */
  readonly quick: boolean;
  /** Tells what is being done. */
  readonly say: (line: string) => void;
}

/** One benchmark. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  run(mode: Mode): Promise<Row[]>;
}

/** A row of an estimate. */
export const row = (what: string, unit: string, estimate: Estimate, more: Partial<Row> = {}): Row => ({
  what,
  unit,
  value: estimate.value,
  interval: { low: estimate.low, high: estimate.high },
  ...more,
});

export type Verdict = 'met' | 'missed' | 'met, not certain' | 'missed, not certain';

/**
 * Whether a budget was met, by the value; "not certain" when the limit lies inside the interval, or is closer to a
 * ratio than the noise floor.
 */
export function verdict({ value, interval, noise = 0, budget }: Row): Verdict | undefined {
  if (budget === undefined) return undefined;
  const { limit, better } = budget;
  const met = better === 'lower' ? value <= limit : value >= limit;
  const within = interval !== undefined && interval.low <= limit && limit <= interval.high;
  const certain = !within && Math.abs(value - limit) >= noise;
  return `${met ? 'met' : 'missed'}${certain ? '' : ', not certain'}`;
}
