// SPDX-License-Identifier: Apache-2.0
import { Cells } from './cells.js';
import { SealedCells } from './sealed-cells.js';

/** Width of a fine bucket and how long they are kept. */
export const FINE_MS = 10_000;
export const FINE_KEPT_MS = 3_600_000;
/** Width of a coarse bucket and how long they are kept. */
export const COARSE_MS = 60_000;
export const COARSE_KEPT_MS = 86_400_000;
/** Between minutes and hours, for as long as minutes are kept; a day is drawn with the wider ones. */
export const FIVE_MINUTES_MS = 300_000;
export const QUARTER_HOUR_MS = 900_000;
/** Width of the coarsest bucket that is written down; kept for as long as the timeline is told. */
export const HOUR_MS = 3_600_000;
export const HOURS_KEPT_MS = 31 * 86_400_000;
/** Quarters of a day and days are added up from hours, for long windows; never written down. */
export const QUARTER_DAY_MS = 21_600_000;
export const DAY_MS = 86_400_000;

/** Figures of all edges within one stretch of time. */
export interface Bucket {
  readonly start: number;
  sealed: SealedCells | null;
  cells: Cells | null;
  writtenAt: number;
  /** Its finer buckets are gone or no longer tell all: it cannot be summed up anew. */
  final: boolean;
}

/** Buckets of one width. */
export interface Tier {
  readonly at: number;
  readonly width: number;
  readonly keptMs: number;
  readonly buckets: Map<number, Bucket>;
  /** Starts of buckets that must be summed up anew. */
  readonly stale: Set<number>;
}

/** Unix ms, inclusive and exclusive; bucket borders are taken as they fall. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** All widths, finest first. */
export class Tiers {
  readonly list: readonly Tier[];
  /** Those that are written down; whatever is wider can be added up from them again. */
  readonly stored: readonly Tier[];

  constructor(hoursKeptMs: number) {
    const widths: readonly (readonly [width: number, keptMs: number])[] = [
      [FINE_MS, FINE_KEPT_MS],
      [COARSE_MS, COARSE_KEPT_MS],
      [FIVE_MINUTES_MS, COARSE_KEPT_MS],
      [QUARTER_HOUR_MS, COARSE_KEPT_MS],
      [HOUR_MS, hoursKeptMs],
      [QUARTER_DAY_MS, hoursKeptMs],
      [DAY_MS, hoursKeptMs],
    ];
    this.list = widths.map(([width, keptMs], at) => ({
      at,
      width,
      keptMs,
      buckets: new Map(),
      stale: new Set(),
    }));
    this.stored = this.list.filter(({ width }) => width <= HOUR_MS);
  }

  /** The tier of a width, `undefined` when there is none. */
  ofWidth(width: number): Tier | undefined {
    return this.list.find((tier) => tier.width === width);
  }

  /** The next finer tier. Throws RangeError for the finest. */
  below(tier: Tier): Tier {
    const below = this.list[tier.at - 1];
    if (below === undefined) throw new RangeError('the finest buckets have none below them');
    return below;
  }

  /** The buckets that one is summed up from, as far as there are any. */
  *partsOf(tier: Tier, start: number): Iterable<Bucket> {
    const { buckets, width } = this.below(tier);
    for (let at = start; at < start + tier.width; at += width) {
      const bucket = buckets.get(at);
      if (bucket !== undefined) yield bucket;
    }
  }

  /** Whether anything finer tells of the time of a bucket. */
  hasParts(tier: Tier, start: number): boolean {
    if (tier.at === 0) return false;
    const below = this.below(tier);
    for (let at = start; at < start + tier.width; at += below.width)
      if (below.buckets.has(at) || this.hasParts(below, at)) return true;
    return false;
  }
}

export const floor = (time: number, width: number): number => Math.floor(time / width) * width;
export const ceil = (time: number, width: number): number => Math.ceil(time / width) * width;

/** A bucket's cells as one, `null` when there are none. */
export function sealedOf(bucket: Bucket | undefined, draft?: Cells): SealedCells | null {
  const sealed = bucket?.sealed ?? null;
  const open = [bucket?.cells, draft].filter((cells): cells is Cells => cells != null);
  if (open.length === 0) return sealed;
  const [only] = open;
  if (sealed === null && open.length === 1 && only !== undefined) return SealedCells.of(only);
  const sum = new Cells();
  sealed?.addTo(sum);
  for (const cells of open) sum.mergeCells(cells);
  return SealedCells.of(sum);
}
