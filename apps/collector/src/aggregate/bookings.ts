// SPDX-License-Identifier: Apache-2.0
import type { Side } from './cells.js';
import { grown } from './grown.js';
import { Parking } from './parking.js';
import type { EndFigures } from './tally.js';

/** How long what was counted without the partner's word can still be moved; after that it stays (DESIGN section 9.3). */
const KEPT_MS = 120_000;
/** Slots below this number; a reference is the slot's serial number times this, plus the slot. */
const SLOTS = 2 ** 22;
/** Marks a booking that is not counted yet, beside the bits of `Part`. */
const WAITING = 0x80;

/** No booking, or one that is no longer kept. */
export const NO_BOOKING = -1;

/** What a booking is of, besides its figures. */
export interface Booked {
  readonly edge: number;
  readonly side: Side;
  /** Bits of `Part`. */
  readonly parts: number;
  /** The booking of the same end before this one, or {@link NO_BOOKING}. */
  readonly previous: number;
}

/**
 * What was counted, or is about to be, for ends whose partner has not spoken yet: each entry holds the figures that one
 * record added to an edge, so that the same can be taken from there and added elsewhere. Those of one end form a chain,
 * newest first. An end that was never seen open waits here before it is counted.
 *
 * A reference tells for itself whether its booking is still there. Bounded: without room nothing is booked.
 */
export class Bookings {
  readonly #max: number;
  readonly #waiting = new Parking();
  readonly #kept = new Parking();
  #free: Int32Array = new Int32Array(1024);
  #freeCount = 0;
  #top = 0;
  #capacity = 0;
  #serial: Uint32Array = new Uint32Array(0);
  #edge: Int32Array = new Int32Array(0);
  #side: Uint8Array = new Uint8Array(0);
  #parts: Uint8Array = new Uint8Array(0);
  #previous: Float64Array = new Float64Array(0);
  #time: Float64Array = new Float64Array(0);
  #openedAt: Float64Array = new Float64Array(0);
  #lifetimeUs: Float64Array = new Float64Array(0);
  #sent: Float64Array = new Float64Array(0);
  #received: Float64Array = new Float64Array(0);
  #segments: Uint32Array = new Uint32Array(0);
  #retransmits: Uint32Array = new Uint32Array(0);
  #connectUs: Uint32Array = new Uint32Array(0);
  #roundTripUs: Uint32Array = new Uint32Array(0);
  #reason: Uint8Array = new Uint8Array(0);
  #protocol: Uint8Array = new Uint8Array(0);

  /** @param max bookings kept at most. */
  constructor(max: number) {
    this.#max = Math.min(max, SLOTS);
  }

  /** Bookings that are kept. */
  get size(): number {
    return this.#top - this.#freeCount;
  }

  /** Ends that are not counted yet, and some that were lately. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Books figures that were counted at `now`; {@link NO_BOOKING} when there is no room. */
  add(of: Booked, figures: EndFigures, now: number): number {
    const slot = this.#put(of, figures, now);
    if (slot < 0) return NO_BOOKING;
    this.#kept.park(slot, now);
    return this.#reference(slot);
  }

  /** As {@link add}, for figures that are still to be counted. */
  wait(of: Booked, figures: EndFigures, now: number): number {
    const slot = this.#put(of, figures, now);
    if (slot < 0) return NO_BOOKING;
    this.#parts[slot] = of.parts | WAITING;
    this.#waiting.park(slot, now);
    return this.#reference(slot);
  }

  holds(booking: number): boolean {
    return booking >= 0 && this.#serial[booking % SLOTS] === Math.floor(booking / SLOTS);
  }

