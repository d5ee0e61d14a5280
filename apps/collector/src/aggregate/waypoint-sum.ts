// SPDX-License-Identifier: Apache-2.0
import { STATUS_CLASSES } from '@undermesh/schema';
import { COUNTERS, Counter, countOf } from './cells.js';

/** What requests through waypoints leave on edges, added up. */
export class WaypointSum {
  /** Of a leg's requests, those that are on joined edges too; by {@link STATUS_CLASSES}. */
  readonly joined: number[] = Array<number>(STATUS_CLASSES.length).fill(0);
  /** Of a client's leg's, those that the waypoint answered. */
  answered = 0;
  /** On a joined edge: requests with a known time in the waypoint, these times, and all of their time. */
  timed = 0;
  waypointUs = 0;
  totalUs = 0;

  get joinedTotal(): number {
    return this.joined.reduce((sum, count) => sum + count, 0);
  }

  /** Adds the figures of one row, whose counters begin at `from`; each is told at one of its sides. */
  take(counters: Float64Array, from: number): void {
    const both = (counter: number): number =>
      countOf(counters, from, counter) + countOf(counters, from + COUNTERS, counter);
    for (let i = 0; i < this.joined.length; i++)
      this.joined[i] = (this.joined[i] ?? 0) + both(Counter.joined + i);
    this.answered += both(Counter.answered);
    this.timed += both(Counter.waypointTimed);
    this.waypointUs += both(Counter.waypointUs);
    this.totalUs += both(Counter.waypointTotalUs);
  }

  add(other: WaypointSum): void {
    for (let i = 0; i < this.joined.length; i++)
      this.joined[i] = (this.joined[i] ?? 0) + (other.joined[i] ?? 0);
    this.answered += other.answered;
    this.timed += other.timed;
    this.waypointUs += other.waypointUs;
    this.totalUs += other.totalUs;
  }
}
