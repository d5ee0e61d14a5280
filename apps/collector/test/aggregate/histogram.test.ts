// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Bins } from '../../src/aggregate/bins.js';
import { BINS, binOf, binValue, meanOf, quantilesOf, RELATIVE_ERROR } from '../../src/aggregate/histogram.js';

describe('histogram', () => {
  it('stands for every value from 1 µs to a century within its error', () => {
    for (let value = 1; value < 3.2e15; value *= 1.0137) {
      const estimate = binValue(binOf(value));
      expect(Math.abs(estimate - value) / value).toBeLessThanOrEqual(RELATIVE_ERROR + 1e-9);
    }
    expect(binValue(binOf(0))).toBe(0);
    expect(binOf(Number.MAX_VALUE)).toBe(BINS - 1);
  });

  it('has quantiles within its error', () => {
    const bins = new Bins();
    const values: number[] = [];
    for (let i = 0; i < 5000; i++) {
      const value = Math.exp(Math.random() * 15);
      values.push(value);
      bins.add(binOf(value), 1);
    }
    values.sort((a, b) => a - b);
    const { count, p50, p90, p95, p99 } = quantilesOf(bins);
    expect(count).toBe(5000);
    for (const [p, estimate] of [
      [0.5, p50],
      [0.9, p90],
      [0.95, p95],
      [0.99, p99],
    ] as const) {
      const exact = values[Math.ceil(p * values.length) - 1] ?? 0;
      // Told to 0.1.
      expect(Math.abs((estimate ?? 0) - exact)).toBeLessThanOrEqual(exact * RELATIVE_ERROR + 0.05);
    }
  });

  it('has no quantiles of nothing', () => {
    const none = { count: 0, p50: null, p90: null, p95: null, p99: null };
    expect(quantilesOf(undefined)).toEqual(none);
    expect(quantilesOf(new Bins())).toEqual(none);
    const taken = new Bins();
    taken.add(7, 1);
    taken.add(7, -1);
    expect(quantilesOf(taken)).toEqual(none);
    expect(meanOf(taken)).toBeNull();
  });

  it('tells one sample by its bin, the lowest and the highest too', () => {
    for (const bin of [0, 1, 500, BINS - 1]) {
      const bins = new Bins();
      bins.add(bin, 1);
      const value = Math.round(binValue(bin) * 10) / 10;
      expect(quantilesOf(bins)).toEqual({ count: 1, p50: value, p90: value, p95: value, p99: value });
    }
  });
});
