// SPDX-License-Identifier: Apache-2.0

/** How many rows each second holds, so that a query can tell how far back it must look. Sparse; any second will do. */
export class TimeIndex {
  readonly #seconds: number[] = [];
  readonly #rows: number[] = [];
  #last = -1;

  /** Seconds since 1970. */
  add(second: number, rows: number): void {
    if (this.#seconds[this.#last] !== second) this.#last = this.#slot(second);
    this.#rows[this.#last] = (this.#rows[this.#last] ?? 0) + rows;
  }

  addAll(other: TimeIndex): void {
    other.#seconds.forEach((second, at) => {
      this.add(second, other.#rows[at] ?? 0);
    });
  }

  /** Takes away what {@link addAll} added. */
  subtract(other: TimeIndex): void {
    other.#seconds.forEach((second, at) => {
      this.add(second, -(other.#rows[at] ?? 0));
    });
    const kept = this.#seconds
      .map((second, at) => [second, this.#rows[at] ?? 0] as const)
      .filter(([, rows]) => rows > 0);
    this.#seconds.splice(0, this.#seconds.length, ...kept.map(([second]) => second));
    this.#rows.splice(0, this.#rows.length, ...kept.map(([, rows]) => rows));
    this.#last = -1;
  }

  clear(): void {
    this.#seconds.length = 0;
    this.#rows.length = 0;
    this.#last = -1;
  }

  get total(): number {
    return this.#rows.reduce((sum, rows) => sum + rows, 0);
  }

  get oldest(): number | null {
    return this.#seconds[0] ?? null;
  }

  get newest(): number | null {
    return this.#seconds[this.#seconds.length - 1] ?? null;
  }

  /** Rows in the seconds `from` (included) to `to` (included). */
  between(from: number, to: number): number {
    let sum = 0;
    for (let at = this.#place(from); at < this.#seconds.length && (this.#seconds[at] ?? 0) <= to; at++) {
      sum += this.#rows[at] ?? 0;
    }
    return sum;
  }

  /** The latest second from which to `to` (included) at least `rows` rows lie; `null` when there are fewer. */
  backFrom(to: number, rows: number): number | null {
    let sum = 0;
    for (let at = this.#place(to + 1) - 1; at >= 0; at--) {
      sum += this.#rows[at] ?? 0;
      if (sum >= rows) return this.#seconds[at] ?? null;
    }
    return null;
  }

  /** The earliest second to which from `from` (included) at least `rows` rows lie; `null` when there are fewer. */
  forwardFrom(from: number, rows: number): number | null {
    let sum = 0;
    for (let at = this.#place(from); at < this.#seconds.length; at++) {
      sum += this.#rows[at] ?? 0;
      if (sum >= rows) return this.#seconds[at] ?? null;
    }
    return null;
  }

  /** Index of the first second not before `second`. */
  #place(second: number): number {
    let low = 0;
    let high = this.#seconds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#seconds[middle] ?? 0) < second) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #slot(second: number): number {
    const at = this.#place(second);
    if (this.#seconds[at] === second) return at;
    this.#seconds.splice(at, 0, second);
    this.#rows.splice(at, 0, 0);
    return at;
  }
}
