// SPDX-License-Identifier: Apache-2.0
import type { Difference } from '@undermesh/schema';

/** Places of a difference and its interval on a line from -1 (faster) to 1 (slower), 0 in the middle. */
export interface IntervalPlaces {
  low: number;
  middle: number;
  high: number;
  /** The interval goes on beyond the line's end. */
  leaves: 'low' | 'high' | null;
  /** Both directions are possible: drawn hollow. */
  unsure: boolean;
}

/** Relative change at the ends of the line; for shares of failures, percentage points. */
const LIMIT = { relative: 0.3, points: 0.03 } as const;

/** `null` when there is no interval to draw. */
export function intervalPlaces({ figure, change, low, high }: Difference): IntervalPlaces | null {
  if (change === null || low === null || high === null) return null;
  const limit = figure === 'failed_share' ? LIMIT.points : LIMIT.relative;
  const at = (value: number): number => Math.max(-1, Math.min(1, value / limit));
  return {
    low: at(low),
    middle: at(change),
    high: at(high),
    leaves: change < -limit ? 'low' : change > limit ? 'high' : null,
    unsure: low <= 0 && high >= 0,
  };
}
