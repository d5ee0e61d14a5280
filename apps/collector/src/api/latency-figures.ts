// SPDX-License-Identifier: Apache-2.0
import type { Distribution, HeatMap, QuantileLines } from '@undermesh/schema';
import type { Bins } from '../aggregate/bins.js';
import { BINS, binLimit, binValue, meanOf, quantilesOf } from '../aggregate/histogram.js';
import { toTime } from '../aggregate/mesh-view.js';
import type { Stretch } from '../aggregate/tiers.js';

const ROWS_PER_OCTAVE = 4;
const MOST_POINTS = 200;

/** Steps of a window: index i covers [from + i·stepMs, from + (i+1)·stepMs), Unix ms. */
export interface LatencySteps {
  readonly from: number;
  readonly stepMs: number;
  readonly count: number;
  /** Whether anybody reported of a stretch. */
  readonly isKnown: (of: Stretch) => boolean;
}

const isAbsent = ({ from, stepMs, isKnown }: LatencySteps, step: number): boolean =>
  !isKnown({ from: from + step * stepMs, to: from + (step + 1) * stepMs });

/**
 * The row of each bin, counted from 1 µs: row r holds (2^((r-1)/4), 2^(r/4)] µs, row 0 all up to 1 µs. As it is
 * looked up for every bin of every step, it is worked out once.
 */
const ROWS = Uint16Array.from({ length: BINS }, (_, bin) => {
  const value = binValue(bin);
  return value <= 1 ? 0 : Math.ceil(ROWS_PER_OCTAVE * Math.log2(value));
});
const MOST_ROWS = (ROWS.at(-1) ?? 0) + 1;

/** Counts by step and row. Rows reach from the fastest to the slowest that occur. */
export function heatOf(steps: LatencySteps, bins: readonly Bins[]): HeatMap {
  let lowest = MOST_ROWS;
  let highest = -1;
  const columns = bins.map((one) => {
    const rows = new Float64Array(MOST_ROWS);
    one.forEach((samples, bin) => {
      if (samples <= 0) return;
      const row = ROWS[bin] ?? 0;
      rows[row] = (rows[row] ?? 0) + samples;
      if (row < lowest) lowest = row;
      if (row > highest) highest = row;
    });
    return rows;
  });
  const borders = highest < 0 ? 0 : highest - lowest + 1;
  const cells: [number, number, number][] = [];
  for (const [column, rows] of columns.entries()) {
    for (let row = lowest; row <= highest; row++) {
      const samples = rows[row] ?? 0;
      if (samples > 0) cells.push([column, row - lowest, samples]);
    }
  }
  return {
    from: toTime(steps.from),
    stepSeconds: steps.stepMs / 1000,
    columns: steps.count,
    bordersUs: Array.from({ length: borders }, (_, at) => rounded(2 ** ((lowest + at) / ROWS_PER_OCTAVE), 3)),
    cells,
    absent: Array.from({ length: steps.count }, (_, step) => step).filter((step) => isAbsent(steps, step)),
  };
}

/** Percentiles by step. */
export function linesOf(steps: LatencySteps, bins: readonly (Bins | undefined)[]): QuantileLines {
  const quantiles = bins.map(quantilesOf);
  return {
    count: quantiles.map(({ count }, step) => (isAbsent(steps, step) ? null : count)),
    p50: quantiles.map(({ p50 }) => p50),
    p90: quantiles.map(({ p90 }) => p90),
    p95: quantiles.map(({ p95 }) => p95),
    p99: quantiles.map(({ p99 }) => p99),
  };
}

/** Figures and the cumulative curve, whose points are exact borders of bins. */
export function distributionOf(bins: Bins): Distribution {
  const { total } = bins;
  const points: [number, number][] = [];
  let seen = 0;
  bins.forEach((samples, bin) => {
    if (samples <= 0) return;
    if (seen === 0 && bin > 0) points.push([rounded(binLimit(bin - 1), 1), 0]);
    seen += samples;
    points.push([rounded(binLimit(bin), 1), rounded(seen / total, 6)]);
  });
  const every = Math.ceil(points.length / (MOST_POINTS - 1));
  const mean = meanOf(bins);
  return {
    quantiles: quantilesOf(bins),
    meanUs: mean === null ? null : rounded(mean, 1),
    ecdf: points.filter((_, at) => at % every === 0 || at === points.length - 1),
  };
}

const rounded = (value: number, digits: number): number => {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
};
