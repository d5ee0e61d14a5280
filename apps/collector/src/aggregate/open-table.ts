// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, RecordColumns } from '@undermesh/bpf-abi';
import { NO_BOOKING } from './bookings.js';
import type { Side } from './cells.js';
import { grown } from './grown.js';
import { KeyTable } from './key-table.js';
import type { OpenConnections, OpenEnd } from './open-connections.js';

const STRIDE = Field.BYTES;
/** Slots of the cache of ends that are over; a power of two. */
const TOMBSTONES = 1 << 16;

/** Bits of an open end's state. */
export const OpenState = {
  /** Older than what this collector has seen: totals so far are not traffic of now. */
  BASELINE: 1,
  /** Over, but not yet counted because its peer is not yet known. */
  CLOSING: 2,
  /** Announced by the present run of its agent. */
  CONFIRMED: 4,
  /** From an earlier run of the collector: it does not move the totals. */
  REPLAYED: 8,
  /** Its peer is known by its partner's word, not by a guess. */
  JOINED: 16,
} as const;

/** What {@link OpenTable.put} takes from a frame. */
export interface FrameOfRecord {
  readonly columns: RecordColumns;
  readonly stream: number;
  readonly sequence: bigint;
  readonly realtimeOffsetNs: bigint;
  readonly arrivedAt: number;
}

/** Names behind the numbers, for those who list. */
export interface OpenNames {
  stream(stream: number): { node: string; cluster: string; id: string };
  workload(placement: number): number;
}

/**
 * Ends that are open, by stream and socket cookie, each with its last record. Ends that are over but wait for their
 * partner's name stay here for a moment too, so that there is one place for what is not settled.
 */
export class OpenTable implements OpenConnections {
  readonly #table = new KeyTable(1024);
  readonly #names: OpenNames;
  readonly #maxEnds: number;
  #records: Uint8Array = new Uint8Array(1024 * STRIDE);
  #columns = new RecordColumns(this.#records, STRIDE);
  #recordBytes: Uint16Array = new Uint16Array(1024);
  #sequence: BigUint64Array = new BigUint64Array(1024);
  #offset: BigInt64Array = new BigInt64Array(1024);
  #closing = 0;
  /** Slots in use, by number of their stream. */
  #ofStream: Uint32Array = new Uint32Array(64);
  readonly #buried = new Uint32Array(TOMBSTONES);
  /** Per slot; -1 while the other end is not known. */
  edge: Int32Array = new Int32Array(1024);
  side: Uint8Array = new Uint8Array(1024);
  state: Uint8Array = new Uint8Array(1024);
  placement: Uint32Array = new Uint32Array(1024);
  peer: Uint32Array = new Uint32Array(1024);
  partner: Int32Array = new Int32Array(1024);
  updatedAt: Float64Array = new Float64Array(1024);
  /** The newest {@link Bookings} entry of an end that was counted without its partner. */
  booking: Float64Array = new Float64Array(1024);
  /** Sent, received, segments and retransmits that have been counted, four per slot. */
  counted: Float64Array = new Float64Array(4096);
  /** Ends that found no room; they are counted when they end. */
  refused = 0;

  constructor(names: OpenNames, maxEnds: number) {
    this.#names = names;
    this.#maxEnds = maxEnds;
  }

  get size(): number {
    return this.#table.size - this.#closing;
  }

  /** The last records, one per slot; renewed when the table grows. */
  get columns(): RecordColumns {
    return this.#columns;
  }

