// SPDX-License-Identifier: Apache-2.0
import { FAILURE_REASONS, STATUS_CLASSES } from '@undermesh/schema';
import { CELL_COUNTERS, COUNTERS, Counter, countOf } from '../aggregate/cells.js';
import type { CellsPart } from '../aggregate/sealed-cells.js';
import type { LatencyScope, LatencyStep } from './latency-window.js';

/** Counters that are told of each step. */
const COUNTED: readonly number[] = [
  Counter.opened,
  ...FAILURE_REASONS.map((_, at) => Counter.failed + at),
  ...STATUS_CLASSES.map((_, at) => Counter.status + at),
  Counter.timed,
  Counter.firstByteUs,
  Counter.timedRoundTripUs,
  Counter.segments,
  Counter.retransmits,
].flatMap((counter) => [counter, COUNTERS + counter]);

/**
 * Counters of one step after the other, by edge: what both ends of an edge say is compared once all that a step has of
 * it is there.
 */
export class LatencyCounters {
  /** By edge: where its counters begin, -1 when it is not asked for. */
  readonly #places: Int32Array;
  readonly #sums: Float64Array;
  /** By edge asked for: whether anything was added in this step. */
  readonly #touched: Uint8Array;

  /** @param scopes by edge; `edges`: how many edge numbers there are */
  constructor(scopes: readonly (LatencyScope | undefined)[], edges: number) {
    this.#places = new Int32Array(edges).fill(-1);
    let count = 0;
    for (const [edge, scope] of scopes.entries())
      if (scope !== undefined) this.#places[edge] = count++ * CELL_COUNTERS;
    this.#sums = new Float64Array(count * CELL_COUNTERS);
    this.#touched = new Uint8Array(count);
  }

  add(part: CellsPart): void {
    const to = new Int32Array(part.count);
    for (let row = 0; row < to.length; row++) {
      const place = this.#places[part.edge(row)] ?? -1;
      to[row] = place;
      if (place >= 0) this.#touched[place / CELL_COUNTERS] = 1;
    }
    for (const counter of COUNTED) part.addCounter(counter, to, this.#sums);
  }

  /** Moves all that was added to a step. */
  moveTo(step: LatencyStep): void {
    const sums = this.#sums;
    for (const [edge, touched] of this.#touched.entries()) {
      if (touched === 0) continue;
      const place = edge * CELL_COUNTERS;
      step.requests.take(sums, place);
      takeConnects(step, sums, place);
      sums.fill(0, place, place + CELL_COUNTERS);
    }
    this.#touched.fill(0);
  }
}

/** Attempts to connect, in the words of the source where it spoke. */
function takeConnects(step: LatencyStep, counters: Float64Array, place: number): void {
  for (const from of [place, place + COUNTERS]) {
    const opened = countOf(counters, from, Counter.opened);
    let failed = 0;
    for (let i = 0; i < FAILURE_REASONS.length; i++) failed += countOf(counters, from, Counter.failed + i);
    if (opened + failed === 0) continue;
    step.opened += opened;
    step.failed += failed;
    return;
  }
}
