// SPDX-License-Identifier: Apache-2.0
import { RECORD_TABLES, type RecordTable } from './record-columns.js';
import { TimeIndex } from './time-index.js';

/** How many rows each second holds, table by table. */
export class RowTimes {
  readonly ends = new TimeIndex();
  readonly http = new TimeIndex();
  readonly http_long = new TimeIndex();
  readonly legs = new TimeIndex();

  of(table: RecordTable): TimeIndex {
    return this[table.name];
  }

  addAll(other: RowTimes): void {
    for (const { name } of RECORD_TABLES) this[name].addAll(other[name]);
  }

  /** Takes away what {@link addAll} added. */
  subtract(other: RowTimes): void {
    for (const { name } of RECORD_TABLES) this[name].subtract(other[name]);
  }

  clear(): void {
    for (const { name } of RECORD_TABLES) this[name].clear();
  }

  /** Unix s; `null` when there are no rows. */
  get oldest(): number | null {
    const seconds = RECORD_TABLES.flatMap(({ name }) => this[name].oldest ?? []);
    return seconds.length === 0 ? null : Math.min(...seconds);
  }

  get newest(): number | null {
    const seconds = RECORD_TABLES.flatMap(({ name }) => this[name].newest ?? []);
    return seconds.length === 0 ? null : Math.max(...seconds);
  }
}
