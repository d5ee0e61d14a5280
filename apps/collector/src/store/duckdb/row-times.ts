// SPDX-License-Identifier: Apache-2.0
import { ENDS, type RecordTable } from './record-columns.js';
import { TimeIndex } from './time-index.js';

/** How many rows each second holds, table by table. */
export class RowTimes {
  readonly ends = new TimeIndex();
  readonly http = new TimeIndex();

  of(table: RecordTable): TimeIndex {
    return table === ENDS ? this.ends : this.http;
  }

  addAll(other: RowTimes): void {
    this.ends.addAll(other.ends);
    this.http.addAll(other.http);
  }

  /** Takes away what {@link addAll} added. */
  subtract(other: RowTimes): void {
    this.ends.subtract(other.ends);
    this.http.subtract(other.http);
  }

  clear(): void {
    this.ends.clear();
    this.http.clear();
  }

  /** Unix s; `null` when there are no rows. */
  get oldest(): number | null {
    const [a, b] = [this.ends.oldest, this.http.oldest];
    return a === null || b === null ? (a ?? b) : Math.min(a, b);
  }

  get newest(): number | null {
    const [a, b] = [this.ends.newest, this.http.newest];
    return a === null || b === null ? (a ?? b) : Math.max(a, b);
  }
}
