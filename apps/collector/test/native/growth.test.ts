// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Growth } from '../../src/native/growth.js';

const at = (...values: number[]) => Float64Array.from(values);

describe('growth', () => {
  it('is not told from one sample, nor of what is not there', () => {
    const growth = new Growth();
    expect(growth.perSecond(0, 0)).toBeNull();
    growth.add(0, at(5));
    expect(growth.perSecond(0, 1_000)).toBeNull();
    expect(growth.perSecond(1, 60_000)).toBeNull();
  });

  it('is that of the last minute, and falls to 0 where nothing is told anew', () => {
    const growth = new Growth();
    for (let second = 0; second <= 120; second += 5) growth.add(second * 1000, at(second * 10));
    expect(growth.perSecond(0, 120_000)).toBe(10);
    expect(growth.perSecond(0, 150_000)).toBe(5);
    expect(growth.perSecond(0, 180_000)).toBe(0);
    expect(growth.perSecond(0, 1_000_000)).toBe(0);
  });

  it('of a figure that came later begins there', () => {
    const growth = new Growth();
    growth.add(0, at(1));
    growth.add(10_000, at(1, 100));
    growth.add(20_000, at(1, 150));
    expect(growth.perSecond(1, 20_000)).toBe(5);
  });
});
