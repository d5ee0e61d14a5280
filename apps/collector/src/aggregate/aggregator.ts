// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, RecordColumns, RecordEvent, RecordFlag } from '@undermesh/bpf-abi';
import { Bookings, NO_BOOKING } from './bookings.js';
import { CarriedEnds } from './carried-ends.js';
import type { Side } from './cells.js';
import { EdgeTable } from './edges.js';
import { JoinTable } from './join.js';
import { type FrameOfRecord, OpenState, OpenTable } from './open-table.js';
import { GUESSED_MS, PARKED_MS, Parking } from './parking.js';
import { PeerFinder } from './peer-finder.js';
import type { Placements } from './placements.js';
import { isHttp } from './record-check.js';
import { edgeOfRecord, sideOf } from './record-edge.js';
import { RequestJoiner } from './request-joiner.js';
import { RequestTally } from './request-tally.js';
import type { Stream, Streams } from './streams.js';
import { Part, Tally, WHOLE, WHOLE_ADOPTED } from './tally.js';
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

/** One frame's records on their way into the aggregates. */
export interface AggregateFrame extends FrameOfRecord {
  readonly from: Stream;
  /** Placement of the reporting end by record; 0: leave this record out. */
  readonly locals: Uint32Array;
  /** Filled in: placement of the other end as far as it is known by now, 0 where not. */
  readonly peers: Uint32Array;
  /** Records of an earlier run, to fill the timeline again: they do not move the totals. */
  readonly replayed: boolean;
  /** Placement of the other end as it was found at the time; taken where nobody knows better. */
  readonly hints?: Uint32Array;
}

/** Edges without traffic are forgotten after this, unless the timeline still names them. */
const IDLE_EDGE_MS = 25 * 3_600_000;
const FORGET_EVERY_MS = 3_600_000;
/** Http records that wait for their connection's partner, or may have to be moved. */
const HELD_REQUESTS = 65_536;

/**
 * Turns records into edges. No object and no string per record: everything is a number in a typed array.
 *
 * What counts is the partner's word. An end whose partner has spoken is counted at once; any other waits a moment for
 * it: {@link PARKED_MS} when it is over or nobody can name its peer, {@link GUESSED_MS} when it is open and the directory
 * can. Then it is counted by what the directory says, or by address, and booked, so that a partner that is later than
 * that still moves all of it in the timeline. Totals never shrink: they keep what was counted.
 */
export class Aggregator {
  readonly edges: EdgeTable;
  readonly timeline: Timeline;
  readonly open: OpenTable;
  readonly join: JoinTable;
  readonly parking = new Parking();
  readonly guessed = new Parking();
  readonly bookings: Bookings;
  readonly carried = new CarriedEnds();
  readonly requests: RequestJoiner;
  readonly requestTally: RequestTally;
  readonly #streams: Streams;
  readonly #tally: Tally;
  readonly #finder = new PeerFinder();
  readonly #isns = { client: 0, server: 0 };
  readonly #end = { placement: 0, now: 0 };
  #peer = 0;
  #entry = -1;
  #joined = false;
  /** The record at hand. */
  #columns: RecordColumns = new RecordColumns(new Uint8Array(0), Field.BYTES);
  #index = 0;
  #clockMs = 0;
  #forgotAt = 0;
  /** Ends that were counted before their partner named another peer. */
  corrected = 0;
  /** Ends that were counted alone. */
  alone = 0;

  constructor(streams: Streams, placements: Placements, limits: AggregateLimits) {
    this.#streams = streams;
    this.edges = new EdgeTable(placements, limits.edges);
    this.timeline = new Timeline({ maxCells: limits.cells, hoursKeptMs: limits.hoursKeptMs });
    this.open = new OpenTable(streams, limits.openEnds);
    this.join = new JoinTable(limits.joins);
    this.bookings = new Bookings(limits.joins);
    this.#tally = new Tally(this.edges, this.timeline);
    this.requestTally = new RequestTally(this.edges, this.timeline, limits.series);
    this.requests = new RequestJoiner({
      streams,
      edges: this.edges,
      open: this.open,
      join: this.join,
      finder: this.#finder,
      tally: this.requestTally,
      most: HELD_REQUESTS,
    });
  }

  /** Ends that wait for their partner before they are counted, and some that were counted lately. */
  get waiting(): number {
    return this.parking.size + this.guessed.size + this.bookings.waiting;
  }

