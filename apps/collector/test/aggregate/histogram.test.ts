// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  BINS,
  binOf,
  binValue,
  quantile,
  RELATIVE_ERROR,
  SparseCounts,
} from '../../src/aggregate/histogram.js';

describe('histogram', () => {
  it('stands for every value from 1 µs to a century within its error', () => {
    for (let value = 1; value < 3.2e15; value *= 1.0137) {
      const estimate = binValue(binOf(value));
      expect(Math.abs(estimate - value) / value).toBeLessThanOrEqual(RELATIVE_ERROR + 1e-9);
    }
    expect(binValue(binOf(0))).toBe(0);
    expect(binOf(Number.MAX_VALUE)).toBe(BINS - 1);
  });

  it('has quantiles within its error, also when merged from parts', () => {
    const parts = [new Float64Array(BINS), new Float64Array(BINS)];
    const values: number[] = [];
    for (let i = 0; i < 5000; i++) {
      const value = Math.exp(Math.random() * 15);
      values.push(value);
      const part = parts[i % 2];
      if (part !== undefined) part[binOf(value)] = (part[binOf(value)] ?? 0) + 1;
    }
    const merged = parts[0]?.map((count, bin) => count + (parts[1]?.[bin] ?? 0)) ?? new Float64Array(0);
    values.sort((a, b) => a - b);
    for (const p of [0.01, 0.5, 0.9, 0.99, 1]) {
      const exact = values[Math.ceil(p * values.length) - 1] ?? 0;
      expect(Math.abs((quantile(merged, p) ?? 0) - exact) / exact).toBeLessThanOrEqual(RELATIVE_ERROR + 1e-9);
    }
    expect(quantile(new Float64Array(BINS), 0.5)).toBeNull();
  });

  it('counts sparsely what a map would count', () => {
    const counts = new SparseCounts();
    const expected = new Map<number, number>();
    for (let i = 0; i < 20_000; i++) {
      const key = Math.floor(Math.random() * 3000) * 1_000_003;
      counts.add(key, 2);
      expected.set(key, (expected.get(key) ?? 0) + 2);
    }
    const seen = new Map<number, number>();
    counts.forEach((key, count) => {
      seen.set(key, count);
    });
    expect(seen).toEqual(expected);
  });
});
