// SPDX-License-Identifier: Apache-2.0
import { isInWindow, matchesFilter } from './connection-filter.js';
import { type EndIdentity, isEnd } from './connection-id.js';
import { connectionOf, pairOf, type WorkloadNames } from './connection-item.js';
import { PartnerIndex } from './connection-list.js';
import { compareRows, type RowKey } from './cursor.js';
import { isSource, joinKey } from './end.js';
import type {
  CandidateRequest,
  Candidates,
  ConnectionCounts,
  CountRequest,
  EndSource,
  StoredEnd,
} from './end-source.js';
import type { MemoryFrame } from './memory-frame.js';

/** Ends in the order "newest first", kept as objects. */
export class MemoryEnds implements EndSource {
  /** Oldest first, so that most insertions are at the end. */
  #rows: StoredEnd[] = [];
  readonly #byKey = new Map<bigint, StoredEnd[]>();
  readonly #names: WorkloadNames;
  lastBatch = 0;
  readonly behindNs = null;

  constructor(names: WorkloadNames) {
    this.#names = names;
  }

  get size(): number {
    return this.#rows.length;
  }

  get oldestNs(): bigint | null {
    return this.#rows[0]?.timeNs ?? null;
  }

  add(frame: MemoryFrame): void {
    this.lastBatch = frame.ordinal;
    for (const end of frame.ends) this.#insert(end);
  }

  remove(frame: MemoryFrame): void {
    this.#rows = this.#rows.filter((end) => end.key.batch !== frame.ordinal);
    for (const end of frame.ends) {
      const key = joinKey(end.value);
      const left = this.#byKey.get(key)?.filter((other) => other !== end) ?? [];
      if (left.length === 0) this.#byKey.delete(key);
      else this.#byKey.set(key, left);
    }
  }

  async candidates({ filter, asOf, after, limit }: CandidateRequest): Promise<Candidates> {
    const ends: StoredEnd[] = [];
    let at = after === null ? this.#rows.length : this.#place(after);
    while (--at >= 0 && ends.length < limit) {
      const end = this.#rows[at];
      if (end !== undefined && end.key.batch <= asOf && isInWindow(end.timeNs, filter)) ends.push(end);
    }
    return { ends, next: at < 0 ? null : (this.#rows[at + 1]?.key ?? null) };
  }

  async partners(ends: readonly StoredEnd[], asOf: number): Promise<readonly StoredEnd[]> {
    const keys = new Set(ends.map((end) => joinKey(end.value)));
    keys.delete(0n);
    return [...keys].flatMap((key) => this.#byKey.get(key) ?? []).filter((end) => end.key.batch <= asOf);
  }

  async find(identity: EndIdentity): Promise<StoredEnd | null> {
    return this.#rows.find((end) => isEnd(end, identity)) ?? null;
  }

  async count({ filter, asOf, window }: CountRequest): Promise<ConnectionCounts> {
    const rows = this.#rows.filter((end) => end.key.batch <= asOf);
    const partners = new PartnerIndex(rows);
    const closed = new Array<number>(window?.steps ?? 0).fill(0);
    const failed = new Array<number>(window?.steps ?? 0).fill(0);
    let matched = 0;
    for (const end of rows) {
      if (!isInWindow(end.timeNs, filter)) continue;
      const partner = partners.of(end);
      if (partner !== null && !isSource(end)) continue;
      const connection = connectionOf(pairOf(end, partner), this.#names);
      if (!matchesFilter(connection, filter)) continue;
      matched++;
      if (window === null) continue;
      const step = Number((end.timeNs - window.fromNs) / window.stepNs);
      const figures = connection.state === 'failed' ? failed : closed;
      if (step >= 0 && step < window.steps) figures[step] = (figures[step] ?? 0) + 1;
    }
    return { matched, closed, failed };
  }

  #insert(end: StoredEnd): void {
    this.#rows.splice(this.#place(end.key), 0, end);
    const key = joinKey(end.value);
    if (key === 0n) return;
    const known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, [end]);
    else known.push(end);
  }

  /** Index of the first row that is not older than `key`. */
  #place(key: RowKey): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const row = this.#rows[middle];
      if (row !== undefined && compareRows(row.key, key) > 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