  /** Whether a booking that is held is still to be counted. */
  isWaiting(booking: number): boolean {
    return ((this.#parts[booking % SLOTS] ?? 0) & WAITING) !== 0;
  }

  parts(booking: number): number {
    return (this.#parts[booking % SLOTS] ?? 0) & ~WAITING;
  }

  previous(booking: number): number {
    return this.#previous[booking % SLOTS] ?? NO_BOOKING;
  }

  /** Copies a booking's figures. */
  read(booking: number, figures: EndFigures): void {
    const slot = booking % SLOTS;
    figures.time = this.#time[slot] ?? 0;
    figures.openedAt = this.#openedAt[slot] ?? 0;
    figures.lifetimeUs = this.#lifetimeUs[slot] ?? 0;
    figures.sent = this.#sent[slot] ?? 0;
    figures.received = this.#received[slot] ?? 0;
    figures.segments = this.#segments[slot] ?? 0;
    figures.retransmits = this.#retransmits[slot] ?? 0;
    figures.connectUs = this.#connectUs[slot] ?? 0;
    figures.roundTripUs = this.#roundTripUs[slot] ?? 0;
    figures.reason = this.#reason[slot] ?? 0;
    figures.protocol = this.#protocol[slot] ?? 0;
  }

  /** Forgets a booking. */
  release(booking: number): void {
    if (this.holds(booking)) this.#release(booking % SLOTS);
  }

  /** Hands out what has waited since `before` or longer, to be counted where it was booked; forgets what is old. */
  settle(before: number, now: number, visit: (booking: number, edge: number, side: Side) => void): void {
    this.#waiting.take(before, (slot) => {
      visit(this.#reference(slot), this.#edge[slot] ?? 0, this.#side[slot] === 0 ? 0 : 1);
      this.#parts[slot] = (this.#parts[slot] ?? 0) & ~WAITING;
      this.#kept.park(slot, now);
    });
    this.#kept.take(now - KEPT_MS, (slot) => this.#release(slot));
  }

  /** Calls back for each booking that is still to be counted. */
  forEachWaiting(visit: (booking: number, edge: number, side: Side) => void): void {
    for (let slot = 0; slot < this.#top; slot++) {
      if (((this.#parts[slot] ?? 0) & WAITING) === 0) continue;
      visit(this.#reference(slot), this.#edge[slot] ?? 0, this.#side[slot] === 0 ? 0 : 1);
    }
  }

  #put(of: Booked, figures: EndFigures, now: number): number {
    const slot = this.#take();
    if (slot < 0) return slot;
    this.#edge[slot] = of.edge;
    this.#side[slot] = of.side;
    this.#parts[slot] = of.parts;
    this.#previous[slot] = of.previous;
    // What lies ahead of now counts as now.
    this.#time[slot] = Math.min(figures.time, now);
    this.#openedAt[slot] = Math.min(figures.openedAt, now);
    this.#lifetimeUs[slot] = figures.lifetimeUs;
    this.#sent[slot] = figures.sent;
    this.#received[slot] = figures.received;
    this.#segments[slot] = figures.segments;
    this.#retransmits[slot] = figures.retransmits;
    this.#connectUs[slot] = figures.connectUs;
    this.#roundTripUs[slot] = figures.roundTripUs;
    this.#reason[slot] = figures.reason;
    this.#protocol[slot] = figures.protocol;
    return slot;
  }

  #reference(slot: number): number {
    return (this.#serial[slot] ?? 0) * SLOTS + slot;
  }

  #release(slot: number): void {
    this.#waiting.unpark(slot);
    this.#kept.unpark(slot);
    this.#serial[slot] = ((this.#serial[slot] ?? 0) + 1) & 0x7fffffff;
    this.#parts[slot] = 0;
    this.#free[this.#freeCount++] = slot;
  }

  #take(): number {
    if (this.#freeCount > 0) return this.#free[--this.#freeCount] ?? -1;
    if (this.#top >= this.#max) return -1;
    if (this.#top === this.#capacity) this.#grow(Math.max(1024, this.#capacity * 2));
    return this.#top++;
  }

  #grow(capacity: number): void {
    this.#capacity = capacity;
    this.#free = grown(this.#free, capacity);
    this.#serial = grown(this.#serial, capacity);
    this.#edge = grown(this.#edge, capacity);
    this.#side = grown(this.#side, capacity);
    this.#parts = grown(this.#parts, capacity);
    this.#previous = grown(this.#previous, capacity);
    this.#time = grown(this.#time, capacity);
    this.#openedAt = grown(this.#openedAt, capacity);
    this.#lifetimeUs = grown(this.#lifetimeUs, capacity);
    this.#sent = grown(this.#sent, capacity);
    this.#received = grown(this.#received, capacity);
    this.#segments = grown(this.#segments, capacity);
    this.#retransmits = grown(this.#retransmits, capacity);
    this.#connectUs = grown(this.#connectUs, capacity);
    this.#roundTripUs = grown(this.#roundTripUs, capacity);
    this.#reason = grown(this.#reason, capacity);
    this.#protocol = grown(this.#protocol, capacity);
  }
}
