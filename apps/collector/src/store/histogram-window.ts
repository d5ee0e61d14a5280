// SPDX-License-Identifier: Apache-2.0
import type { Connections } from '@undermesh/schema';
import type { ConnectionCounts, EndSource } from './end-source.js';

/** Steps of a histogram: index i covers [from + i·step, from + (i+1)·step). */
export interface HistogramWindow {
  readonly fromNs: bigint;
  readonly stepNs: bigint;
  readonly steps: number;
}

const MAX_STEPS = 120;
const STEP_SECONDS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
];
const NS = 1_000_000_000n;

/** Cuts a window into at most 120 steps of a round length, aligned to multiples of it. */
export function histogramWindow(fromNs: bigint, toNs: bigint): HistogramWindow {
  const span = toNs > fromNs ? toNs - fromNs : NS;
  const wholeDays = Math.ceil(Number(span / NS) / (MAX_STEPS - 1) / 86_400) * 86_400;
  const seconds = STEP_SECONDS.find((step) => span <= BigInt(step * (MAX_STEPS - 1)) * NS) ?? wholeDays;
  const stepNs = BigInt(seconds) * NS;
  const start = fromNs - (((fromNs % stepNs) + stepNs) % stepNs);
  const steps = Number((toNs - start + stepNs - 1n) / stepNs);
  return { fromNs: start, stepNs, steps: Math.max(1, Math.min(MAX_STEPS, steps)) };
}

/**
 * The API's shape. Steps that lie before the oldest row are `null`, because nobody knows what happened then, and so are
 * those with ends that cannot be found yet.
 */
export function histogramOf(
  window: HistogramWindow,
  counts: ConnectionCounts,
  { oldestNs, behindNs }: Pick<EndSource, 'oldestNs' | 'behindNs'>,
): Connections['histogram'] {
  const known = (step: number): boolean => {
    const endNs = window.fromNs + BigInt(step + 1) * window.stepNs;
    return oldestNs !== null && endNs > oldestNs && (behindNs === null || endNs <= behindNs);
  };
  const figures = (of: readonly number[]): (number | null)[] =>
    Array.from({ length: window.steps }, (_, step) => (known(step) ? (of[step] ?? 0) : null));
  return {
    from: new Date(Number(window.fromNs / 1_000_000n)).toISOString(),
    stepSeconds: Number(window.stepNs / NS),
    ended: figures(counts.closed),
    failed: figures(counts.failed),
  };
}
