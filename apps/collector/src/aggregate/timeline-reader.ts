// SPDX-License-Identifier: Apache-2.0
import { Cells } from './cells.js';
import type { CellsPart } from './sealed-cells.js';
import { type Bucket, ceil, FINE_MS, floor, HOUR_MS, type Stretch, type Tier, type Tiers } from './tiers.js';

/** What {@link TimelineReader.sum} takes. */
export interface SumOptions extends Stretch {
  /** Default true. */
  readonly histograms?: boolean;
}

/** Reads figures by time. Each part of a stretch comes from the coarsest buckets that fit. */
export class TimelineReader {
  readonly #tiers: Tiers;

  constructor(tiers: Tiers) {
    this.#tiers = tiers;
  }

  /** Start of the oldest bucket, `null` when there is none. */
  oldest(): number | null {
    let oldest: number | null = null;
    for (const { buckets } of this.#tiers.list)
      for (const start of buckets.keys()) if (oldest === null || start < oldest) oldest = start;
    return oldest;
  }

  /** Whether anything was counted in a stretch. */
  hasAny({ from, to }: Stretch): boolean {
    // The coarsest first: there are the fewest of them to be looked for.
    return this.#tiers.list.toReversed().some(({ buckets, width }) => {
      for (let start = floor(from, width); start < to; start += width) if (buckets.has(start)) return true;
      return false;
    });
  }

  /** How exactly the borders of a stretch are kept: the width of the buckets there, ms. */
  resolutionMs({ from, to }: Stretch, now: number): number {
    const widthAt = (time: number): number => {
      const there = this.#tiers.list.find(({ buckets, width }) => buckets.has(floor(time, width)));
      const byAge = this.#tiers.list.find(({ keptMs }) => now - time <= keptMs);
      const width = there === undefined ? byAge?.width : this.#finestWithin(there, time);
      return Math.min(width ?? HOUR_MS, HOUR_MS);
    };
    return Math.max(widthAt(from), widthAt(Math.max(from, to - 1)));
  }

  /** The width of the finest buckets that tell of the same as the bucket at `time`: they are there wherever anything was. */
  #finestWithin(tier: Tier, time: number): number {
    const start = floor(time, tier.width);
    const finer = this.#tiers.list.slice(0, tier.at).find(({ buckets, width }) => {
      for (let at = start; at < start + tier.width; at += width) if (buckets.has(at)) return true;
      return false;
    });
    return (finer ?? tier).width;
  }

  /** All cells of a stretch of time, added up. */
  sum({ from, to, histograms = true }: SumOptions): Cells {
    const sum = new Cells();
    this.#cover({ from: floor(from, FINE_MS), to, isFirst: true }, ({ sealed, cells }) => {
      sealed?.addTo(sum, histograms);
      if (cells !== null) sum.mergeCells(cells, histograms);
    });
    return sum;
  }

  /**
   * Visits what lies in each of `steps` equal parts of a stretch, without adding it up. Each bucket is visited once, in
   * the step that it begins in; `of` is what it covers.
   */
  columns(
    { from, to, steps }: Stretch & { readonly steps: number },
    visit: (step: number, part: CellsPart, of: Stretch) => void,
  ): void {
    const stepMs = (to - from) / steps;
    for (let step = 0; step < steps; step++) {
      const part = { from: from + step * stepMs, to: from + (step + 1) * stepMs };
      const start = step === 0 ? floor(part.from, FINE_MS) : ceil(part.from, FINE_MS);
      this.#cover({ from: start, to: part.to, isFirst: step === 0 }, ({ sealed, cells }, of) => {
        if (sealed !== null) visit(step, sealed, of);
        if (cells !== null) visit(step, cells, of);
      });
    }
  }

  /** Visits the finest that is kept of a stretch, as one bucket of {@link columns} covers. */
  finest(stretch: Stretch, visit: (part: CellsPart, of: Stretch) => void): void {
    for (const { buckets, width } of this.#tiers.list) {
      const starts = [...buckets.keys()].filter(
        (start) => start >= stretch.from && start + width <= stretch.to,
      );
      for (const start of starts) {
        for (const part of [buckets.get(start)?.sealed, buckets.get(start)?.cells])
          if (part != null) visit(part, { from: start, to: start + width });
      }
      if (starts.length > 0) return;
    }
  }

  /** Whether an edge is named by any bucket, by edge number. */
  edgesInUse(): Uint8Array {
    const parts: CellsPart[] = [];
    let top = 0;
    for (const { buckets } of this.#tiers.list) {
      for (const { sealed, cells } of buckets.values()) {
        for (const part of [sealed, cells]) {
          if (part === null) continue;
          parts.push(part);
          for (let row = 0; row < part.count; row++) top = Math.max(top, part.edge(row));
        }
      }
    }
    const inUse = new Uint8Array(top + 1);
    for (const part of parts) for (let row = 0; row < part.count; row++) inUse[part.edge(row)] = 1;
    return inUse;
  }

  /** Calls back for the coarsest buckets that cover a stretch. */
  #cover(of: Stretch & { readonly isFirst: boolean }, visit: (bucket: Bucket, of: Stretch) => void): void {
    const cover = (tier: Tier, from: number, to: number): void => {
      for (let start = floor(from, tier.width); start < to; start += tier.width) {
        const bucket = tier.buckets.get(start);
        const isWhole = start >= from && start + tier.width <= to;
        const isTrue = bucket !== undefined && !tier.stale.has(start);
        const below = this.#tiers.list[tier.at - 1];
        // Where there is no bucket, looking for parts first would take as long as visiting them.
        const isSplit = bucket === undefined || (!(isTrue && isWhole) && this.#tiers.hasParts(tier, start));
        if (below !== undefined && isSplit) {
          cover(below, Math.max(start, from), Math.min(start + tier.width, to));
        } else if (bucket !== undefined && (start >= from || (of.isFirst && from === of.from))) {
          visit(bucket, { from: start, to: start + tier.width });
        }
      }
    };
    const coarsest = this.#tiers.list.at(-1);
    if (coarsest !== undefined) cover(coarsest, of.from, of.to);
  }
}
