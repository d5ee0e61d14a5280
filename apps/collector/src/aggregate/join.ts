// SPDX-License-Identifier: Apache-2.0
import type { Side } from './cells.js';
import { grown } from './grown.js';
import { KeyTable } from './key-table.js';

/** Entries that nobody touched are forgotten after one to two of these. */
const GENERATION_MS = 120_000;

/** What both ends of a connection know of each other; see {@link JoinTable}. */
class Generation {
  readonly table: KeyTable;
  /** Two entries per slot: source, destination. 0 or -1 where not seen. */
  placement: Uint32Array;
  open: Int32Array;
  edge: Int32Array;
  sent: Float64Array;
  received: Float64Array;
  time: Float64Array;
  reason: Uint8Array;
  /** Port that the destination itself names: what the source used may have been translated. */
  port: Uint16Array;

  constructor(capacity: number) {
    this.table = new KeyTable(capacity);
    const slots = this.table.capacity;
    this.placement = new Uint32Array(slots * 2);
    this.open = new Int32Array(slots * 2);
    this.edge = new Int32Array(slots * 2);
    this.sent = new Float64Array(slots * 2);
    this.received = new Float64Array(slots * 2);
    this.time = new Float64Array(slots * 2);
    this.reason = new Uint8Array(slots * 2);
    this.port = new Uint16Array(slots);
  }

  insert(clientIsn: number, serverIsn: number): number {
    const before = this.table.size;
    const slot = this.table.insert(clientIsn, serverIsn);
    if (this.table.size === before) return slot;
    const slots = this.table.capacity;
    if (slots > this.port.length) {
      this.placement = grown(this.placement, slots * 2);
      this.open = grown(this.open, slots * 2);
      this.edge = grown(this.edge, slots * 2);
      this.sent = grown(this.sent, slots * 2);
      this.received = grown(this.received, slots * 2);
      this.time = grown(this.time, slots * 2);
      this.reason = grown(this.reason, slots * 2);
      this.port = grown(this.port, slots);
    }
    for (let at = slot * 2; at < slot * 2 + 2; at++) {
      this.placement[at] = 0;
      this.open[at] = -1;
      this.edge[at] = -1;
    }
    this.port[slot] = 0;
    return slot;
  }
}

/** What an end that is over was counted as, in case its partner knows better. */
export interface CountedEnd {
  readonly edge: number;
  readonly sent: number;
  readonly received: number;
  /** Unix ms of the bucket it was counted in. */
  readonly time: number;
  readonly reason: number;
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

  /** The entry of a connection, made when there is none. Valid until the next call. */
  touch(clientIsn: number, serverIsn: number, now: number): number {
    if (now - this.#turnedAt > GENERATION_MS) this.#turn(now);
    const young = this.#young;
    const known = young.table.find(clientIsn, serverIsn);
    if (known >= 0) return known;
    if (young.table.size >= this.#maxEntries) {
      this.crowded++;
      this.#turn(now);
      return this.touch(clientIsn, serverIsn, now);
    }
    const slot = young.insert(clientIsn, serverIsn);
    const old = this.#old;
    const from = old.table.find(clientIsn, serverIsn);
    if (from >= 0) {
      for (let side = 0; side < 2; side++) {
        const to = slot * 2 + side;
        const at = from * 2 + side;
        young.placement[to] = old.placement[at] ?? 0;
        young.open[to] = old.open[at] ?? -1;
        young.edge[to] = old.edge[at] ?? -1;
        young.sent[to] = old.sent[at] ?? 0;
        young.received[to] = old.received[at] ?? 0;
        young.time[to] = old.time[at] ?? 0;
        young.reason[to] = old.reason[at] ?? 0;
      }
      young.port[slot] = old.port[from] ?? 0;
      old.table.remove(from);
    }
    return slot;
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

  counted(entry: number, side: Side): CountedEnd {
    const at = entry * 2 + side;
    const young = this.#young;
    return {
      edge: young.edge[at] ?? -1,
      sent: young.sent[at] ?? 0,
      received: young.received[at] ?? 0,
      time: young.time[at] ?? 0,
      reason: young.reason[at] ?? 0,
    };
  }

  setCounted(entry: number, side: Side, end: CountedEnd): void {
    const at = entry * 2 + side;
    const young = this.#young;
    young.edge[at] = end.edge;
    young.sent[at] = end.sent;
    young.received[at] = end.received;
    young.time[at] = end.time;
    young.reason[at] = end.reason;
  }

  #turn(now: number): void {
    const emptied = this.#old;
    emptied.table.clear();
    this.#old = this.#young;
    this.#young = emptied;
    this.#turnedAt = now;
  }
}
