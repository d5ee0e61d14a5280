// SPDX-License-Identifier: Apache-2.0
import { Cells, type Segment } from './cells.js';

/** Width of a fine bucket and how long they are kept. */
export const FINE_MS = 10_000;
export const FINE_KEPT_MS = 3_600_000;
/** Width of a coarse bucket and how long they are kept. */
export const COARSE_MS = 60_000;
export const COARSE_KEPT_MS = 86_400_000;

/** A bucket is open for writing in place until nothing was added for this long. */
const SETTLE_MS = 30_000;

interface Bucket {
  readonly start: number;
  segments: Segment[];
  cells: Cells | null;
  writtenAt: number;
}

/** What {@link Timeline.sum} takes. */
export interface SumOptions {
  /** Unix ms, inclusive and exclusive; bucket borders are taken as they fall. */
  readonly from: number;
  readonly to: number;
  /** Default true. */
  readonly histograms?: boolean;
}

/**
 * Edge figures by time: 10 s buckets for an hour, minutes for a day. Records that come late go to the bucket they
 * belong to; a minute that gets some is summed up anew.
 */
export class Timeline {
  readonly #fine = new Map<number, Bucket>();
  readonly #coarse = new Map<number, Bucket>();
  readonly #stale = new Set<number>();
  readonly #maxCells: number;
  #sealed = 0;
  #last: Bucket | null = null;
  /** Records that were too old for any bucket, and sealed cells given up because there were too many. */
  late = 0;
  droppedCells = 0;

  /** @param maxCells sealed cells kept at most; the oldest minutes go first. */
  constructor(maxCells = 1_000_000) {
    this.#maxCells = maxCells;
  }

  /** Cells of closed buckets, for the metrics. */
  get sealedCells(): number {
    return this.#sealed;
  }

  /** Where to count what happened at `time`; what lies ahead of `now` counts as now. `null`: older than a day. */
  at(time: number, now: number): Cells | null {
    const start = Math.floor(Math.min(time, now) / FINE_MS) * FINE_MS;
    const last = this.#last;
    if (last !== null && last.start === start && last.cells !== null) {
      last.writtenAt = now;
      return last.cells;
    }
    const age = now - start;
    if (age >= COARSE_KEPT_MS) {
      this.late++;
      return null;
    }
    if (age >= FINE_KEPT_MS) return this.#open(this.#coarse, Math.floor(start / COARSE_MS) * COARSE_MS, now);
    const minute = Math.floor(start / COARSE_MS) * COARSE_MS;
    if (this.#coarse.has(minute)) this.#stale.add(minute);
    const cells = this.#open(this.#fine, start, now);
    this.#last = this.#fine.get(start) ?? null;
    return cells;
  }

  /** Closes, sums up and forgets what is due. Call it every few seconds. */
  tick(now: number): void {
    for (const buckets of [this.#fine, this.#coarse]) {
      for (const bucket of buckets.values()) {
        const width = buckets === this.#fine ? FINE_MS : COARSE_MS;
        const settled = now - bucket.writtenAt >= SETTLE_MS && now - bucket.start >= width + SETTLE_MS;
        if (bucket.cells !== null && settled) this.#seal(bucket);
      }
    }
    const minutes = new Set(this.#stale);
    for (const start of this.#fine.keys()) {
      const minute = Math.floor(start / COARSE_MS) * COARSE_MS;
      if (!this.#coarse.has(minute)) minutes.add(minute);
    }
    for (const minute of minutes) this.#rollUp(minute, now);
    for (const start of this.#fine.keys())
      if (now - start > FINE_KEPT_MS + COARSE_MS) this.#drop(this.#fine, start);
    for (const start of this.#coarse.keys())
      if (now - start > COARSE_KEPT_MS) this.#drop(this.#coarse, start);
    while (this.#sealed > this.#maxCells && this.#coarse.size > 1) {
      const oldest = Math.min(...this.#coarse.keys());
      this.droppedCells += this.#drop(this.#coarse, oldest);
      for (let start = oldest; start < oldest + COARSE_MS; start += FINE_MS) {
        this.droppedCells += this.#drop(this.#fine, start);
      }
    }
  }

  /** Start of the oldest bucket, `null` when there is none. */
  oldest(): number | null {
    const starts = [...this.#fine.keys(), ...this.#coarse.keys()];
    return starts.length === 0 ? null : Math.min(...starts);
  }

  /** All cells of a stretch of time, added up. Whole minutes come from the coarse buckets. */
  sum(options: SumOptions): Cells {
    const { histograms = true } = options;
    const sum = new Cells();
    const add = (bucket: Bucket | undefined): void => {
      if (bucket === undefined) return;
      for (const segment of bucket.segments) sum.mergeSegment(segment, histograms);
      if (bucket.cells !== null) sum.mergeCells(bucket.cells, histograms);
    };
    const first = Math.floor(options.from / FINE_MS) * FINE_MS;
    let start = first;
    while (start < options.to) {
      const minute = Math.floor(start / COARSE_MS) * COARSE_MS;
      const coarse = this.#coarse.get(minute);
      const whole = start === minute && minute + COARSE_MS <= options.to;
      const onlyCoarse = coarse !== undefined && !this.#hasFine(minute);
      if (coarse !== undefined && !this.#stale.has(minute) && (whole || onlyCoarse)) {
        if (start === minute || start === first) add(coarse);
        start = minute + COARSE_MS;
        continue;
      }
      add(this.#fine.get(start));
      start += FINE_MS;
    }
    return sum;
  }

  #hasFine(minute: number): boolean {
    for (let start = minute; start < minute + COARSE_MS; start += FINE_MS)
      if (this.#fine.has(start)) return true;
    return false;
  }

  #open(buckets: Map<number, Bucket>, start: number, now: number): Cells {
    let bucket = buckets.get(start);
    if (bucket === undefined) {
      bucket = { start, segments: [], cells: null, writtenAt: now };
      buckets.set(start, bucket);
    }
    bucket.cells ??= new Cells();
    bucket.writtenAt = now;
    return bucket.cells;
  }

  #seal(bucket: Bucket): void {
    if (bucket.cells === null) return;
    if (this.#last === bucket) this.#last = null;
    const segment = bucket.cells.seal();
    this.#sealed += segment.edges.length;
    bucket.segments.push(segment);
    bucket.cells = null;
  }

  #rollUp(minute: number, now: number): void {
    if (now - minute < COARSE_MS + SETTLE_MS) return;
    const sum = new Cells();
    let parts = 0;
    for (let start = minute; start < minute + COARSE_MS; start += FINE_MS) {
      const bucket = this.#fine.get(start);
      if (bucket === undefined) continue;
      if (bucket.cells !== null) return;
      for (const segment of bucket.segments) sum.mergeSegment(segment);
      parts++;
    }
    this.#stale.delete(minute);
    if (parts === 0) return;
    this.#drop(this.#coarse, minute);
    const segment = sum.seal();
    this.#sealed += segment.edges.length;
    this.#coarse.set(minute, { start: minute, segments: [segment], cells: null, writtenAt: now });
  }

  #drop(buckets: Map<number, Bucket>, start: number): number {
    const bucket = buckets.get(start);
    if (bucket === undefined) return 0;
    let cells = 0;
    for (const segment of bucket.segments) cells += segment.edges.length;
    this.#sealed -= cells;
    buckets.delete(start);
    if (this.#last === bucket) this.#last = null;
    return cells;
  }
}
