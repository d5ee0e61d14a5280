// SPDX-License-Identifier: Apache-2.0
import type { Bookings } from './bookings.js';
import type { CarriedEnds } from './carried-ends.js';
import { EdgeTable } from './edges.js';
import { EndBooks } from './end-books.js';
import { type EndFrame, EndJoiner } from './end-joiner.js';
import { JoinTable } from './join.js';
import { LegJoiner } from './leg-joiner.js';
import { LegTally } from './leg-tally.js';
import { OpenState, OpenTable } from './open-table.js';
import type { Parking } from './parking.js';
import { PeerFinder } from './peer-finder.js';
import type { Placements } from './placements.js';
import { Presence } from './presence.js';
import { isHttp, isLeg } from './record-check.js';
import { RequestJoiner } from './request-joiner.js';
import { RequestTally } from './request-tally.js';
import type { Streams } from './streams.js';
import { Tally } from './tally.js';
import { Timeline } from './timeline.js';

/** Bounds on what is held in memory. */
export interface AggregateLimits {
  readonly edges: number;
  readonly openEnds: number;
  readonly joins: number;
  readonly cells: number;
  /** How long the figures of each hour are kept. */
  readonly hoursKeptMs?: number;
  readonly series: number;
}

/** One frame's records on their way into the aggregates; a record whose local placement is 0 is left out. */
export interface AggregateFrame extends EndFrame {
  /** Filled in: placement of the other end as far as it is known by now, 0 where not. */
  readonly peers: Uint32Array;
}

/** Edges without traffic are forgotten after this, unless the timeline still names them. */
const IDLE_EDGE_MS = 25 * 3_600_000;
const FORGET_EVERY_MS = 3_600_000;
/** Http records that wait for their connection's partner, or may have to be moved. */
const HELD_REQUESTS = 65_536;

/**
 * Turns records into edges. No object and no string per record: everything is a number in a typed array.
 *
 * What counts is the partner's word. An end that has waited for it in vain is counted by what the directory says, or by
 * address, and booked, so that a partner that is later than that still moves all of it in the timeline. Totals never
 * shrink: they keep what was counted.
 */
export class Aggregator {
  readonly edges: EdgeTable;
  readonly timeline: Timeline;
  readonly presence = new Presence();
  readonly open: OpenTable;
  readonly join: JoinTable;
  readonly parking: Parking;
  readonly bookings: Bookings;
  readonly carried: CarriedEnds;
  readonly requests: RequestJoiner;
  readonly legs: LegJoiner;
  readonly requestTally: RequestTally;
  readonly #tally: Tally;
  readonly #books: EndBooks;
  readonly #ends: EndJoiner;
  #forgotAt = 0;

