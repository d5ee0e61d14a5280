// SPDX-License-Identifier: Apache-2.0
import type { Workload } from '../store.js';
import type { JournalPlace } from './journal.js';
import type { JournaledFrame } from './journal-entry.js';
import { RECORD_TABLES, type RecordTable } from './record-columns.js';
import { ROW_GROUP_ROWS } from './segment-rows.js';
import type { StreamEntry } from './streams.js';
import { NS_PER_SECOND as NS } from './time-range.js';

/** A frame that is durable and not yet rows. */
export interface UnfiledFrame {
  readonly frame: JournaledFrame;
  readonly place: JournalPlace;
  readonly table: RecordTable;
  /** Where its stream stands with it. */
  readonly position: StreamEntry;
  /** When its first record was made, Unix ns; `null` without records. */
  readonly firstNs: bigint | null;
}

/** What lies in the journal and is still to be filed: frames in their order, and workloads that they may name. */
export class Unfiled {
  #frames: UnfiledFrame[] = [];
  readonly #workloads = new Map<number, Workload>();
  readonly #rows = new Map<RecordTable, number>(RECORD_TABLES.map((table) => [table, 0]));
  #oldestNs: bigint | null = null;
  /** When the oldest frame came, Unix ms. */
  #sinceMs = 0;

  get frames(): readonly UnfiledFrame[] {
    return this.#frames;
  }

  get workloads(): readonly Workload[] {
    return [...this.#workloads.values()];
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0 && this.#workloads.size === 0;
  }

  /** Rows that a table will get. */
  rows(table: RecordTable): number {
    return this.#rows.get(table) ?? 0;
  }

  /** Rows of the table that will get most. */
  get mostRows(): number {
    return Math.max(...this.#rows.values());
  }

  /** When the oldest record was made, Unix ns; `null` without records. */
  get oldestNs(): bigint | null {
    return this.#oldestNs;
  }

  /** The same in Unix s. */
  get oldest(): number | null {
    return this.#oldestNs === null ? null : Number(this.#oldestNs / NS);
  }

  /** For how long the oldest has waited, ms. */
  ageMs(nowMs: number): number {
    return this.isEmpty ? 0 : nowMs - this.#sinceMs;
  }

  add(frames: readonly UnfiledFrame[], workloads: readonly Workload[]): void {
    if (this.isEmpty) this.#sinceMs = Date.now();
    this.#frames.push(...frames);
    for (const one of frames) this.#count(one, 1);
    for (const workload of workloads) this.#workloads.set(workload.id, workload);
  }

  /** How many frames make whole row groups of the table that gets most rows, as nearly as can be; 0: there is none. */
  wholeGroups(): number {
    const most = this.mostRows;
    const wanted = most - (most % ROW_GROUP_ROWS);
    if (wanted === 0) return 0;
    const table = RECORD_TABLES.find((one) => this.rows(one) === most);
    let rows = 0;
    const last = this.#frames.findIndex((one) => {
      if (one.table === table) rows += one.frame.count;
      return rows >= wanted;
    });
    return last + 1;
  }

  /** So many frames have been filed, and some workloads. */
  filed(frames: number, workloads: readonly Workload[]): void {
    for (const one of this.#frames.splice(0, frames)) this.#count(one, -1);
    // One that was put again meanwhile is another object.
    for (const one of workloads) if (this.#workloads.get(one.id) === one) this.#workloads.delete(one.id);
    this.#oldestNs = null;
    for (const { firstNs } of this.#frames) this.#seen(firstNs);
    this.#sinceMs = Date.now();
  }

  #count({ table, frame, firstNs }: UnfiledFrame, sign: 1 | -1): void {
    this.#rows.set(table, this.rows(table) + sign * frame.count);
    if (sign > 0) this.#seen(firstNs);
  }

  #seen(ns: bigint | null): void {
    if (ns !== null && (this.#oldestNs === null || ns < this.#oldestNs)) this.#oldestNs = ns;
  }
}
