// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, type RecordColumns, RecordEvent, RecordFlag } from '@undermesh/bpf-abi';
import { NO_BOOKING } from './bookings.js';
import { CarriedEnds } from './carried-ends.js';
import type { Side } from './cells.js';
import type { EdgeTable } from './edges.js';
import type { EndBooks } from './end-books.js';
import type { JoinTable } from './join.js';
import { type FrameOfRecord, OpenState, type OpenTable } from './open-table.js';
import { GUESSED_MS, PARKED_MS, Parking } from './parking.js';
import type { PeerFinder } from './peer-finder.js';
import { edgeOfRecord, sideOf } from './record-edge.js';
import type { RequestJoiner } from './request-joiner.js';
import type { Stream, Streams } from './streams.js';
import { Part, type Tally, WHOLE, WHOLE_ADOPTED } from './tally.js';

/** What ends are joined with. */
export interface EndJoinerParts {
  readonly streams: Streams;
  readonly edges: EdgeTable;
  readonly open: OpenTable;
  readonly join: JoinTable;
  readonly finder: PeerFinder;
  readonly tally: Tally;
  readonly books: EndBooks;
  /** Told of every connection whose ends have met. */
  readonly requests: RequestJoiner;
}

/** The frame of a record of a connection end. */
export interface EndFrame extends FrameOfRecord {
  readonly from: Stream;
  /** Placement of the reporting end by record. */
  readonly locals: Uint32Array;
  /** Records of an earlier run, to fill the timeline again: they do not move the totals. */
  readonly replayed: boolean;
  /** Placement of the other end as it was found at the time; taken where nobody knows better. */
  readonly hints?: Uint32Array;
}

/**
 * Puts connection ends on edges. An end whose partner has spoken is counted at once; any other waits a moment for it:
 * {@link PARKED_MS} when it is over or nobody can name its peer, {@link GUESSED_MS} when it is open and the directory can.
 */
export class EndJoiner {
  readonly parking = new Parking();
  readonly guessed = new Parking();
  readonly carried = new CarriedEnds();
  readonly #parts: EndJoinerParts;
  // One object each, filled again for every record.
  readonly #isns = { client: 0, server: 0 };
  readonly #end = { placement: 0, now: 0 };
  readonly #to = { placement: 0, peer: 0, port: 0 };
  readonly #met = { entry: 0, side: 0 as Side, edge: 0, slot: -1, peer: 0 };
  readonly #counted = { edge: 0, booking: NO_BOOKING };
  #by: { stream: Stream; placement: number } | null = null;
  #peer = 0;
  #entry = -1;
  #joined = false;
  /** Ends that were counted alone. */
  alone = 0;

  constructor(parts: EndJoinerParts) {
    this.#parts = parts;
  }

  /** Takes the record at hand. Returns the placement of its peer as far as it is known, 0 otherwise. */
  take(frame: EndFrame, index: number): number {
    this.#peer = 0;
    const side = sideOf(frame.columns, index);
    switch (frame.columns.u8(index, Field.event)) {
      case RecordEvent.CLOSED:
        this.#takeClosed(frame, index, side);
        break;
      case RecordEvent.FAILED:
        this.#takeFailed(frame, index, side);
        break;
      default:
        this.#takeOpen(frame, index);
    }
    return this.#peer;
  }

