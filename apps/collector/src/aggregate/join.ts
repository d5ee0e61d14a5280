// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, type RecordColumns } from '@undermesh/bpf-abi';
import { NO_BOOKING } from './bookings.js';
import type { Side } from './cells.js';
import { grown } from './grown.js';
import { KeyTable } from './key-table.js';
import { sideOf } from './record-edge.js';

/** Entries that nobody touched are forgotten after one to two of these. */
const GENERATION_MS = 120_000;

/** On which edge an end was counted, and its newest {@link Bookings} entry. */
export interface Counted {
  readonly edge: number;
  readonly booking: number;
}

/** What both ends of a connection know of each other; see {@link JoinTable}. */
class Generation {
  readonly table: KeyTable;
  /** Two entries per slot: source, destination. 0 or -1 where not seen. */
  placement: Uint32Array;
  open: Int32Array;
  edge: Int32Array;
  booking: Float64Array;
  requests: Float64Array;
  /** Port that the destination itself names: what the source used may have been translated. */
  port: Uint16Array;

  constructor(capacity: number) {
    this.table = new KeyTable(capacity);
    const slots = this.table.capacity;
    this.placement = new Uint32Array(slots * 2);
    this.open = new Int32Array(slots * 2);
    this.edge = new Int32Array(slots * 2);
    this.booking = new Float64Array(slots * 2);
    this.requests = new Float64Array(slots * 2);
    this.port = new Uint16Array(slots);
  }

  /** A new entry for a connection that has none. */
  add(clientIsn: number, serverIsn: number): number {
    const slot = this.table.add(clientIsn, serverIsn);
    const slots = this.table.capacity;
    if (slots > this.port.length) {
      this.placement = grown(this.placement, slots * 2);
      this.open = grown(this.open, slots * 2);
      this.edge = grown(this.edge, slots * 2);
      this.booking = grown(this.booking, slots * 2);
      this.requests = grown(this.requests, slots * 2);
      this.port = grown(this.port, slots);
    }
    for (let at = slot * 2; at < slot * 2 + 2; at++) {
      this.placement[at] = 0;
      this.open[at] = -1;
      this.edge[at] = -1;
      this.requests[at] = NO_BOOKING;
    }
    this.port[slot] = 0;
    return slot;
  }
}

/**
 * Finds the two ends of a connection by their initial sequence numbers, which both ends see alike, through address
 * translation and port reuse (DESIGN.md section 9, decision 3). 64 random bits make a chance meeting within minutes
 * as good as impossible; ports are not compared because translation may change them.
 *
 * Two generations instead of a timer per entry: a hit in the old one moves the entry to the young one, and every two
 * minutes, or when the young one is full, the old one is emptied as a whole.
 */
export class JoinTable {
  #young: Generation;
  #old: Generation;
  #turnedAt = 0;
  /** Unix ms of the record at hand. */
  #now = 0;
  readonly #maxEntries: number;
  /** Generations ended early because there were too many unjoined ends. */
  crowded = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
    this.#young = new Generation(4096);
    this.#old = new Generation(4096);
  }

  get size(): number {
    return this.#young.table.size + this.#old.table.size;
  }

  /** The entry of a connection, made when there is none. Sequence numbers are signed here. */
  #touch(clientIsn: number, serverIsn: number): number {
    const young = this.#young;
    const known = young.table.find(clientIsn, serverIsn);
    if (known >= 0) return known;
    if (young.table.size >= this.#maxEntries) {
      this.crowded++;
      this.#turn(this.#now);
      return this.#touch(clientIsn, serverIsn);
    }
    const slot = young.add(clientIsn, serverIsn);
    const old = this.#old;
    const from = old.table.find(clientIsn, serverIsn);
    if (from >= 0) {
      for (let side = 0; side < 2; side++) {
        const to = slot * 2 + side;
        const at = from * 2 + side;
        young.placement[to] = old.placement[at] ?? 0;
        young.open[to] = old.open[at] ?? -1;
        young.edge[to] = old.edge[at] ?? -1;
        young.booking[to] = old.booking[at] ?? NO_BOOKING;
        young.requests[to] = old.requests[at] ?? NO_BOOKING;
      }
      young.port[slot] = old.port[from] ?? 0;
      old.table.remove(from);
    }
    return slot;
  }

  /**
   * The entry of a record's connection with the placement of its end written in, -1 when it has no sequence numbers.
   * Valid until the next call.
   */
  enter(columns: RecordColumns, index: number, end: { placement: number; now: number }): number {
    const client = columns.u32(index, Field.clientIsn) | 0;
    const server = columns.u32(index, Field.serverIsn) | 0;
    if (client === 0 && server === 0) return -1;
    this.#now = end.now;
    if (this.#now - this.#turnedAt > GENERATION_MS) this.#turn(this.#now);
    const entry = this.#touch(client, server);
    const side = sideOf(columns, index);
    this.setPlacement(entry, side, end.placement);
    if (side === 1) this.setPort(entry, columns.u16(index, Field.localPort));
    return entry;
  }

  remove(entry: number): void {
    this.#young.table.remove(entry);
  }

  placement(entry: number, side: Side): number {
    return this.#young.placement[entry * 2 + side] ?? 0;
  }

  setPlacement(entry: number, side: Side, placement: number): void {
    this.#young.placement[entry * 2 + side] = placement;
  }

  /** Slot of the end in the open table, or -1. It may have been given away since: compare. */
  open(entry: number, side: Side): number {
    return this.#young.open[entry * 2 + side] ?? -1;
  }

  setOpen(entry: number, side: Side, slot: number): void {
    this.#young.open[entry * 2 + side] = slot;
  }

  /** The destination's own port, 0 before it was seen. */
  port(entry: number): number {
    return this.#young.port[entry] ?? 0;
  }

  setPort(entry: number, port: number): void {
    this.#young.port[entry] = port;
  }

  /** Edge on which an end that is over was counted, or -1. */
  countedEdge(entry: number, side: Side): number {
    return this.#young.edge[entry * 2 + side] ?? -1;
  }

  /** The newest {@link Bookings} entry of an end that is over. */
  booking(entry: number, side: Side): number {
    return this.#young.booking[entry * 2 + side] ?? NO_BOOKING;
  }

  /** Writes down on which edge an end that is over was counted, and its bookings in case its partner knows better. */
  setCounted(entry: number, side: Side, counted: Counted): void {
    this.#young.edge[entry * 2 + side] = counted.edge;
    this.#young.booking[entry * 2 + side] = counted.booking;
  }

  /** The newest http record of an end in the {@link RequestBook}. */
  requests(entry: number, side: Side): number {
    return this.#young.requests[entry * 2 + side] ?? NO_BOOKING;
  }

  setRequests(entry: number, side: Side, reference: number): void {
    this.#young.requests[entry * 2 + side] = reference;
  }

  #turn(now: number): void {
    const emptied = this.#old;
    emptied.table.clear();
    this.#old = this.#young;
    this.#young = emptied;
    this.#turnedAt = now;
  }
}
