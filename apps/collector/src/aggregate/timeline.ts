// SPDX-License-Identifier: Apache-2.0
import { Cells } from './cells.js';
import { SealedCells } from './sealed-cells.js';
import { type Bucket, FINE_MS, floor, HOUR_MS, HOURS_KEPT_MS, sealedOf, type Tier, Tiers } from './tiers.js';
import { TimelineReader } from './timeline-reader.js';

/** A bucket is open for writing in place until nothing was added for this long. */
const SETTLE_MS = 30_000;
/** As many as there are tiers, or more; a key is the start times this, plus the tier. */
const TIERS = 8;

export interface TimelineOptions {
  /** Sealed cells kept at most; the oldest minutes go first, then the oldest hours. */
  readonly maxCells?: number;
  readonly hoursKeptMs?: number | undefined;
}

/** A bucket as it is written down: `cells` is `null` when it is no longer there. */
export interface Rollup {
  readonly widthMs: number;
  readonly start: number;
  readonly cells: SealedCells | null;
  readonly final: boolean;
}

/**
 * Edge figures by time: 10 s buckets for an hour, minutes, five and fifteen of them for a day, hours for a month. Each is summed
 * up from the finer ones once those have settled. Records that come late go to the finest bucket that still tells all of
 * its time; what lies above it is summed up anew.
 */
export class Timeline {
  readonly #tiers: Tiers;
  /** Everything that is asked of it. */
  readonly read: TimelineReader;
  readonly #maxCells: number;
  /** Keys of buckets that differ from what was written down. */
  readonly #dirty = new Set<number>();
  #draft: Map<number, Cells> | null = null;
  #sealed = 0;
  #bytes = 0;
  /** The fine bucket that was counted in last, as long as it is open; none while a draft is made. */
  #last: Bucket | null = null;
  /** Records that were too old for any bucket, and sealed cells given up because there were too many. */
  late = 0;
  droppedCells = 0;

  constructor({ maxCells = 3_300_000, hoursKeptMs = HOURS_KEPT_MS }: TimelineOptions = {}) {
    this.#maxCells = maxCells;
    this.#tiers = new Tiers(hoursKeptMs);
    this.read = new TimelineReader(this.#tiers);
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
    const last = this.#last;
    if (last !== null && moment >= last.start && moment < last.start + FINE_MS) {
      last.writtenAt = now;
      return last.cells;
    }
    return this.#find(moment, now);
  }

  #find(moment: number, now: number): Cells | null {
    const tier = this.#tierFor(moment, now);
    if (tier === null) {
      this.late++;
      return null;
    }
    const start = floor(moment, tier.width);
    this.#dirty.add(start * TIERS + tier.at);
    for (const above of this.#tiers.list.slice(tier.at + 1)) {
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
    for (const tier of this.#tiers.list) {
      for (const bucket of tier.buckets.values()) {
        const settled = now - bucket.writtenAt >= SETTLE_MS && now - bucket.start >= tier.width + SETTLE_MS;
        if (bucket.cells !== null && settled) this.#seal(bucket);
      }
    }
    for (const tier of this.#tiers.list.slice(1)) {
      const due = new Set(tier.stale);
      for (const start of this.#tiers.below(tier).buckets.keys()) {
        const parent = floor(start, tier.width);
        if (!tier.buckets.has(parent)) due.add(parent);
      }
      for (const start of due) if (now - start >= tier.width + SETTLE_MS) this.#rollUp(tier, start);
    }
    this.#forget(now);
  }

  /** Has what `count` counts put aside; {@link snapshot} adds it to the buckets as they are written down. */
  draft(count: () => void): ReadonlyMap<number, Cells> {
    const draft = new Map<number, Cells>();
    this.#draft = draft;
    this.#last = null;
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
      const tier = this.#tiers.list[key % TIERS];
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
      const tier = this.#tiers.ofWidth(widthMs);
      if (tier !== undefined) this.#dirty.add(start * TIERS + tier.at);
    }
  }

  /** Takes up a bucket of an earlier run. Before anything is counted. */
  restore({ widthMs, start, cells, final }: Rollup): void {
    const tier = this.#tiers.ofWidth(widthMs);
    if (tier === undefined || cells === null) return;
    tier.buckets.set(start, { start, sealed: cells, cells: null, writtenAt: 0, final });
    this.#count(cells, 1);
  }

  /** The finest tier that still tells all of a moment. */
  #tierFor(moment: number, now: number): Tier | null {
    const { stored } = this.#tiers;
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
      if (tier.at > 1)
        for (const part of this.#unrolled(tier, start)) this.#rollUp(this.#tiers.below(tier), part);
      for (const part of this.#tiers.partsOf(tier, start)) this.#seal(part);
      this.#rollUp(tier, start);
    }
    const made = tier.buckets.get(start);
    if (made !== undefined) made.final = true;
  }

  /** Starts of the buckets below one that are still to be summed up. */
  #unrolled(tier: Tier, start: number): number[] {
    const below = this.#tiers.below(tier);
    const starts: number[] = [];
    for (let at = start; at < start + tier.width; at += below.width) {
      if ((!below.buckets.has(at) && this.#tiers.hasParts(below, at)) || below.stale.has(at)) {
        for (const part of this.#tiers.partsOf(below, at)) this.#seal(part);
        starts.push(at);
      }
    }
    return starts;
  }

  /** Sums a bucket up from its parts, unless one of them is still open or to be summed up itself. */
  #rollUp(tier: Tier, start: number): void {
    const below = this.#tiers.below(tier);
    const sum = new Cells();
    let parts = 0;
    for (let at = start; at < start + tier.width; at += below.width) {
      const bucket = below.buckets.get(at);
      if (
        bucket === undefined ? this.#tiers.hasParts(below, at) : bucket.cells !== null || below.stale.has(at)
      )
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
    for (const tier of this.#tiers.list) {
      const above = this.#tiers.list[tier.at + 1];
      const unit = above?.width ?? tier.width;
      const old = new Set<number>();
      for (const start of tier.buckets.keys()) {
        const parent = floor(start, unit);
        if (now - (parent + unit) >= tier.keptMs) old.add(parent);
      }
      for (const parent of old) this.#dropParts(tier, parent);
    }
    for (const tier of this.#tiers.stored.slice(1))
      while (this.#sealed > this.#maxCells && this.#giveUp(tier));
  }

  /** Drops the oldest buckets of a tier that make up one above them, and all below. False when none can go. */
  #giveUp(tier: Tier): boolean {
    const above = this.#tiers.list[tier.at + 1];
    if (above === undefined || tier.buckets.size === 0) return false;
    const oldest = floor(Math.min(...tier.buckets.keys()), above.width);
    const isLast = tier.width < HOUR_MS && !above.buckets.has(oldest);
    if (isLast) return false;
    const before = this.#sealed;
    for (const below of this.#tiers.list.slice(0, tier.at)) {
      const unit = this.#tiers.list[below.at + 1]?.width ?? below.width;
      for (let start = oldest; start < oldest + above.width; start += unit) this.#dropParts(below, start);
    }
    this.#dropParts(tier, oldest);
    if (tier.width === HOUR_MS)
      for (const wider of this.#tiers.list.slice(above.at)) this.#drop(wider, floor(oldest, wider.width));
    this.droppedCells += before - this.#sealed;
    return true;
  }

  /** Drops all buckets of a tier that make up the one above them, which from now on stands for itself. */
  #dropParts(tier: Tier, parent: number): void {
    const above = this.#tiers.list[tier.at + 1];
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