  /** Counts one frame. */
  take(frame: AggregateFrame): void {
    const { columns, locals, peers } = frame;
    this.#tally.now = frame.arrivedAt;
    this.#tally.live = !frame.replayed;
    this.#columns = columns;
    this.#clockMs = Number(frame.realtimeOffsetNs) / 1e6;
    const count = Math.min(columns.count, locals.length);
    // A frame holds one kind of record.
    const http = count > 0 && isHttp(columns, 0);
    for (let index = 0; index < count; index++) {
      if (locals[index] === 0) continue;
      if (http) {
        peers[index] = this.requests.take(frame, index, this.#clockMs);
        continue;
      }
      const side = sideOf(columns, index);
      this.#peer = 0;
      this.#index = index;
      this.#tally.read(columns, index, this.#clockMs);
      switch (columns.u8(index, Field.event)) {
        case RecordEvent.CLOSED:
          this.#takeClosed(frame, index, side);
          break;
        case RecordEvent.FAILED:
          this.#takeFailed(frame, index, side);
          break;
        default:
          this.#takeOpen(frame, index);
      }
      peers[index] = this.#peer;
    }
    this.#tally.live = true;
  }

  /** Counts what has waited long enough, and lets the timeline close its buckets. Call it every second or so. */
  tick(now: number): void {
    this.settle(now);
    this.timeline.tick(now);
    if (now - this.#forgotAt < FORGET_EVERY_MS) return;
    this.#forgotAt = now;
    const inUse = this.timeline.edgesInUse();
    this.edges.forgetIdle(now - IDLE_EDGE_MS, (edge) => inUse[edge] === 1);
  }

  /** Counts what has waited long enough for its partner. Call it several times a second. */
  settle(now: number): void {
    this.#tally.now = now;
    this.guessed.take(now - GUESSED_MS, (slot) => this.#settleUnjoined(slot, now, false));
    this.settleParked(now - PARKED_MS, now);
    this.requests.settle(now);
  }

  /** Counts without their partner all that were parked at `before` or earlier. */
  settleParked(before: number, now: number): void {
    this.#tally.now = now;
    this.parking.take(before, (slot) => this.#settleUnjoined(slot, now, true));
    this.bookings.settle(before, now, (booking, edge, side) => this.#countBooked(booking, edge, side));
  }

  /**
   * Counts in the timeline what waits for its partner's word as it would be counted without it, and leaves it waiting:
   * for a draft of the timeline.
   */
  countWaiting(now: number): void {
    const { open } = this;
    this.#tally.now = now;
    this.#tally.live = false;
    this.bookings.forEachWaiting((booking, edge, side) => {
      this.bookings.read(booking, this.#tally.end);
      this.#tally.count(edge, side, this.bookings.parts(booking));
    });
    open.forEach((slot) => {
      const stream = this.#streams.at(open.stream(slot));
      if (stream === undefined || (open.edge[slot] ?? 0) >= 0 || !open.isClosing(slot)) return;
      const placement = open.placement[slot] ?? 0;
      const peer =
        this.#finder.find(open.columns, slot, { stream, placement }) ||
        this.#finder.outside(open.columns, slot, { stream, now });
      const edge = edgeOfRecord(this.edges, open.columns, slot, { placement, peer, port: 0 });
      this.#tally.read(open.columns, slot, open.offsetMs(slot));
      this.#tally.beyond(this.#countedOf(slot).slice());
      const opened = ((open.state[slot] ?? 0) & OpenState.BASELINE) !== 0 ? Part.TAKEN_UP : Part.OPENED;
      this.#tally.count(edge, this.#sideAt(slot), opened | this.#endParts());
    });
    this.#tally.live = true;
    this.requests.countWaiting(now);
  }

  /** Counts an end that waited in vain where the directory says; by its address, or not yet, when it does not know. */
  #settleUnjoined(slot: number, now: number, byAddress: boolean): void {
    const { open } = this;
    const stream = this.#streams.at(open.stream(slot));
    if (stream === undefined || (open.edge[slot] ?? 0) >= 0) return;
    const placement = open.placement[slot] ?? 0;
    let peer = this.#finder.find(open.columns, slot, { stream, placement });
    if (peer === 0 && !byAddress) {
      this.parking.park(slot, now);
      return;
    }
    if (peer === 0) {
      this.alone++;
      peer = this.#finder.outside(open.columns, slot, { stream, now });
    }
    this.#settle(slot, edgeOfRecord(this.edges, open.columns, slot, { placement, peer, port: 0 }), peer);
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
        this.open.stream(slot) === stream &&
        ((this.open.state[slot] ?? 0) & (OpenState.CONFIRMED | OpenState.CLOSING)) === 0,
    );
  }

  #endWhere(matches: (slot: number) => boolean): void {
    const { open } = this;
    open.forEach((slot) => {
      if (!matches(slot)) return;
      const edge = open.edge[slot] ?? -1;
      const side = this.#sideAt(slot);
      if (edge >= 0) {
        this.edges.addOpen(edge, side, -1);
        this.#tally.vanished(edge, side);
      }
      this.#unpark(slot);
      open.remove(slot);
    });
  }

  #takeOpen(frame: AggregateFrame, index: number): void {
    const { columns } = frame;
    const { open } = this;
    const known = open.find(columns, index, frame.stream);
    if (known < 0 ? open.isBuried(columns, index, frame.stream) : open.isClosing(known)) return;
    const slot = open.put(frame, index);
    if (slot < 0) return;
    const progressed = columns.u8(index, Field.event) === RecordEvent.PROGRESS;
    if (known < 0) this.#begin(slot, { frame, index, baseline: this.#isBaseline(frame, index) });
    open.state[slot] = (open.state[slot] ?? 0) | OpenState.CONFIRMED;
    if ((open.edge[slot] ?? -1) >= 0) {
      this.#rejoin(frame, slot);
      this.#peer = open.peer[slot] ?? 0;
      this.#tally.beyond(this.#countedOf(slot));
      this.#count(slot, progressed ? Part.TRAFFIC | Part.ROUND_TRIP : Part.TRAFFIC);
      return;
    }
    const edge = this.#resolve(frame, index, slot);
    if (this.#joined) this.#settle(slot, edge, this.#peer);
    else if (known < 0) (edge >= 0 ? this.guessed : this.parking).park(slot, frame.arrivedAt);
  }

  /** Looks for the partner of an end that was counted without it. */
  #rejoin(frame: AggregateFrame, slot: number): void {
    const { open } = this;
    if (open.isJoined(slot)) return;
    const edge = this.#resolve(frame, this.#index, slot);
    if (this.#joined) this.#joinOpen(slot, edge, this.#peer);
  }

  /** Takes the partner's word on an open end that was counted without it. */
  #joinOpen(slot: number, to: number, peer: number): void {
    const { open } = this;
    const from = open.edge[slot] ?? 0;
    const booking = open.booking[slot] ?? NO_BOOKING;
    open.setJoined(slot);
    open.booking[slot] = NO_BOOKING;
    if (from === to) {
      this.#forget(booking);
      return;
    }
    const side = this.#sideAt(slot);
    this.corrected++;
    this.#tally.moveOpen({ from, to }, side);
    this.#moveBooked(booking, { from, to }, side);
    open.edge[slot] = to;
    open.peer[slot] = peer;
  }

  #takeFailed(frame: AggregateFrame, index: number, side: Side): void {
    const edge = this.#resolve(frame, index, -1);
    this.#tally.failed(edge >= 0 ? edge : this.#aloneEdge(frame, index), side);
  }

  #takeClosed(frame: AggregateFrame, index: number, side: Side): void {
    const { columns } = frame;
    const { open } = this;
    open.bury(columns, index, frame.stream);
    let slot = open.find(columns, index, frame.stream);
    if (slot >= 0) {
      open.put(frame, index);
      open.setClosing(slot);
      if ((open.edge[slot] ?? -1) >= 0) {
        this.#rejoin(frame, slot);
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
        if (this.#entry >= 0) this.join.setOpen(this.#entry, side, slot);
        return;
      }
      edge = this.#aloneEdge(frame, index);
    }
    this.#takeWhole(edge, side);
  }

  /** Puts an end that is over into the open table, to be counted from there; -1 when there is no room. */
  #parkClosed(frame: AggregateFrame, index: number): number {
    const { open } = this;
    const slot = open.put(frame, index);
    if (slot < 0) return slot;
    this.#begin(slot, { frame, index, baseline: this.#tally.adopted });
    open.setClosing(slot);
    this.parking.park(slot, frame.arrivedAt);
    return slot;
  }

