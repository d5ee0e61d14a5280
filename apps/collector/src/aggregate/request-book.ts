// SPDX-License-Identifier: Apache-2.0
import { HttpLimit, HttpRecord, HttpSample, RecordColumns } from '@undermesh/bpf-abi';
import { NO_BOOKING } from './bookings.js';
import { grown } from './grown.js';
import { PARKED_MS, Parking } from './parking.js';

const STRIDE = HttpRecord.BYTES;
/** How long requests that were counted without the partner's word can still be moved; then they stay where they are. */
const KEPT_MS = 120_000;
/** The same when there is no room for those that wait. */
const CROWDED_MS = 10_000;
/** Slots below this number; a reference is the slot's serial number times this, plus the slot. */
const SLOTS = 2 ** 22;

/** What is remembered of an http record beside its bytes. */
export interface BookedRequests {
  readonly stream: number;
  readonly placement: number;
  /** Placement of the other end as it was found at the time, 0 when nobody knew. */
  readonly hint: number;
  readonly clockMs: number;
  readonly live: boolean;
  /** Reference of the record of the same end before this one. */
  readonly previous: number;
}

/**
 * Http records whose connection's other end has not spoken yet: whole, so that they can be counted later, and moved
 * when they were counted on a guess. Those of one end form a chain, newest first. A reference tells for itself whether
 * its record is still there. A long record is kept as several, behind each other in the chain, as long as its samples need.
 * Bounded: without room a record is counted at once and stays where it is.
 */
export class RequestBook {
  readonly #most: number;
  readonly #waiting = new Parking();
  readonly #kept = new Parking();
  #records: Uint8Array = new Uint8Array(0);
  #columns = new RecordColumns(this.#records, STRIDE);
  #free: Int32Array = new Int32Array(0);
  #freeCount = 0;
  #top = 0;
  #serial: Uint32Array = new Uint32Array(0);
  #stream: Uint32Array = new Uint32Array(0);
  #placement: Uint32Array = new Uint32Array(0);
  #hint: Uint32Array = new Uint32Array(0);
  #clockMs: Float64Array = new Float64Array(0);
  #live: Uint8Array = new Uint8Array(0);
  #previous: Float64Array = new Float64Array(0);
  /** Edge × 2 + side that it was counted on; -1 while it waits. */
  #countedAt: Int32Array = new Int32Array(0);

  /** @param most records kept at most. */
  constructor(most: number) {
    this.#most = Math.min(most, SLOTS);
  }

  get size(): number {
    return this.#top - this.#freeCount;
  }

  /** The records that are held; index them by {@link slotOf}. Renewed when the book grows. */
  get columns(): RecordColumns {
    return this.#columns;
  }

  /** Keeps a record until its partner speaks; NO_BOOKING when there is no room. */
  put(columns: RecordColumns, index: number, of: BookedRequests, now: number): number {
    const samples = columns.u8(index, HttpRecord.sampleCount);
    const parts = Math.max(1, Math.ceil(samples / HttpLimit.SAMPLES));
    if (this.#room < parts) this.#kept.take(now - CROWDED_MS, (old) => this.release(old));
    if (this.#room < parts) return NO_BOOKING;
    let reference = of.previous;
    for (let part = 0; part < parts; part++) {
      const slot = this.#take();
      this.#copy(columns, index, { slot, part });
      reference = this.#enter(slot, { ...of, previous: reference }, now);
    }
    return reference;
  }

  /** How many records more there is room for. */
  get #room(): number {
    return this.#freeCount + this.#most - this.#top;
  }

  /** Writes one part of a record: all of them begin as it does, the first alone has its bytes. */
  #copy(columns: RecordColumns, index: number, { slot, part }: { slot: number; part: number }): void {
    const at = slot * STRIDE;
    const first = part * HttpLimit.SAMPLES;
    const count = Math.min(HttpLimit.SAMPLES, columns.u8(index, HttpRecord.sampleCount) - first);
    this.#records.set(columns.bytes(index, 0, HttpRecord.samples), at);
    this.#records.set(
      columns.bytes(index, HttpRecord.samples + first * HttpSample.BYTES, count * HttpSample.BYTES),
      at + HttpRecord.samples,
    );
    this.#records[at + HttpRecord.sampleCount] = count;
    if (part > 0) this.#records.fill(0, at + HttpRecord.requestBytes, at + HttpRecord.sampleCount);
  }

  /** Returns the slot's reference. */
  #enter(slot: number, of: BookedRequests, now: number): number {
    this.#stream[slot] = of.stream;
    this.#placement[slot] = of.placement;
    this.#hint[slot] = of.hint;
    this.#clockMs[slot] = of.clockMs;
    this.#live[slot] = of.live ? 1 : 0;
    this.#previous[slot] = of.previous;
    this.#countedAt[slot] = -1;
    this.#waiting.park(slot, now);
    return (this.#serial[slot] ?? 0) * SLOTS + slot;
  }

  holds(reference: number): boolean {
    return reference >= 0 && this.#serial[reference % SLOTS] === Math.floor(reference / SLOTS);
  }

  slotOf(reference: number): number {
    return reference % SLOTS;
  }

  previous(slot: number): number {
    return this.#previous[slot] ?? NO_BOOKING;
  }

  stream(slot: number): number {
    return this.#stream[slot] ?? 0;
  }

  placement(slot: number): number {
    return this.#placement[slot] ?? 0;
  }

  hint(slot: number): number {
    return this.#hint[slot] ?? 0;
  }

  clockMs(slot: number): number {
    return this.#clockMs[slot] ?? 0;
  }

  isLive(slot: number): boolean {
    return this.#live[slot] === 1;
  }

  /** Edge × 2 + side that the record was counted on; -1 while it waits. */
  countedAt(slot: number): number {
    return this.#countedAt[slot] ?? -1;
  }

  /** Hands out what has waited for {@link PARKED_MS}, to be counted where `countAt` says it did; forgets what is old. */
  settle(now: number, countAt: (slot: number) => number): void {
    this.#waiting.take(now - PARKED_MS, (slot) => {
      this.#countedAt[slot] = countAt(slot);
      this.#kept.park(slot, now);
    });
    this.#kept.take(now - KEPT_MS, (slot) => this.release(slot));
  }

  /** Calls back for each record that is still to be counted. */
  forEachWaiting(visit: (slot: number) => void): void {
    this.#waiting.forEach(visit);
  }

  /** Forgets a record. */
  release(slot: number): void {
    this.#waiting.unpark(slot);
    this.#kept.unpark(slot);
    this.#serial[slot] = ((this.#serial[slot] ?? 0) + 1) & 0x7fffffff;
    this.#free[this.#freeCount++] = slot;
  }

  #take(): number {
    if (this.#freeCount > 0) return this.#free[--this.#freeCount] ?? -1;
    if (this.#top >= this.#most) return -1;
    if (this.#top === this.#free.length) this.#grow(Math.max(256, this.#top * 2));
    return this.#top++;
  }

  #grow(capacity: number): void {
    this.#records = grown(this.#records, capacity * STRIDE);
    this.#columns = new RecordColumns(this.#records, STRIDE);
    this.#free = grown(this.#free, capacity);
    this.#serial = grown(this.#serial, capacity);
    this.#stream = grown(this.#stream, capacity);
    this.#placement = grown(this.#placement, capacity);
    this.#hint = grown(this.#hint, capacity);
    this.#clockMs = grown(this.#clockMs, capacity);
    this.#live = grown(this.#live, capacity);
    this.#previous = grown(this.#previous, capacity);
    this.#countedAt = grown(this.#countedAt, capacity);
  }
}
