// SPDX-License-Identifier: Apache-2.0
import { Cells } from './cells.js';
import { type CellsPart, SealedCells } from './sealed-cells.js';

/** Width of a fine bucket and how long they are kept. */
export const FINE_MS = 10_000;
export const FINE_KEPT_MS = 3_600_000;
/** Width of a coarse bucket and how long they are kept. */
export const COARSE_MS = 60_000;
export const COARSE_KEPT_MS = 86_400_000;
/** Between minutes and hours, for as long as minutes are kept: what a day is drawn with. */
export const FIVE_MINUTES_MS = 300_000;
/** Width of the coarsest bucket that is written down; kept for as long as the timeline is told. */
export const HOUR_MS = 3_600_000;
export const HOURS_KEPT_MS = 31 * 86_400_000;
/** Days are added up from hours, for long windows; never written down. */
const DAY_MS = 86_400_000;

/** A bucket is open for writing in place until nothing was added for this long. */
const SETTLE_MS = 30_000;
/** Widths below this number of tiers; a key is the start times this, plus the tier. */
const TIERS = 5;

interface Bucket {
  readonly start: number;
  sealed: SealedCells | null;
  cells: Cells | null;
  writtenAt: number;
  /** Its finer buckets are gone or no longer tell all: it cannot be summed up anew. */
  final: boolean;
}

interface Tier {
  readonly at: number;
  readonly width: number;
  readonly keptMs: number;
  readonly buckets: Map<number, Bucket>;
  /** Starts of buckets that must be summed up anew. */
  readonly stale: Set<number>;
}

export interface TimelineOptions {
  /** Sealed cells kept at most; the oldest minutes go first, then the oldest hours. */
  readonly maxCells?: number;
  readonly hoursKeptMs?: number | undefined;
}

/** Unix ms, inclusive and exclusive; bucket borders are taken as they fall. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** What {@link Timeline.sum} takes. */
export interface SumOptions extends Stretch {
  /** Default true. */
  readonly histograms?: boolean;
}

/** A bucket as it is written down: `cells` is `null` when it is no longer there. */
export interface Rollup {
  readonly widthMs: number;
  readonly start: number;
  readonly cells: SealedCells | null;
  readonly final: boolean;
}

/**
 * Edge figures by time: 10 s buckets for an hour, minutes and five minutes for a day, hours for a month. Each is summed up from the finer
 * ones once those have settled. Records that come late go to the finest bucket that still tells all of its time; what
 * lies above it is summed up anew.
 */
export class Timeline {
  readonly #tiers: readonly Tier[];
  readonly #maxCells: number;
  /** Keys of buckets that differ from what was written down. */
  readonly #dirty = new Set<number>();
  #draft: Map<number, Cells> | null = null;
  #sealed = 0;
  #bytes = 0;
  #last: Bucket | null = null;
  /** Records that were too old for any bucket, and sealed cells given up because there were too many. */
  late = 0;
  droppedCells = 0;