  /** Whether what an end that was not known has done so far is not of now: it is older than its agent or than this run. */
  #isBaseline({ columns, from }: AggregateFrame, index: number): boolean {
    const flags = columns.u16(index, Field.flags);
    if ((flags & RecordFlag.ADOPTED) !== 0) return true;
    const again =
      (flags & RecordFlag.REANNOUNCED) !== 0 || columns.u8(index, Field.event) === RecordEvent.PROGRESS;
    return again && !this.carried.isNews(from.id, this.#tally.end.openedAt);
  }

  /** Counts an end that was never seen open, or has it wait for its partner's word. */
  #takeWhole(edge: number, side: Side): void {
    const { end, now, live, adopted } = this.#tally;
    const parts = adopted ? WHOLE_ADOPTED : WHOLE;
    let booking = NO_BOOKING;
    if (!this.#joined && this.#entry >= 0) {
      const booked = { edge, side, parts: live ? parts : parts | Part.REPLAYED, previous: NO_BOOKING };
      booking = this.bookings.wait(booked, end, now);
      this.edges.touch(edge, now);
    }
    if (booking === NO_BOOKING) this.#tally.count(edge, side, parts);
    this.#remember(side, { edge, booking });
  }

  /** Fills in a new slot of the open table. */
  #begin(slot: number, of: { frame: AggregateFrame; index: number; baseline: boolean }): void {
    const { open } = this;
    open.side[slot] = sideOf(of.frame.columns, of.index);
    open.placement[slot] = of.frame.locals[of.index] ?? 0;
    if (of.frame.replayed) open.state[slot] = OpenState.REPLAYED;
    const carried = this.carried.take(of.frame.from.id, of.frame.columns, of.index);
    if (carried !== undefined) open.counted.set(carried.counted, slot * 4);
    else if (of.baseline) {
      const { end } = this.#tally;
      open.counted.set([end.sent, end.received, end.segments, end.retransmits], slot * 4);
    }
    const wasOpened = carried?.opened ?? of.baseline;
    if (wasOpened) open.state[slot] = (open.state[slot] ?? 0) | OpenState.BASELINE;
  }

  /** Puts an end that had no edge onto one, with all that has come to pass meanwhile. */
  #settle(slot: number, edge: number, peer: number): void {
    const { open } = this;
    if (!open.inUse(slot) || (open.edge[slot] ?? 0) >= 0) return;
    this.#unpark(slot);
    const side = this.#sideAt(slot);
    const { live } = this.#tally;
    const state = open.state[slot] ?? 0;
    this.#tally.live = (state & OpenState.REPLAYED) === 0;
    open.edge[slot] = edge;
    open.peer[slot] = peer;
    this.edges.addOpen(edge, side, 1);
    this.#tally.read(open.columns, slot, open.offsetMs(slot));
    const opened = (state & OpenState.BASELINE) !== 0 ? Part.TAKEN_UP : Part.OPENED;
    if (open.isClosing(slot)) this.#finish(slot, opened);
    else {
      this.#tally.beyond(this.#countedOf(slot));
      this.#count(slot, opened | Part.TRAFFIC);
    }
    this.#tally.live = live;
  }

  /** Counts an end that is on an edge and over, and takes it out of the open table. */
  #finish(slot: number, opened = 0): void {
    const { open } = this;
    const edge = open.edge[slot] ?? 0;
    const side = this.#sideAt(slot);
    const { columns } = open;
    this.#tally.read(columns, slot, open.offsetMs(slot));
    this.#tally.beyond(this.#countedOf(slot));
    this.edges.addOpen(edge, side, -1);
    this.#entry = this.#enter(columns, slot, open.placement[slot] ?? 0);
    this.#count(slot, opened | this.#endParts());
    const booking = open.booking[slot] ?? NO_BOOKING;
    open.remove(slot);
    this.#remember(side, { edge, booking });
  }

  /** What is counted of the closing record at hand, its opening aside. */
  #endParts(): number {
    const lifetime = this.#tally.adopted ? 0 : Part.LIFETIME;
    return Part.TRAFFIC | Part.ROUND_TRIP | Part.CLOSED | lifetime;
  }

  /** Counts parts of the record at hand for an end that has an edge, and books them unless its partner has spoken. */
  #count(slot: number, parts: number): void {
    const { open } = this;
    const edge = open.edge[slot] ?? 0;
    const side = this.#sideAt(slot);
    this.#tally.count(edge, side, parts);
    if (open.isJoined(slot)) return;
    const previous = open.booking[slot] ?? NO_BOOKING;
    const { end, now } = this.#tally;
    const booking = this.bookings.add({ edge, side, parts, previous }, end, now);
    if (booking !== NO_BOOKING) open.booking[slot] = booking;
  }

  /** Writes down on which edge an end was counted, until its partner has come too. */
  #remember(side: Side, counted: { edge: number; booking: number }): void {
    if (this.#entry < 0) return;
    const other = side === 0 ? 1 : 0;
    if (this.join.countedEdge(this.#entry, other) >= 0) this.join.remove(this.#entry);
    else this.join.setCounted(this.#entry, side, counted);
  }

  /** Counts a booking that waited. */
  #countBooked(booking: number, edge: number, side: Side): void {
    const { bookings } = this;
    const parts = bookings.parts(booking);
    const { live } = this.#tally;
    this.#tally.live = (parts & Part.REPLAYED) === 0;
    bookings.read(booking, this.#tally.end);
    this.#tally.count(edge, side, parts);
    this.#tally.live = live;
  }

  /** Moves what was counted for an end, as far as it is still known, and forgets it. */
  #moveBooked(booking: number, edges: { from: number; to: number }, side: Side): void {
    const { bookings } = this;
    for (let at = booking; bookings.holds(at); at = bookings.previous(at)) {
      bookings.read(at, this.#tally.end);
      this.#tally.move(edges, side, bookings.parts(at));
    }
    this.#forget(booking);
    this.#tally.read(this.#columns, this.#index, this.#clockMs);
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

  /** The join entry of a record, and its sequence numbers in `#isns`; -1 when it has none. */
  #enter(columns: RecordColumns, index: number, placement: number): number {
    this.#isns.client = columns.u32(index, Field.clientIsn);
    this.#isns.server = columns.u32(index, Field.serverIsn);
    this.#end.placement = placement;
    this.#end.now = this.#tally.now;
    return this.join.enter(columns, index, this.#end);
  }

  /** The edge of a record, -1 when nobody can name its peer; the peer in `#peer`, and whether its partner said so. */
  #resolve(frame: AggregateFrame, index: number, slot: number): number {
    const { columns } = frame;
    const placement = frame.locals[index] ?? 0;
    const side = sideOf(columns, index);
    const other: Side = side === 0 ? 1 : 0;
    const entry = this.#enter(columns, index, placement);
    this.#entry = entry;
    const partner = entry < 0 ? 0 : this.join.placement(entry, other);
    const peer =
      partner ||
      this.#finder.find(columns, index, { stream: frame.from, placement }) ||
      (frame.hints?.[index] ?? 0);
    if (entry >= 0 && slot >= 0) this.join.setOpen(entry, side, slot);
    let edge = -1;
    if (peer !== 0) {
      const port = entry < 0 ? 0 : this.join.port(entry);
      edge = edgeOfRecord(this.edges, columns, index, { placement, peer, port });
      if (partner !== 0) {
        this.requests.met(entry, edge);
        this.#meet({ entry, side: other, edge, slot, peer: placement });
      }
    }
    this.#entry = entry;
    this.#peer = peer;
    this.#joined = partner !== 0;
    if (this.#joined && slot >= 0 && (this.open.edge[slot] ?? -1) < 0) this.open.setJoined(slot);
    return edge;
  }

  /** Both ends are known: brings the partner's books in line with the edge both are on. */
  #meet(of: { entry: number; side: Side; edge: number; slot: number; peer: number }): void {
    const { open, join, bookings } = this;
    const slot = join.open(of.entry, of.side);
    if (open.holds(slot, of.side, this.#isns)) {
      if (of.slot >= 0) open.pair(of.slot, slot);
      if ((open.edge[slot] ?? -1) >= 0) {
        this.#joinOpen(slot, of.edge, of.peer);
        return;
      }
      open.setJoined(slot);
      this.#settle(slot, of.edge, of.peer);
      this.#tally.read(this.#columns, this.#index, this.#clockMs);
      return;
    }
    const counted = join.countedEdge(of.entry, of.side);
    if (counted < 0) return;
    const booking = join.booking(of.entry, of.side);
    if (bookings.holds(booking) && bookings.isWaiting(booking)) {
      this.#countBooked(booking, of.edge, of.side);
      bookings.release(booking);
      this.#tally.read(this.#columns, this.#index, this.#clockMs);
    } else if (counted === of.edge) this.#forget(booking);
    else {
      if (this.#tally.live) this.corrected++;
      this.#moveBooked(booking, { from: counted, to: of.edge }, of.side);
    }
    join.setCounted(of.entry, of.side, { edge: of.edge, booking: NO_BOOKING });
  }

  /** The edge to or from the bare address. */
  #aloneEdge(frame: AggregateFrame, index: number): number {
    const { columns } = frame;
    const peer = this.#finder.outside(columns, index, { stream: frame.from, now: this.#tally.now });
    this.#peer = peer;
    return edgeOfRecord(this.edges, columns, index, { placement: frame.locals[index] ?? 0, peer, port: 0 });
  }

  #unpark(slot: number): void {
    this.parking.unpark(slot);
    this.guessed.unpark(slot);
  }

  #countedOf(slot: number): Float64Array {
    return this.open.counted.subarray(slot * 4, slot * 4 + 4);
  }

  #sideAt(slot: number): Side {
    return this.open.side[slot] === 0 ? 0 : 1;
  }
}
