// SPDX-License-Identifier: Apache-2.0
import { type Reporter, STATUS_CLASSES } from '@undermesh/schema';
import { Counter, type Side } from './cells.js';
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

  /** Adds the figures of one row: what both ends count is taken from the source when it saw requests. */
  take(at: (side: Side, counter: number) => number): void {
    const seen = (side: Side): number => {
      let requests = 0;
      for (let i = 0; i < STATUS_CLASSES.length; i++) requests += at(side, Counter.status + i);
      return requests;
    };
    const fromSource = seen(0);
    const side: Side = fromSource > 0 ? 0 : 1;
    const total = side === 0 ? fromSource : seen(1);
    if (total === 0) return;
    this.total += total;
    this.#bySource += fromSource;
    for (let i = 0; i < STATUS_CLASSES.length; i++) {
      this.statuses[i] = (this.statuses[i] ?? 0) + at(side, Counter.status + i);
    }
    this.pipelined += at(side, Counter.pipelined);
    this.requestBytes += at(side, Counter.requestBytes);
    this.responseBytes += at(side, Counter.responseBytes);
    this.time.take(timedEnd(0, at), timedEnd(1, at));
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

const timedEnd = (side: Side, at: (side: Side, counter: number) => number): TimedEnd => ({
  requests: at(side, Counter.timed),
  firstByteUs: at(side, Counter.firstByteUs),
  roundTripUs: at(side, Counter.timedRoundTripUs),
  segments: at(side, Counter.segments),
  retransmits: at(side, Counter.retransmits),
});