  /** Counts what has waited long enough for its partner. */
  settle(now: number): void {
    this.guessed.take(now - GUESSED_MS, (slot) => this.#settleUnjoined(slot, now, false));
    this.settleParked(now - PARKED_MS, now);
  }

  /** Counts without their partner all that were parked at `before` or earlier. */
  settleParked(before: number, now: number): void {
    this.#parts.tally.now = now;
    this.parking.take(before, (slot) => this.#settleUnjoined(slot, now, true));
    this.#parts.books.settle(before, now);
  }

  /** Counts in the timeline what waits for its partner's word, and leaves it waiting. */
  countWaiting(now: number): void {
    const { open, streams, finder, edges, tally, books } = this.#parts;
    books.countWaiting();
    open.forEach((slot) => {
      const stream = streams.at(open.stream(slot));
      if (stream === undefined || (open.edge[slot] ?? 0) >= 0 || !open.isClosing(slot)) return;
      const placement = open.placement[slot] ?? 0;
      const peer =
        finder.find(open.columns, slot, { stream, placement }) ||
        finder.outside(open.columns, slot, { stream, now });
      const edge = edgeOfRecord(edges, open.columns, slot, { placement, peer, port: 0 });
      tally.read(open.columns, slot, open.offsetMs(slot));
      tally.beyond(open.countedOf(slot).slice());
      const opened = ((open.state[slot] ?? 0) & OpenState.BASELINE) !== 0 ? Part.TAKEN_UP : Part.OPENED;
      tally.count(edge, open.sideOf(slot), opened | this.#endParts());
    });
  }

  /** Forgets an open end of which nobody will tell any more what became of it. */
  drop(slot: number): void {
    const { open, edges, tally } = this.#parts;
    const edge = open.edge[slot] ?? -1;
    const side = open.sideOf(slot);
    if (edge >= 0) {
      edges.addOpen(edge, side, -1);
      tally.vanished(edge, side);
    }
    this.#unpark(slot);
    open.remove(slot);
  }

  /** Counts an end that waited in vain where the directory says; by its address, or not yet, when it does not know. */
  #settleUnjoined(slot: number, now: number, byAddress: boolean): void {
    const { open, streams, finder, edges } = this.#parts;
    const stream = streams.at(open.stream(slot));
    if (stream === undefined || (open.edge[slot] ?? 0) >= 0) return;
    const placement = open.placement[slot] ?? 0;
    let peer = finder.find(open.columns, slot, { stream, placement });
    if (peer === 0 && !byAddress) {
      this.parking.park(slot, now);
      return;
    }
    if (peer === 0) {
      this.alone++;
      peer = finder.outside(open.columns, slot, { stream, now });
    }
    this.#settle(slot, edgeOfRecord(edges, open.columns, slot, { placement, peer, port: 0 }), peer);
  }

  #takeOpen(frame: EndFrame, index: number): void {
    const { columns } = frame;
    const { open, tally, books } = this.#parts;
    const known = open.find(columns, index, frame.stream);
    if (known < 0 ? open.isBuried(columns, index, frame.stream) : open.isClosing(known)) return;
    const slot = open.put(frame, index);
    if (slot < 0) return;
    const progressed = columns.u8(index, Field.event) === RecordEvent.PROGRESS;
    if (known < 0) this.#begin(slot, { frame, index, baseline: this.#isBaseline(frame, index) });
    open.state[slot] = (open.state[slot] ?? 0) | OpenState.CONFIRMED;
    if ((open.edge[slot] ?? -1) >= 0) {
      this.#rejoin(frame, index, slot);
      this.#peer = open.peer[slot] ?? 0;
      tally.beyond(open.countedOf(slot));
      books.count(slot, progressed ? Part.TRAFFIC | Part.ROUND_TRIP : Part.TRAFFIC);
      return;
    }
    const edge = this.#resolve(frame, index, slot);
    if (this.#joined) this.#settle(slot, edge, this.#peer);
    else if (known < 0) (edge >= 0 ? this.guessed : this.parking).park(slot, frame.arrivedAt);
  }

  /** Looks for the partner of an end that was counted without it. */
  #rejoin(frame: EndFrame, index: number, slot: number): void {
    const { open, books } = this.#parts;
    if (open.isJoined(slot)) return;
    const edge = this.#resolve(frame, index, slot);
    if (this.#joined) books.moveOpen(slot, edge, this.#peer);
  }

  #takeFailed(frame: EndFrame, index: number, side: Side): void {
    const edge = this.#resolve(frame, index, -1);
    this.#parts.tally.failed(edge >= 0 ? edge : this.#aloneEdge(frame, index), side);
  }

  #takeClosed(frame: EndFrame, index: number, side: Side): void {
    const { columns } = frame;
    const { open, join } = this.#parts;
    open.bury(columns, index, frame.stream);
    let slot = open.find(columns, index, frame.stream);
    if (slot >= 0) {
      open.put(frame, index);
      open.setClosing(slot);
      if ((open.edge[slot] ?? -1) >= 0) {
        this.#rejoin(frame, index, slot);
        this.#peer = open.peer[slot] ?? 0;
        this.#finish(slot);
        return;
      }
    }
    if (slot < 0 && this.carried.holds(frame.from.id, columns, index)) slot = this.#parkClosed(frame, index);
    let edge = this.#resolve(frame, index, slot);
    if (slot >= 0) {
      if (this.#joined) this.#settle(slot, edge, this.#peer);
      return;
    }
    if (edge < 0) {
      slot = this.#parkClosed(frame, index);
      if (slot >= 0) {
        if (this.#entry >= 0) join.setOpen(this.#entry, side, slot);
        return;
      }
      edge = this.#aloneEdge(frame, index);
    }
    this.#takeWhole(edge, side);
  }

  /** Puts an end that is over into the open table, to be counted from there; -1 when there is no room. */
  #parkClosed(frame: EndFrame, index: number): number {
    const { open, tally } = this.#parts;
    const slot = open.put(frame, index);
    if (slot < 0) return slot;
    this.#begin(slot, { frame, index, baseline: tally.adopted });
    open.setClosing(slot);
    this.parking.park(slot, frame.arrivedAt);
    return slot;
  }

  /** Whether what an end that was not known has done so far is not of now: it is older than its agent or than this run. */
  #isBaseline({ columns, from }: EndFrame, index: number): boolean {
    const flags = columns.u16(index, Field.flags);
    if ((flags & RecordFlag.ADOPTED) !== 0) return true;
    const again =
      (flags & RecordFlag.REANNOUNCED) !== 0 || columns.u8(index, Field.event) === RecordEvent.PROGRESS;
    return again && !this.carried.isNews(from.id, this.#parts.tally.end.openedAt);
  }

  /** Counts an end that was never seen open, or has it wait for its partner's word. */
  #takeWhole(edge: number, side: Side): void {
    const { tally, books } = this.#parts;
    const parts = tally.adopted ? WHOLE_ADOPTED : WHOLE;
    const waits = !this.#joined && this.#entry >= 0;
    const booking = waits ? books.wait(edge, side, parts) : NO_BOOKING;
    if (booking === NO_BOOKING) tally.count(edge, side, parts);
    this.#remember(side, edge, booking);
  }

