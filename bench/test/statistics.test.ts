// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { bootstrapMedian, median, noiseFloor, quantile, randomNumbers } from '../src/statistics.js';

describe('quantiles', () => {
  it('interpolates between neighbours', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
  });

  it('refuses to make something of nothing', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('the bootstrap', () => {
  it('gives the same interval for the same values', () => {
    const values = [1.02, 0.98, 1.01, 1.05, 0.99, 1.0];
    expect(bootstrapMedian(values)).toEqual(bootstrapMedian(values));
  });

  it('holds the true median about 95 times out of 100', () => {
    const random = randomNumbers(42);
    let held = 0;
    for (let trial = 0; trial < 100; trial++) {
      const values = Array.from({ length: 15 }, () => 1 + 0.1 * (random() + random() + random() - 1.5));
      const { low, high } = bootstrapMedian(values, trial + 1);
      if (low <= 1 && 1 <= high) held++;
    }
    expect(held).toBeGreaterThanOrEqual(88);
    expect(held).toBeLessThan(100);
  }, 60_000);

  it('is narrower for more values', () => {
    const random = randomNumbers(7);
    const width = (count: number) => {
      const { low, high } = bootstrapMedian(Array.from({ length: count }, random));
      return high - low;
    };
    expect(width(200)).toBeLessThan(width(12));
  });

  it('does not see one wild value in ten', () => {
    const { low, high } = bootstrapMedian([1, 1, 1, 1, 1, 1, 1, 1, 1, 100]);
    expect([low, high]).toEqual([1, 1]);
  });
});

describe('the noise floor', () => {
  it('is the farther end from 1', () => {
    expect(noiseFloor({ value: 1, low: 0.97, high: 1.01 })).toBeCloseTo(0.03);
    expect(noiseFloor({ value: 1, low: 0.99, high: 1.04 })).toBeCloseTo(0.04);
  });
});