  constructor({ maxCells = 3_000_000, hoursKeptMs = HOURS_KEPT_MS }: TimelineOptions = {}) {
    this.#maxCells = maxCells;
    const tier = (at: number, width: number, keptMs: number): Tier => ({
      at,
      width,
      keptMs,
      buckets: new Map(),
      stale: new Set(),
    });
    this.#tiers = [
      tier(0, FINE_MS, FINE_KEPT_MS),
      tier(1, COARSE_MS, COARSE_KEPT_MS),
      tier(2, FIVE_MINUTES_MS, COARSE_KEPT_MS),
      tier(3, HOUR_MS, hoursKeptMs),
      tier(4, DAY_MS, hoursKeptMs),
    ];
  }

  /** Cells of closed buckets, and what they take, for the metrics. */
  get sealedCells(): number {
    return this.#sealed;
  }

  get sealedBytes(): number {
    return this.#bytes;
  }

  /** Where to count what happened at `time`; what lies ahead of `now` counts as now. `null`: older than what is kept. */
  at(time: number, now: number): Cells | null {
    const moment = Math.min(time, now);
    const fine = floor(moment, FINE_MS);
    const last = this.#last;
    if (last !== null && last.start === fine && last.cells !== null && this.#draft === null) {
      last.writtenAt = now;
      return last.cells;
    }
    const tier = this.#tierFor(moment, now);
    if (tier === null) {
      this.late++;
      return null;
    }
    const start = floor(moment, tier.width);
    this.#dirty.add(start * TIERS + tier.at);
    for (const above of this.#tiers.slice(tier.at + 1)) {
      const parent = floor(start, above.width);
      if (above.buckets.get(parent)?.final !== false) continue;
      above.stale.add(parent);
      this.#dirty.add(parent * TIERS + above.at);
    }
    if (this.#draft !== null) return this.#drafted(this.#draft, start * TIERS + tier.at);
    if (tier.at > 0) this.#finalise(tier, start);
    const bucket = this.#open(tier, start, now);
    if (tier.at === 0) this.#last = bucket;
    return bucket.cells;
  }

  /** Closes, sums up and forgets what is due. Call it every few seconds. */
  tick(now: number): void {
    for (const tier of this.#tiers) {
      for (const bucket of tier.buckets.values()) {
        const settled = now - bucket.writtenAt >= SETTLE_MS && now - bucket.start >= tier.width + SETTLE_MS;
        if (bucket.cells !== null && settled) this.#seal(bucket);
      }
    }
    for (const tier of this.#tiers.slice(1)) {
      const due = new Set(tier.stale);
      for (const start of this.#below(tier).buckets.keys()) {
        const parent = floor(start, tier.width);
        if (!tier.buckets.has(parent)) due.add(parent);
      }
      for (const start of due) if (now - start >= tier.width + SETTLE_MS) this.#rollUp(tier, start);
    }
    this.#forget(now);
  }

  /** Start of the oldest bucket, `null` when there is none. */
  oldest(): number | null {
    let oldest: number | null = null;
    for (const { buckets } of this.#tiers)
      for (const start of buckets.keys()) if (oldest === null || start < oldest) oldest = start;
    return oldest;
  }

  /** How exactly the borders of a stretch are kept: the width of the buckets there, ms. */
  resolutionMs({ from, to }: Stretch, now: number): number {
    const widthAt = (time: number): number => {
      const there = this.#tiers.find(({ buckets, width }) => buckets.has(floor(time, width)));
      const byAge = this.#tiers.find(({ keptMs }) => now - time <= keptMs);
      const width = there === undefined ? byAge?.width : this.#finestWithin(there, time);
      return Math.min(width ?? HOUR_MS, HOUR_MS);
    };
    return Math.max(widthAt(from), widthAt(Math.max(from, to - 1)));
  }

  /** The width of the finest buckets that tell of the same as the bucket at `time`: they are there wherever anything was. */
  #finestWithin(tier: Tier, time: number): number {
    const start = floor(time, tier.width);
    const finer = this.#tiers.slice(0, tier.at).find(({ buckets, width }) => {
      for (let at = start; at < start + tier.width; at += width) if (buckets.has(at)) return true;
      return false;
    });
    return (finer ?? tier).width;
  }

  /** All cells of a stretch of time, added up. Each part of it comes from the coarsest buckets that fit. */
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
    for (const { buckets, width } of this.#tiers) {
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

  /** Has what `count` counts put aside; {@link snapshot} adds it to the buckets as they are written down. */
  draft(count: () => void): ReadonlyMap<number, Cells> {
    const draft = new Map<number, Cells>();
    this.#draft = draft;
    try {
      count();
    } finally {
      this.#draft = null;
    }
    return draft;
  }

  /**
   * Every bucket that has changed since the last snapshot, as it is now, and those that are gone. Buckets that got
   * something from a draft count as changed again at once.
   */
  snapshot(draft: ReadonlyMap<number, Cells>): Rollup[] {
    const rollups: Rollup[] = [];
    for (const key of this.#dirty) {
      const tier = this.#tiers[key % TIERS];
      if (tier === undefined || tier.width > HOUR_MS) continue;
      const start = Math.floor(key / TIERS);
      const bucket = tier.buckets.get(start);
      // One that is to be summed up anew is left out: a later run finds it missing and sums it up.
      const cells = tier.stale.has(start) ? null : sealedOf(bucket, draft.get(key));
      rollups.push({ widthMs: tier.width, start, cells, final: bucket?.final ?? false });
    }
    this.#dirty.clear();
    for (const key of draft.keys()) this.#dirty.add(key);
    return rollups;
  }

  /** Marks buckets as changed again: what {@link snapshot} gave could not be written down. */
  putBack(rollups: readonly Rollup[]): void {
    for (const { widthMs, start } of rollups) {
      const tier = this.#tiers.find(({ width }) => width === widthMs);
      if (tier !== undefined) this.#dirty.add(start * TIERS + tier.at);
    }
  }

  /** Takes up a bucket of an earlier run. Before anything is counted. */
  restore({ widthMs, start, cells, final }: Rollup): void {
    const tier = this.#tiers.find(({ width }) => width === widthMs);
    if (tier === undefined || cells === null) return;
    tier.buckets.set(start, { start, sealed: cells, cells: null, writtenAt: 0, final });
    this.#count(cells, 1);
  }

  /** Whether an edge is named by any bucket, by edge number. */
  edgesInUse(): Uint8Array {
    const parts: CellsPart[] = [];
    let top = 0;
    for (const { buckets } of this.#tiers) {
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

  /** The finest tier that still tells all of a moment. */
  #tierFor(moment: number, now: number): Tier | null {
    const stored = this.#tiers.slice(0, -1);
    const young = stored.find(({ width, keptMs }) => now - floor(moment, width) < keptMs);
    if (young === undefined) return null;
    const closed = stored.findLast(({ buckets, width }) => buckets.get(floor(moment, width))?.final);
    return closed !== undefined && closed.at > young.at ? closed : young;
  }

  #drafted(draft: Map<number, Cells>, key: number): Cells {
    const known = draft.get(key);
    if (known !== undefined) return known;
    const cells = new Cells();
    draft.set(key, cells);
    return cells;
  }

  #below(tier: Tier): Tier {
    const below = this.#tiers[tier.at - 1];
    if (below === undefined) throw new RangeError('the finest buckets have none below them');
    return below;
  }

  *#partsOf(tier: Tier, start: number): Iterable<Bucket> {
    const { buckets, width } = this.#below(tier);
    for (let at = start; at < start + tier.width; at += width) {
      const bucket = buckets.get(at);
      if (bucket !== undefined) yield bucket;
    }
  }

  #hasParts(tier: Tier, start: number): boolean {
    if (tier.at === 0) return false;
    const below = this.#below(tier);
    for (let at = start; at < start + tier.width; at += below.width)
      if (below.buckets.has(at) || this.#hasParts(below, at)) return true;
    return false;
  }

  /** Calls back for the coarsest buckets that cover a stretch. */
  #cover(of: Stretch & { readonly isFirst: boolean }, visit: (bucket: Bucket, of: Stretch) => void): void {
    const cover = (tier: Tier, from: number, to: number): void => {
      for (let start = floor(from, tier.width); start < to; start += tier.width) {
        const bucket = tier.buckets.get(start);
        const isWhole = start >= from && start + tier.width <= to;
        const isTrue = bucket !== undefined && !tier.stale.has(start);
        const below = this.#tiers[tier.at - 1];
        // Where there is no bucket, looking for parts first would take as long as visiting them.
        const isSplit = bucket === undefined || (!(isTrue && isWhole) && this.#hasParts(tier, start));
        if (below !== undefined && isSplit) {
          cover(below, Math.max(start, from), Math.min(start + tier.width, to));
        } else if (bucket !== undefined && (start >= from || (of.isFirst && from === of.from))) {
          visit(bucket, { from: start, to: start + tier.width });
        }
      }
    };
    const coarsest = this.#tiers.at(-1);
    if (coarsest !== undefined) cover(coarsest, of.from, of.to);
  }

  #open(tier: Tier, start: number, now: number): Bucket {
    let bucket = tier.buckets.get(start);
    if (bucket === undefined) {
      bucket = { start, sealed: null, cells: null, writtenAt: now, final: tier.at > 0 };
      tier.buckets.set(start, bucket);
    }
    bucket.cells ??= new Cells();
    bucket.writtenAt = now;
    return bucket;
  }

  #seal(bucket: Bucket): void {
    if (bucket.cells === null) return;
    if (this.#last === bucket) this.#last = null;
    const sealed = sealedOf(bucket);
    this.#count(bucket.sealed, -1);
    this.#count(sealed, 1);
    bucket.sealed = sealed;
    bucket.cells = null;
  }

  #count(cells: SealedCells | null, sign: 1 | -1): void {
    if (cells === null) return;
    this.#sealed += sign * cells.count;
    this.#bytes += sign * cells.bytes;
  }

  /** Makes sure that a bucket holds all that its parts hold, before something is added to it alone. */
  #finalise(tier: Tier, start: number): void {
    const bucket = tier.buckets.get(start);
    if (bucket?.final === true) return;
    if (bucket === undefined || tier.stale.has(start)) {
      if (tier.at > 1) for (const part of this.#unrolled(tier, start)) this.#rollUp(this.#below(tier), part);
      for (const part of this.#partsOf(tier, start)) this.#seal(part);
      this.#rollUp(tier, start);
    }
    const made = tier.buckets.get(start);
    if (made !== undefined) made.final = true;
  }

  /** Starts of the buckets below one that are still to be summed up. */
  #unrolled(tier: Tier, start: number): number[] {
    const below = this.#below(tier);
    const starts: number[] = [];
    for (let at = start; at < start + tier.width; at += below.width) {
      if ((!below.buckets.has(at) && this.#hasParts(below, at)) || below.stale.has(at)) {
        for (const part of this.#partsOf(below, at)) this.#seal(part);
        starts.push(at);
      }
    }
    return starts;
  }

  /** Sums a bucket up from its parts, unless one of them is still open or to be summed up itself. */
  #rollUp(tier: Tier, start: number): void {
    const below = this.#below(tier);
    const sum = new Cells();
    let parts = 0;
    for (let at = start; at < start + tier.width; at += below.width) {
      const bucket = below.buckets.get(at);
      if (bucket === undefined ? this.#hasParts(below, at) : bucket.cells !== null || below.stale.has(at))
        return;
      bucket?.sealed?.addTo(sum);
      if (bucket !== undefined) parts++;
    }
    tier.stale.delete(start);
    if (parts === 0) return;
    this.#drop(tier, start);
    const sealed = SealedCells.of(sum);
    this.#count(sealed, 1);
    tier.buckets.set(start, { start, sealed, cells: null, writtenAt: 0, final: false });
    this.#dirty.add(start * TIERS + tier.at);
  }

  /** Drops what is too old, and what is too much. */
  #forget(now: number): void {
    for (const tier of this.#tiers) {
      const above = this.#tiers[tier.at + 1];
      const unit = above?.width ?? tier.width;
      const old = new Set<number>();
      for (const start of tier.buckets.keys()) {
        const parent = floor(start, unit);
        if (now - (parent + unit) >= tier.keptMs) old.add(parent);
      }
      for (const parent of old) this.#dropParts(tier, parent);
    }
    for (const tier of this.#tiers.slice(1, -1)) while (this.#sealed > this.#maxCells && this.#giveUp(tier));
  }

  /** Drops the oldest buckets of a tier that make up one above them, and all below. False when none can go. */
  #giveUp(tier: Tier): boolean {
    const above = this.#tiers[tier.at + 1];
    if (above === undefined || tier.buckets.size === 0) return false;
    const oldest = floor(Math.min(...tier.buckets.keys()), above.width);
    const isLast = tier.width < HOUR_MS && !above.buckets.has(oldest);
    if (isLast) return false;
    const before = this.#sealed;
    for (const below of this.#tiers.slice(0, tier.at)) {
      const unit = this.#tiers[below.at + 1]?.width ?? below.width;
      for (let start = oldest; start < oldest + above.width; start += unit) this.#dropParts(below, start);
    }
    this.#dropParts(tier, oldest);
    if (tier.width === HOUR_MS) this.#drop(above, oldest);
    this.droppedCells += before - this.#sealed;
    return true;
  }

  /** Drops all buckets of a tier that make up the one above them, which from now on stands for itself. */
  #dropParts(tier: Tier, parent: number): void {
    const above = this.#tiers[tier.at + 1];
    const unit = above?.width ?? tier.width;
    const whole = above?.buckets.get(parent);
    if (above !== undefined && whole !== undefined) {
      if (above.stale.has(parent)) this.#rollUp(above, parent);
      const made = above.buckets.get(parent);
      if (made !== undefined) made.final = true;
      this.#dirty.add(parent * TIERS + above.at);
    }
    for (let start = parent; start < parent + unit; start += tier.width) this.#drop(tier, start);
  }

  #drop(tier: Tier, start: number): void {
    const bucket = tier.buckets.get(start);
    if (bucket === undefined) return;
    this.#count(bucket.sealed, -1);
    tier.buckets.delete(start);
    tier.stale.delete(start);
    this.#dirty.add(start * TIERS + tier.at);
    if (this.#last === bucket) this.#last = null;
  }
}

const floor = (time: number, width: number): number => Math.floor(time / width) * width;
const ceil = (time: number, width: number): number => Math.ceil(time / width) * width;

/** A bucket's cells as one, `null` when there are none. */
function sealedOf(bucket: Bucket | undefined, draft?: Cells): SealedCells | null {
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
