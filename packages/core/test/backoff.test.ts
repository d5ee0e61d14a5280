// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Backoff } from '../src/index.js';

describe('Backoff', () => {
  it('goes further and further, within its bound, and anew after success', () => {
    const backoff = new Backoff(1_000);
    const most = Array.from({ length: 50 }, () => backoff.next());
    expect(Math.max(...most)).toBeLessThanOrEqual(1_000);
    expect(Math.min(...most)).toBeGreaterThanOrEqual(20);
    expect(most[0]).toBeLessThanOrEqual(100);
    backoff.reset();
    expect(backoff.next()).toBeLessThanOrEqual(100);
  });
});
