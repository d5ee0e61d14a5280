// SPDX-License-Identifier: Apache-2.0
import { type Reporter, STATUS_CLASSES } from '@undermesh/schema';
import { COUNTERS, Counter, countOf } from './cells.js';
import { type TimedEnd, TimeSum } from './time-split.js';

const SERVER_ERROR = STATUS_CLASSES.indexOf('5xx');
const UNANSWERED = STATUS_CLASSES.indexOf('none');

/** HTTP requests of one edge or vertex, added up. */
export class RequestSum {
  /** By {@link STATUS_CLASSES}. */
  readonly statuses: number[] = Array<number>(STATUS_CLASSES.length).fill(0);
  total = 0;
  pipelined = 0;
  requestBytes = 0;
  responseBytes = 0;
  readonly time = new TimeSum();
  /** Requests that are counted as their source saw them; the rest as their destination did. */
  #bySource = 0;

  /** Server errors and requests without an answer. */
  get errors(): number {
    return (this.statuses[SERVER_ERROR] ?? 0) + (this.statuses[UNANSWERED] ?? 0);
  }

  /** Whose word this is; of edges that differ, most of it. */
  get seenBy(): Reporter {
    return this.#bySource * 2 >= this.total ? 'source' : 'destination';
  }

  /**
   * Adds the figures of one row, whose counters begin at `from`: what both ends count is taken from the source when it
   * saw requests.
   */
  take(counters: Float64Array, from: number): void {
    const bySource = requestsOf(counters, from);
    const side = bySource > 0 ? from : from + COUNTERS;
    const total = bySource > 0 ? bySource : requestsOf(counters, side);
    if (total === 0) return;
    this.total += total;
    this.#bySource += bySource;
    for (let i = 0; i < STATUS_CLASSES.length; i++) {
      this.statuses[i] = (this.statuses[i] ?? 0) + countOf(counters, side, Counter.status + i);
    }
    this.pipelined += countOf(counters, side, Counter.pipelined);
    this.requestBytes += countOf(counters, side, Counter.requestBytes);
    this.responseBytes += countOf(counters, side, Counter.responseBytes);
    this.time.take(timedEnd(counters, from), timedEnd(counters, from + COUNTERS));
  }

  /** Takes requests off that are told elsewhere, by {@link STATUS_CLASSES}: where more are told than came, less than none is left. */
  takeOff(statuses: readonly number[]): void {
    for (const [at, count] of statuses.entries()) {
      this.statuses[at] = (this.statuses[at] ?? 0) - count;
      this.total -= count;
    }
  }

  add(other: RequestSum): void {
    if (other.total === 0) return;
    for (let i = 0; i < STATUS_CLASSES.length; i++) {
      this.statuses[i] = (this.statuses[i] ?? 0) + (other.statuses[i] ?? 0);
    }
    this.total += other.total;
    this.pipelined += other.pipelined;
    this.requestBytes += other.requestBytes;
    this.responseBytes += other.responseBytes;
    this.#bySource += other.#bySource;
    this.time.add(other.time);
  }
}

/** Requests that one end saw. */
function requestsOf(counters: Float64Array, from: number): number {
  let requests = 0;
  for (let i = 0; i < STATUS_CLASSES.length; i++) requests += countOf(counters, from, Counter.status + i);
  return requests;
}

const timedEnd = (counters: Float64Array, from: number): TimedEnd => ({
  requests: countOf(counters, from, Counter.timed),
  firstByteUs: countOf(counters, from, Counter.firstByteUs),
  roundTripUs: countOf(counters, from, Counter.timedRoundTripUs),
  segments: countOf(counters, from, Counter.segments),
  retransmits: countOf(counters, from, Counter.retransmits),
});
