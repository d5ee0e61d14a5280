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

/** Numbers of one booking. */
const Entry = {
  previous: 0,
  edge: 1,
  side: 2,
  time: 3,
  openedAt: 4,
  lifetimeUs: 5,
  sent: 6,
  received: 7,
  segments: 8,
  retransmits: 9,
  connectUs: 10,
  roundTripUs: 11,
  reason: 12,
  protocol: 13,
  engine: 14,
} as const;
const ENTRY = 15;

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
  #parts: Uint8Array = new Uint8Array(0);
  /** {@link Entry} by slot: what belongs together stands together, so that a booking takes two lines of the cache. */
  #entries: Float64Array = new Float64Array(0);

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
    return this.#entries[(booking % SLOTS) * ENTRY + Entry.previous] ?? NO_BOOKING;
  }

  /** Copies a booking's figures. */
  read(booking: number, figures: EndFigures): void {
    const entries = this.#entries;
    const at = (booking % SLOTS) * ENTRY;
    figures.time = entries[at + Entry.time] ?? 0;
    figures.openedAt = entries[at + Entry.openedAt] ?? 0;
    figures.lifetimeUs = entries[at + Entry.lifetimeUs] ?? 0;
    figures.sent = entries[at + Entry.sent] ?? 0;
    figures.received = entries[at + Entry.received] ?? 0;
    figures.segments = entries[at + Entry.segments] ?? 0;
    figures.retransmits = entries[at + Entry.retransmits] ?? 0;
    figures.connectUs = entries[at + Entry.connectUs] ?? 0;
    figures.roundTripUs = entries[at + Entry.roundTripUs] ?? 0;
    figures.reason = entries[at + Entry.reason] ?? 0;
    figures.protocol = entries[at + Entry.protocol] ?? 0;
    figures.engine = entries[at + Entry.engine] ?? 0;
  }

  /** Forgets a booking. */
  release(booking: number): void {
    if (this.holds(booking)) this.#release(booking % SLOTS);
  }

  /** Hands out what has waited since `before` or longer, to be counted where it was booked; forgets what is old. */
  settle(before: number, now: number, visit: (booking: number, edge: number, side: Side) => void): void {
    this.#waiting.take(before, (slot) => {
      visit(this.#reference(slot), this.#edgeOf(slot), this.#sideOf(slot));
      this.#parts[slot] = (this.#parts[slot] ?? 0) & ~WAITING;
      this.#kept.park(slot, now);
    });
    this.#kept.take(now - KEPT_MS, (slot) => this.#release(slot));
  }

  /** Calls back for each booking that is still to be counted. */
  forEachWaiting(visit: (booking: number, edge: number, side: Side) => void): void {
    for (let slot = 0; slot < this.#top; slot++) {
      if (((this.#parts[slot] ?? 0) & WAITING) === 0) continue;
      visit(this.#reference(slot), this.#edgeOf(slot), this.#sideOf(slot));
    }
  }

  #put(of: Booked, figures: EndFigures, now: number): number {
    const slot = this.#take();
    if (slot < 0) return slot;
    this.#parts[slot] = of.parts;
    const entries = this.#entries;
    const at = slot * ENTRY;
    entries[at + Entry.previous] = of.previous;
    entries[at + Entry.edge] = of.edge;
    entries[at + Entry.side] = of.side;
    // What lies ahead of now counts as now.
    entries[at + Entry.time] = Math.min(figures.time, now);
    entries[at + Entry.openedAt] = Math.min(figures.openedAt, now);
    entries[at + Entry.lifetimeUs] = figures.lifetimeUs;
    entries[at + Entry.sent] = figures.sent;
    entries[at + Entry.received] = figures.received;
    entries[at + Entry.segments] = figures.segments;
    entries[at + Entry.retransmits] = figures.retransmits;
    entries[at + Entry.connectUs] = figures.connectUs;
    entries[at + Entry.roundTripUs] = figures.roundTripUs;
    entries[at + Entry.reason] = figures.reason;
    entries[at + Entry.protocol] = figures.protocol;
    entries[at + Entry.engine] = figures.engine;
    return slot;
  }

  #edgeOf(slot: number): number {
    return this.#entries[slot * ENTRY + Entry.edge] ?? 0;
  }

  #sideOf(slot: number): Side {
    return this.#entries[slot * ENTRY + Entry.side] === 0 ? 0 : 1;
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
    this.#parts = grown(this.#parts, capacity);
    this.#entries = grown(this.#entries, capacity * ENTRY);
  }
}