  /** The slot of a record's end, or -1. */
  find(columns: RecordColumns, index: number, stream: number): number {
    return this.#table.find(
      stream,
      columns.u32(index, Field.socketCookie),
      columns.u32(index, Field.socketCookie + 4),
    );
  }

  /** Adds an end or renews its record; -1 when there is no room. A new slot has edge -1 and nothing counted. */
  put(frame: FrameOfRecord, index: number): number {
    const { columns } = frame;
    let slot = this.find(columns, index, frame.stream);
    if (slot < 0) {
      if (this.#table.size >= this.#maxEnds) {
        this.refused++;
        return -1;
      }
      slot = this.#insert(columns, index, frame.stream);
    }
    const bytes = Math.min(columns.recordBytes, STRIDE);
    this.#records.set(columns.bytes(index, 0, bytes), slot * STRIDE);
    if (bytes < STRIDE) this.#records.fill(0, slot * STRIDE + bytes, (slot + 1) * STRIDE);
    this.#recordBytes[slot] = bytes;
    this.#sequence[slot] = frame.sequence;
    this.#offset[slot] = frame.realtimeOffsetNs;
    this.updatedAt[slot] = frame.arrivedAt;
    return slot;
  }

  setClosing(slot: number): void {
    if (this.isClosing(slot)) return;
    this.state[slot] = (this.state[slot] ?? 0) | OpenState.CLOSING;
    this.#closing++;
  }

  /** Whether the end is over and only waits to be counted. */
  isClosing(slot: number): boolean {
    return ((this.state[slot] ?? 0) & OpenState.CLOSING) !== 0;
  }

  /** Whether the end's peer is known by its partner's word. */
  isJoined(slot: number): boolean {
    return ((this.state[slot] ?? 0) & OpenState.JOINED) !== 0;
  }

  setJoined(slot: number): void {
    this.state[slot] = (this.state[slot] ?? 0) | OpenState.JOINED;
  }

  remove(slot: number): void {
    if (this.isClosing(slot)) this.#closing--;
    const partner = this.partner[slot] ?? -1;
    if (partner >= 0 && this.partner[partner] === slot) this.partner[partner] = -1;
    const stream = this.stream(slot);
    this.#ofStream[stream] = (this.#ofStream[stream] ?? 1) - 1;
    this.#table.remove(slot);
    this.state[slot] = 0;
    this.edge[slot] = -1;
  }

  /** Whether a slot still holds the end with these initial sequence numbers on this side. */
  holds(slot: number, side: Side, isns: { client: number; server: number }): boolean {
    return (
      slot >= 0 &&
      this.#table.word(slot, 3) === 0 &&
      this.inUse(slot) &&
      this.side[slot] === side &&
      this.#columns.u32(slot, Field.clientIsn) === isns.client &&
      this.#columns.u32(slot, Field.serverIsn) === isns.server
    );
  }

  inUse(slot: number): boolean {
    return (
      this.#table.find(this.#table.word(slot, 0), this.#table.word(slot, 1), this.#table.word(slot, 2)) ===
      slot
    );
  }

  stream(slot: number): number {
    return this.#table.word(slot, 0);
  }

  sideOf(slot: number): Side {
    return this.side[slot] === 0 ? 0 : 1;
  }

  /** Sent, received, segments and retransmits of an end that have been counted: a view. */
  countedOf(slot: number): Float64Array {
    return this.counted.subarray(slot * 4, slot * 4 + 4);
  }

  /** Whether a stream has any end here. */
  hasOf(stream: number): boolean {
    return (this.#ofStream[stream] ?? 0) > 0;
  }

  /** Tells two ends of one connection of each other. */
  pair(slot: number, partner: number): void {
    this.partner[slot] = partner;
    this.partner[partner] = slot;
  }

  /** Ms to add to the boottimes of an end's record. */
  offsetMs(slot: number): number {
    return Number(this.#offset[slot] ?? 0n) / 1e6;
  }

  /**
   * Remembers that a socket is over: cookies are never used twice, so an OPENED that comes later is late. A cache, small
   * enough to stay in the processor's: an OPENED is late by one look of its agent at most.
   */
  bury(columns: RecordColumns, index: number, stream: number): void {
    const mark = markOf(columns.u32(index, Field.socketCookie), stream);
    this.#buried[mark & (TOMBSTONES - 1)] = mark;
  }

  isBuried(columns: RecordColumns, index: number, stream: number): boolean {
    const mark = markOf(columns.u32(index, Field.socketCookie), stream);
    return this.#buried[mark & (TOMBSTONES - 1)] === mark;
  }

  forEach(visit: (slot: number) => void): void {
    this.#table.forEach(visit);
  }

  *list(): Iterable<OpenEnd> {
    const slots: number[] = [];
    this.#table.forEach((slot) => {
      if (!this.isClosing(slot)) slots.push(slot);
    });
    for (const slot of slots) yield this.#end(slot);
  }

  #end(slot: number): OpenEnd {
    const table = this;
    const stream = this.#names.stream(this.#table.word(slot, 0));
    return {
      node: stream.node,
      cluster: stream.cluster,
      streamId: stream.id,
      frameSequence: this.#sequence[slot] ?? 0n,
      recordBytes: this.#recordBytes[slot] ?? 0,
      record: this.#records.subarray(slot * STRIDE, (slot + 1) * STRIDE),
      realtimeOffsetNs: this.#offset[slot] ?? 0n,
      localWorkload: this.#names.workload(this.placement[slot] ?? 0),
      peerWorkload: this.#names.workload(this.peer[slot] ?? 0),
      updatedAtMs: this.updatedAt[slot] ?? 0,
      get partner() {
        const partner = table.partner[slot] ?? -1;
        return partner < 0 ? null : table.#end(partner);
      },
    };
  }

  #insert(columns: RecordColumns, index: number, stream: number): number {
    const slot = this.#table.insert(
      stream,
      columns.u32(index, Field.socketCookie),
      columns.u32(index, Field.socketCookie + 4),
    );
    const slots = this.#table.capacity;
    if (slots > this.edge.length) {
      this.#records = grown(this.#records, slots * STRIDE);
      this.#columns = new RecordColumns(this.#records, STRIDE);
      this.#recordBytes = grown(this.#recordBytes, slots);
      this.edge = grown(this.edge, slots);
      this.side = grown(this.side, slots);
      this.state = grown(this.state, slots);
      this.placement = grown(this.placement, slots);
      this.peer = grown(this.peer, slots);
      this.partner = grown(this.partner, slots);
      this.updatedAt = grown(this.updatedAt, slots);
      this.booking = grown(this.booking, slots);
      this.counted = grown(this.counted, slots * 4);
      const sequence = new BigUint64Array(slots);
      sequence.set(this.#sequence);
      this.#sequence = sequence;
      const offset = new BigInt64Array(slots);
      offset.set(this.#offset);
      this.#offset = offset;
    }
    if (stream >= this.#ofStream.length) this.#ofStream = grown(this.#ofStream, stream * 2);
    this.#ofStream[stream] = (this.#ofStream[stream] ?? 0) + 1;
    this.edge[slot] = -1;
    this.state[slot] = 0;
    this.peer[slot] = 0;
    this.partner[slot] = -1;
    this.booking[slot] = NO_BOOKING;
    this.counted.fill(0, slot * 4, slot * 4 + 4);
    return slot;
  }
}

/** One number for a socket of a stream, never 0; cookies count up, so those of one stream do not collide. */
const markOf = (cookieLow: number, stream: number): number =>
  (cookieLow ^ Math.imul(stream, 0x85ebca6b)) >>> 0 || 1;
