// SPDX-License-Identifier: Apache-2.0
import { bootstrapMedian, type Estimate, median, noiseFloor } from './statistics.js';

/** The two sides of a comparison: what is judged, and what it is judged against. */
export type Side = 'on' | 'off';

/** Both sides measured next to each other. */
export interface Pair {
  readonly on: number;
  readonly off: number;
}

/** What a series of pairs says. */
export interface Comparison {
  /** Median of on ÷ off over the pairs, with its interval. */
  readonly ratio: Estimate;
  /** Median of each side, in its own unit. */
  readonly on: number;
  readonly off: number;
  readonly pairs: number;
}

/**
 * The order of 2 × `pairs` slices: off on, on off, off on ... (ABBA), so that a machine that gets slower or faster
 * steadily favours neither side.
 */
export function abbaOrder(pairs: number): Side[] {
  return Array.from({ length: pairs }, (_, i): Side[] =>
    i % 2 === 0 ? ['off', 'on'] : ['on', 'off'],
  ).flat();
}

/** Measures slices in ABBA order; neighbours make a pair. `measure` returns a cost, e.g. ns of CPU per request. */
export async function measurePairs(pairs: number, measure: (side: Side) => Promise<number>): Promise<Pair[]> {
  const done: Pair[] = [];
  let half: { side: Side; cost: number } | undefined;
  for (const side of abbaOrder(pairs)) {
    const cost = await measure(side);
    if (half === undefined) {
      half = { side, cost };
      continue;
    }
    done.push(side === 'on' ? { on: cost, off: half.cost } : { on: half.cost, off: cost });
    half = undefined;
  }
  return done;
}

/** The median of the pairs' ratios: each pair is its own control, a disturbed one moves the median little. */
export function compare(pairs: readonly Pair[]): Comparison {
  return {
    ratio: bootstrapMedian(pairs.map(({ on, off }) => on / off)),
    on: median(pairs.map(({ on }) => on)),
    off: median(pairs.map(({ off }) => off)),
    pairs: pairs.length,
  };
}

/** Whether a comparison says more than the same measurement of two equal sides did. */
export const isAboveNoise = (comparison: Comparison, sameAgainstSame: Comparison): boolean =>
  Math.abs(comparison.ratio.value - 1) > noiseFloor(sameAgainstSame.ratio);
