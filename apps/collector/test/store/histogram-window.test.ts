// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { histogramOf, histogramWindow } from '../../src/store/histogram-window.js';

const NS = 1_000_000_000n;
const T = 1_793_000_040n * NS;

describe('histogramWindow', () => {
  it.each([
    [1n, 1],
    [60n, 1],
    [119n, 1],
    [120n, 2],
    [1800n, 30],
    [86_400n, 900],
    [2_678_400n, 43_200],
    [56n * 365n * 86_400n, 14_860_800],
  ])('cuts %d s into at most 120 round steps that cover it', (seconds, step) => {
    const window = histogramWindow(T, T + seconds * NS);
    expect(window.stepNs).toBe(BigInt(step) * NS);
    expect(window.steps).toBeLessThanOrEqual(120);
    expect(window.fromNs % window.stepNs).toBe(0n);
    expect(window.fromNs).toBeLessThanOrEqual(T);
    expect(window.fromNs + BigInt(window.steps) * window.stepNs).toBeGreaterThanOrEqual(T + seconds * NS);
  });

  it('knows nothing of the time before the oldest row', () => {
    const window = histogramWindow(T, T + 4n * NS);
    const counts = { matched: 3, closed: [0, 0, 2, 0], failed: [0, 0, 1, 0] };
    expect(histogramOf(window, counts, { oldestNs: T + 2n * NS, behindNs: null })).toMatchObject({
      ended: [null, null, 2, 0],
      failed: [null, null, 1, 0],
    });
    expect(histogramOf(window, counts, { oldestNs: null, behindNs: null })?.ended).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it('shows no figure for a step whose ends cannot be found yet', () => {
    const window = histogramWindow(T, T + 4n * NS);
    const counts = { matched: 3, closed: [1, 2, 3, 0], failed: [0, 0, 0, 0] };
    const behind = (ns: bigint) => histogramOf(window, counts, { oldestNs: T, behindNs: ns })?.ended;
    expect(behind(T + 2n * NS + 1n)).toEqual([1, 2, null, null]);
    expect(behind(T + 2n * NS)).toEqual([1, 2, null, null]);
    expect(behind(T + 4n * NS)).toEqual([1, 2, 3, 0]);
  });
});