  /** Fills in a new slot of the open table. */
  #begin(slot: number, of: { frame: EndFrame; index: number; baseline: boolean }): void {
    const { open, tally } = this.#parts;
    open.side[slot] = sideOf(of.frame.columns, of.index);
    open.placement[slot] = of.frame.locals[of.index] ?? 0;
    if (of.frame.replayed) open.state[slot] = OpenState.REPLAYED;
    const carried = this.carried.take(of.frame.from.id, of.frame.columns, of.index);
    if (carried !== undefined) open.counted.set(carried.counted, slot * 4);
    else if (of.baseline) {
      const { end } = tally;
      open.counted.set([end.sent, end.received, end.segments, end.retransmits], slot * 4);
    }
    const wasOpened = carried?.opened ?? of.baseline;
    if (wasOpened) open.state[slot] = (open.state[slot] ?? 0) | OpenState.BASELINE;
  }

  /** Puts an end that had no edge onto one, with all that has come to pass meanwhile. */
  #settle(slot: number, edge: number, peer: number): void {
    const { open, edges, tally, books } = this.#parts;
    if (!open.inUse(slot) || (open.edge[slot] ?? 0) >= 0) return;
    this.#unpark(slot);
    const { live } = tally;
    const state = open.state[slot] ?? 0;
    tally.live = (state & OpenState.REPLAYED) === 0;
    open.edge[slot] = edge;
    open.peer[slot] = peer;
    edges.addOpen(edge, open.sideOf(slot), 1);
    tally.read(open.columns, slot, open.offsetMs(slot));
    const opened = (state & OpenState.BASELINE) !== 0 ? Part.TAKEN_UP : Part.OPENED;
    if (open.isClosing(slot)) this.#finish(slot, opened);
    else {
      tally.beyond(open.countedOf(slot));
      books.count(slot, opened | Part.TRAFFIC);
    }
    tally.live = live;
  }

  /** Counts an end that is on an edge and over, and takes it out of the open table. */
  #finish(slot: number, opened = 0): void {
    const { open, edges, tally, books } = this.#parts;
    const edge = open.edge[slot] ?? 0;
    const side = open.sideOf(slot);
    const { columns } = open;
    tally.read(columns, slot, open.offsetMs(slot));
    tally.beyond(open.countedOf(slot));
    edges.addOpen(edge, side, -1);
    this.#entry = this.#enter(columns, slot, open.placement[slot] ?? 0);
    books.count(slot, opened | this.#endParts());
    const booking = open.booking[slot] ?? NO_BOOKING;
    open.remove(slot);
    this.#remember(side, edge, booking);
  }

  /** Has the books remember on which edge the end of the join entry at hand was counted. */
  #remember(side: Side, edge: number, booking: number): void {
    this.#counted.edge = edge;
    this.#counted.booking = booking;
    this.#parts.books.remember(this.#entry, side, this.#counted);
  }

  /** What is counted of the closing record that the tally holds, its opening aside. */
  #endParts(): number {
    const lifetime = this.#parts.tally.adopted ? 0 : Part.LIFETIME;
    return Part.TRAFFIC | Part.ROUND_TRIP | Part.CLOSED | lifetime;
  }

  /** The join entry of a record, and its sequence numbers in `#isns`; -1 when it has none. */
  #enter(columns: RecordColumns, index: number, placement: number): number {
    this.#isns.client = columns.u32(index, Field.clientIsn);
    this.#isns.server = columns.u32(index, Field.serverIsn);
    this.#end.placement = placement;
    this.#end.now = this.#parts.tally.now;
    return this.#parts.join.enter(columns, index, this.#end);
  }

  /** The edge of a record, -1 when nobody can name its peer; the peer in `#peer`, and whether its partner said so. */
  #resolve(frame: EndFrame, index: number, slot: number): number {
    const { open, join, finder, edges, requests } = this.#parts;
    const { columns } = frame;
    const placement = frame.locals[index] ?? 0;
    const side = sideOf(columns, index);
    const other: Side = side === 0 ? 1 : 0;
    const entry = this.#enter(columns, index, placement);
    this.#entry = entry;
    const partner = entry < 0 ? 0 : join.placement(entry, other);
    const peer =
      partner || finder.find(columns, index, this.#speaker(frame, placement)) || (frame.hints?.[index] ?? 0);
    if (entry >= 0 && slot >= 0) join.setOpen(entry, side, slot);
    let edge = -1;
    if (peer !== 0) {
      const to = this.#to;
      to.placement = placement;
      to.peer = peer;
      to.port = entry < 0 ? 0 : join.port(entry);
      edge = edgeOfRecord(edges, columns, index, to);
      if (partner !== 0) {
        requests.met(entry, edge);
        const met = this.#met;
        met.entry = entry;
        met.side = other;
        met.edge = edge;
        met.slot = slot;
        met.peer = placement;
        this.#meet(met);
      }
    }
    this.#entry = entry;
    this.#peer = peer;
    this.#joined = partner !== 0;
    if (this.#joined && slot >= 0 && (open.edge[slot] ?? -1) < 0) open.setJoined(slot);
    return edge;
  }

  /** Who asks for the peer of a record. */
  #speaker({ from }: EndFrame, placement: number): { stream: Stream; placement: number } {
    this.#by ??= { stream: from, placement };
    this.#by.stream = from;
    this.#by.placement = placement;
    return this.#by;
  }

  /** Both ends are known: brings the partner's books in line with the edge both are on. */
  #meet(of: { entry: number; side: Side; edge: number; slot: number; peer: number }): void {
    const { open, join, tally, books } = this.#parts;
    const slot = join.open(of.entry, of.side);
    if (!open.holds(slot, of.side, this.#isns)) {
      books.moveOver(of.entry, of.side, of.edge);
      return;
    }
    if (of.slot >= 0) open.pair(of.slot, slot);
    if ((open.edge[slot] ?? -1) >= 0) {
      books.moveOpen(slot, of.edge, of.peer);
      return;
    }
    open.setJoined(slot);
    this.#settle(slot, of.edge, of.peer);
    tally.again();
  }

  /** The edge to or from the bare address. */
  #aloneEdge(frame: EndFrame, index: number): number {
    const { edges, finder, tally } = this.#parts;
    const { columns } = frame;
    const peer = finder.outside(columns, index, { stream: frame.from, now: tally.now });
    this.#peer = peer;
    return edgeOfRecord(edges, columns, index, { placement: frame.locals[index] ?? 0, peer, port: 0 });
  }

  #unpark(slot: number): void {
    this.parking.unpark(slot);
    this.guessed.unpark(slot);
  }
}
