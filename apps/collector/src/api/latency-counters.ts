// SPDX-License-Identifier: Apache-2.0
import { FAILURE_REASONS, STATUS_CLASSES } from '@undermesh/schema';
import { COUNTERS, Counter, type Side } from '../aggregate/cells.js';
import type { CellsPart } from '../aggregate/sealed-cells.js';
import type { LatencyScope, LatencyStep } from './latency-window.js';

const FAILED = FAILURE_REASONS.map((_, at) => Counter.failed + at);

/** Counters that are told of each step. */
const COUNTED: readonly number[] = [
  Counter.opened,
  ...FAILED,
  ...STATUS_CLASSES.map((_, at) => Counter.status + at),
  Counter.timed,
  Counter.firstByteUs,
  Counter.timedRoundTripUs,
  Counter.segments,
  Counter.retransmits,
].flatMap((counter) => [counter, COUNTERS + counter]);

/** Counters of one step after the other, by edge: what both ends of an edge say is compared once all that a step has of it is there. */
export class LatencyCounters {
  /** By edge: its place in the columns, -1 when it is not asked for. */
  readonly #places: Int32Array;
  /** By counter: by place. Only those of {@link COUNTED} are there. */
  readonly #columns: (Float64Array | undefined)[] = [];
  /** By place: whether anything was added in this step. */
  readonly #touched: Uint8Array;

  /** @param scopes by edge; `edges`: how many edge numbers there are */
  constructor(scopes: readonly (LatencyScope | undefined)[], edges: number) {
    this.#places = new Int32Array(edges).fill(-1);
    let count = 0;
    for (const [edge, scope] of scopes.entries()) if (scope !== undefined) this.#places[edge] = count++;
    for (const counter of COUNTED) this.#columns[counter] = new Float64Array(count);
    this.#touched = new Uint8Array(count);
  }

  add(part: CellsPart): void {
    const to = new Int32Array(part.count);
    for (let row = 0; row < to.length; row++) {
      const place = this.#places[part.edge(row)] ?? -1;
      to[row] = place;
      if (place >= 0) this.#touched[place] = 1;
    }
    for (const counter of COUNTED) {
      const column = this.#columns[counter];
      if (column !== undefined) part.addCounter(counter, to, column);
    }
  }

  /** Moves all that was added to a step. */
  moveTo(step: LatencyStep): void {
    let place = 0;
    const at = (side: Side, counter: number): number =>
      Math.max(0, this.#columns[side * COUNTERS + counter]?.[place] ?? 0);
    const failures = (side: Side): number => {
      let sum = 0;
      for (const counter of FAILED) sum += at(side, counter);
      return sum;
    };
    for (; place < this.#touched.length; place++) {
      if (this.#touched[place] === 0) continue;
      step.requests.take(at);
      const failed = failures(0);
      const opened = at(0, Counter.opened);
      if (opened + failed > 0) {
        step.opened += opened;
        step.failed += failed;
      } else {
        step.opened += at(1, Counter.opened);
        step.failed += failures(1);
      }
    }
    this.#touched.fill(0);
    for (const column of this.#columns) column?.fill(0);
  }
}