  constructor(streams: Streams, placements: Placements, limits: AggregateLimits) {
    const edges = new EdgeTable(placements, limits.edges);
    const open = new OpenTable(streams, limits.openEnds);
    const join = new JoinTable(limits.joins);
    const finder = new PeerFinder();
    this.edges = edges;
    this.open = open;
    this.join = join;
    this.timeline = new Timeline({ maxCells: limits.cells, hoursKeptMs: limits.hoursKeptMs });
    this.#tally = new Tally(edges, this.timeline);
    this.requestTally = new RequestTally(edges, this.timeline, limits.series);
    const shared = { streams, edges, open, join, finder };
    this.requests = new RequestJoiner({ ...shared, tally: this.requestTally, most: HELD_REQUESTS });
    const legTally = new LegTally(edges, this.timeline, this.requestTally.codes);
    this.legs = new LegJoiner({ edges, open, join, finder, tally: legTally, most: HELD_REQUESTS });
    this.#books = new EndBooks({ edges, open, join, tally: this.#tally }, limits.joins);
    this.#ends = new EndJoiner({
      ...shared,
      tally: this.#tally,
      books: this.#books,
      requests: this.requests,
    });
    this.parking = this.#ends.parking;
    this.carried = this.#ends.carried;
    this.bookings = this.#books.bookings;
  }

  /** Ends that wait for their partner before they are counted, and some that were counted lately. */
  get waiting(): number {
    return this.parking.size + this.#ends.guessed.size + this.bookings.waiting;
  }

  /** Ends that were counted before their partner named another peer. */
  get corrected(): number {
    return this.#books.corrected;
  }

  /** Ends that were counted alone. */
  get alone(): number {
    return this.#ends.alone;
  }

  /** Counts one frame. */
  take(frame: AggregateFrame): void {
    const { columns, locals, peers } = frame;
    const tally = this.#tally;
    tally.now = frame.arrivedAt;
    tally.live = !frame.replayed;
    const clockMs = Number(frame.realtimeOffsetNs) / 1e6;
    const count = Math.min(columns.count, locals.length);
    // A frame holds one kind of record.
    const http = count > 0 && isHttp(columns, 0);
    const leg = count > 0 && isLeg(columns, 0);
    for (let index = 0; index < count; index++) {
      if (locals[index] === 0) continue;
      if (http || leg) {
        peers[index] = (http ? this.requests : this.legs).take(frame, index, clockMs);
        continue;
      }
      tally.take(columns, index, clockMs);
      peers[index] = this.#ends.take(frame, index);
    }
    tally.live = true;
  }

  /** Counts what has waited long enough, and lets the timeline close its buckets. Call it every second or so. */
  tick(now: number): void {
    this.settle(now);
    this.timeline.tick(now);
    if (now - this.#forgotAt < FORGET_EVERY_MS) return;
    this.#forgotAt = now;
    const inUse = this.timeline.read.edgesInUse();
    this.edges.forgetIdle(now - IDLE_EDGE_MS, (edge) => inUse[edge] === 1);
  }

  /** Counts what has waited long enough for its partner. Call it several times a second. */
  settle(now: number): void {
    this.#tally.now = now;
    this.#ends.settle(now);
    this.requests.settle(now);
    this.legs.settle(now);
  }

  /** Counts without their partner all that were parked at `before` or earlier. */
  settleParked(before: number, now: number): void {
    this.#ends.settleParked(before, now);
  }

  /**
   * Counts in the timeline what waits for its partner's word as it would be counted without it, and leaves it waiting:
   * for a draft of the timeline.
   */
  countWaiting(now: number): void {
    this.#tally.now = now;
    this.#tally.live = false;
    this.#ends.countWaiting(now);
    this.#tally.live = true;
    this.requests.countWaiting(now);
    this.legs.countWaiting(now);
  }

  /** Closes the books on the open ends of a stream that is over: what became of them nobody will tell. */
  endStream(stream: number): void {
    if (!this.open.hasOf(stream)) return;
    this.#endWhere((slot) => this.open.stream(slot) === stream);
  }

  /** Marks all open ends of a stream as not yet announced by the agent's new run. */
  doubtStream(stream: number): void {
    const { open } = this;
    open.forEach((slot) => {
      if (open.stream(slot) === stream) open.state[slot] = (open.state[slot] ?? 0) & ~OpenState.CONFIRMED;
    });
  }

  /** Ends what a new run of the agent did not announce again; nothing when it announced nothing at all. */
  endDoubtful(stream: number): void {
    const { open } = this;
    let confirmed = false;
    open.forEach((slot) => {
      if (open.stream(slot) === stream) confirmed ||= ((open.state[slot] ?? 0) & OpenState.CONFIRMED) !== 0;
    });
    if (!confirmed) return;
    this.#endWhere(
      (slot) =>
        open.stream(slot) === stream &&
        ((open.state[slot] ?? 0) & (OpenState.CONFIRMED | OpenState.CLOSING)) === 0,
    );
  }

  #endWhere(matches: (slot: number) => boolean): void {
    this.open.forEach((slot) => {
      if (matches(slot)) this.#ends.drop(slot);
    });
  }
}
