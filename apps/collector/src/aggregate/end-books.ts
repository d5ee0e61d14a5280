// SPDX-License-Identifier: Apache-2.0
import { Bookings, NO_BOOKING } from './bookings.js';
import type { Side } from './cells.js';
import type { EdgeTable } from './edges.js';
import type { Counted, JoinTable } from './join.js';
import type { OpenTable } from './open-table.js';
import { Part, type Tally } from './tally.js';

/** What books are kept on: the tables of ends, and where they are counted. */
export interface EndBooksParts {
  readonly edges: EdgeTable;
  readonly open: OpenTable;
  readonly join: JoinTable;
  readonly tally: Tally;
}

/**
 * Counts what ends did. What is counted without the partner's word is booked, so that all of it can still move to the
 * edge that the partner names.
 */
export class EndBooks {
  readonly bookings: Bookings;
  readonly #parts: EndBooksParts;
  /** One object each, filled again for every end. */
  readonly #booked = { edge: 0, side: 0 as Side, parts: 0, previous: NO_BOOKING };
  readonly #counted = { edge: 0, booking: NO_BOOKING };
  /** Ends that were counted before their partner named another peer. */
  corrected = 0;

  /** @param most bookings that are kept. */
  constructor(parts: EndBooksParts, most: number) {
    this.#parts = parts;
    this.bookings = new Bookings(most);
  }

  /** Counts parts of what the tally holds for an open end that has an edge, and books them unless its partner has spoken. */
  count(slot: number, parts: number): void {
    const { open, tally } = this.#parts;
    const edge = open.edge[slot] ?? 0;
    const side = open.sideOf(slot);
    tally.count(edge, side, parts);
    if (open.isJoined(slot)) return;
    const booked = this.#booked;
    booked.edge = edge;
    booked.side = side;
    booked.parts = parts;
    booked.previous = open.booking[slot] ?? NO_BOOKING;
    const booking = this.bookings.add(booked, tally.end, tally.now);
    if (booking !== NO_BOOKING) open.booking[slot] = booking;
  }

  /** Has the record at hand wait for its partner's word before it is counted; {@link NO_BOOKING} when there is no room. */
  wait(edge: number, side: Side, parts: number): number {
    const { edges, tally } = this.#parts;
    const booked = this.#booked;
    booked.edge = edge;
    booked.side = side;
    booked.parts = tally.live ? parts : parts | Part.REPLAYED;
    booked.previous = NO_BOOKING;
    edges.touch(edge, tally.now);
    return this.bookings.wait(booked, tally.end, tally.now);
  }

  /**
   * Writes down on which edge an end was counted, until its partner has come too. Of connections with waypoints it stays
   * written down after that: what their requests did comes later still.
   */
  remember(entry: number, side: Side, counted: Counted): void {
    const { edges, join } = this.#parts;
    if (entry < 0) return;
    const other = side === 0 ? 1 : 0;
    if (join.countedEdge(entry, other) >= 0 && !edges.isLeg(counted.edge)) join.remove(entry);
    else join.setCounted(entry, side, counted);
  }

  /** Takes the partner's word on an open end that was counted without it. */
  moveOpen(slot: number, to: number, peer: number): void {
    const { open, tally } = this.#parts;
    const from = open.edge[slot] ?? 0;
    const booking = open.booking[slot] ?? NO_BOOKING;
    open.setJoined(slot);
    open.booking[slot] = NO_BOOKING;
    if (from === to) {
      this.#forget(booking);
      return;
    }
    const side = open.sideOf(slot);
    this.corrected++;
    tally.moveOpen({ from, to }, side);
    this.#move(booking, { from, to }, side);
    open.edge[slot] = to;
    open.peer[slot] = peer;
  }

  /** Takes the partner's word on an end that is over: it belongs on this edge, wherever it was counted or waits to be. */
  moveOver(entry: number, side: Side, edge: number): void {
    const { join, tally } = this.#parts;
    const { bookings } = this;
    const counted = join.countedEdge(entry, side);
    if (counted < 0) return;
    const booking = join.booking(entry, side);
    if (bookings.holds(booking) && bookings.isWaiting(booking)) {
      this.#countBooked(booking, edge, side);
      bookings.release(booking);
      tally.again();
    } else if (counted === edge) this.#forget(booking);
    else {
      if (tally.live) this.corrected++;
      this.#move(booking, { from: counted, to: edge }, side);
    }
    this.#counted.edge = edge;
    join.setCounted(entry, side, this.#counted);
  }

  /** Counts where they were booked those that have waited since `before` or longer. */
  settle(before: number, now: number): void {
    this.bookings.settle(before, now, (booking, edge, side) => this.#countBooked(booking, edge, side));
  }

  /** Counts those that wait where they were booked, and leaves them waiting. */
  countWaiting(): void {
    const { tally } = this.#parts;
    this.bookings.forEachWaiting((booking, edge, side) => {
      this.bookings.read(booking, tally.end);
      tally.count(edge, side, this.bookings.parts(booking));
    });
  }

  /** Counts a booking that waited. */
  #countBooked(booking: number, edge: number, side: Side): void {
    const { tally } = this.#parts;
    const parts = this.bookings.parts(booking);
    const { live } = tally;
    tally.live = (parts & Part.REPLAYED) === 0;
    this.bookings.read(booking, tally.end);
    tally.count(edge, side, parts);
    tally.live = live;
  }

  /** Moves what was counted for an end, as far as it is still known, and forgets it. */
  #move(booking: number, edges: { from: number; to: number }, side: Side): void {
    const { tally } = this.#parts;
    const { bookings } = this;
    for (let at = booking; bookings.holds(at); at = bookings.previous(at)) {
      bookings.read(at, tally.end);
      tally.move(edges, side, bookings.parts(at));
    }
    this.#forget(booking);
    tally.again();
  }

  /** Forgets an end's bookings. */
  #forget(booking: number): void {
    const { bookings } = this;
    let at = booking;
    while (bookings.holds(at)) {
      const previous = bookings.previous(at);
      bookings.release(at);
      at = previous;
    }
  }
}
