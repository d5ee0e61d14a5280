// SPDX-License-Identifier: Apache-2.0
import {
  ConnectionRecord as Field,
  RecordColumns,
  RecordEvent,
  RecordFlag,
  Reporter,
} from '@undermesh/bpf-abi';
import type { Side } from './cells.js';
import { EdgeTable } from './edges.js';
import { type CountedEnd, JoinTable } from './join.js';
import { type FrameOfRecord, OpenState, OpenTable } from './open-table.js';
import { PARKED_MS, Parking } from './parking.js';
import { PeerFinder } from './peer-finder.js';
import type { Placements } from './placements.js';
import type { Stream, Streams } from './streams.js';
import { Tally } from './tally.js';
import { Timeline } from './timeline.js';

/** Bounds on what is held in memory. */
export interface AggregateLimits {
  readonly edges: number;
  readonly openEnds: number;
  readonly joins: number;
  readonly cells: number;
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

/** Edges without traffic are forgotten after this: a while longer than their last bucket is kept. */
const IDLE_EDGE_MS = 25 * 3_600_000;
const FORGET_EVERY_MS = 3_600_000;

/**
 * Turns records into edges. No object and no string per record: everything is a number in a typed array.
 *
 * An end whose peer is known, by its partner or by the directory, is counted at once; otherwise it waits in the open
 * table for {@link PARKED_MS}. What the partner says of itself wins over the directory, also afterwards.
 */
export class Aggregator {
  readonly edges: EdgeTable;
  readonly timeline: Timeline;
  readonly open: OpenTable;
  readonly join: JoinTable;
  readonly parking = new Parking();
  readonly #streams: Streams;
  readonly #tally: Tally;
  readonly #finder = new PeerFinder();
  readonly #isns = { client: 0, server: 0 };
  readonly #counted: { -readonly [Key in keyof CountedEnd]: CountedEnd[Key] } = {
    edge: -1,
    sent: 0,
    received: 0,
    time: 0,
    reason: 0,
  };
  #peer = 0;
  #entry = -1;
  #joined = false;
  /** The record at hand. */
  #columns: RecordColumns = new RecordColumns(new Uint8Array(0), Field.BYTES);
  #index = 0;
  #clockMs = 0;
  #forgotAt = 0;
  /** Ends whose partner named another peer than the directory did. */
  corrected = 0;
  /** Ends that were counted alone. */
  alone = 0;

  constructor(streams: Streams, placements: Placements, limits: AggregateLimits) {
    this.#streams = streams;
    this.edges = new EdgeTable(placements, limits.edges);
    this.timeline = new Timeline(limits.cells);
    this.open = new OpenTable(streams, limits.openEnds);
    this.join = new JoinTable(limits.joins);
    this.#tally = new Tally(this.edges, this.timeline);
  }

  /** Counts one frame. */
  take(frame: AggregateFrame): void {
    const { columns, locals, peers } = frame;
    this.#tally.now = frame.arrivedAt;
    this.#tally.live = !frame.replayed;
    this.#columns = columns;
    this.#clockMs = Number(frame.realtimeOffsetNs) / 1e6;
    const count = Math.min(columns.count, locals.length);
    for (let index = 0; index < count; index++) {
      if (locals[index] === 0) continue;
      const side = sideOf(columns, index);
      this.#peer = 0;
      this.#index = index;
      this.#tally.read(columns, index, this.#clockMs);
      switch (columns.u8(index, Field.event)) {
        case RecordEvent.CLOSED:
          this.#takeClosed(frame, index, side);
          break;
        case RecordEvent.FAILED:
          this.#tally.failed(this.#resolve(frame, index, -1) ?? this.#aloneEdge(frame, index), side);
          break;
        default:
          this.#takeOpen(frame, index, side);
      }
      peers[index] = this.#peer;
    }
    this.#tally.live = true;
  }

  /** Counts alone what has waited long enough, and lets the timeline close its buckets. Call it every second or so. */
  tick(now: number): void {
    this.settleParked(now - PARKED_MS, now);
    this.timeline.tick(now);
    if (now - this.#forgotAt < FORGET_EVERY_MS) return;
    this.#forgotAt = now;
    this.edges.forgetIdle(now - IDLE_EDGE_MS);
  }

  /** Counts alone all that were parked at `before` or earlier. */
  settleParked(before: number, now: number): void {
    this.#tally.now = now;
    this.parking.take(before, (slot) => {
      const { open } = this;
      const stream = this.#streams.at(open.stream(slot));
      if (stream === undefined || (open.edge[slot] ?? 0) >= 0) return;
      this.alone++;
      const peer = this.#finder.outside(open.columns, slot, { stream, now });
      this.#settle(
        slot,
        this.#edgeTo(open.columns, slot, { placement: open.placement[slot] ?? 0, peer, port: 0 }),
        peer,
      );
    });
  }

  /** Closes the books on the open ends of a stream that is over: what became of them nobody will tell. */
  endStream(stream: number): void {
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
      this.parking.unpark(slot);
      open.remove(slot);
    });
  }

  #takeOpen(frame: AggregateFrame, index: number, side: Side): void {
    const { columns } = frame;
    const { open } = this;
    const known = open.find(columns, index, frame.stream);
    if (known < 0 ? open.isBuried(columns, index, frame.stream) : open.isClosing(known)) return;
    const slot = open.put(frame, index);
    if (slot < 0) return;
    const progressed = columns.u8(index, Field.event) === RecordEvent.PROGRESS;
    if (known < 0) this.#begin(slot, { frame, index, baseline: progressed || isBaseline(columns, index) });
    open.state[slot] = (open.state[slot] ?? 0) | OpenState.CONFIRMED;
    const edge = open.edge[slot] ?? -1;
    if (edge >= 0) {
      this.#peer = open.peer[slot] ?? 0;
      this.#tally.traffic(edge, side, this.#countedOf(slot));
      if (progressed) this.#tally.roundTrip(edge, side);
      if ((open.partner[slot] ?? -1) < 0) this.#rejoin(frame, slot);
      return;
    }
    const resolved = this.#resolve(frame, index, slot);
    if (resolved !== null) this.#settle(slot, resolved, this.#peer);
    else if (known < 0) this.parking.park(slot, frame.arrivedAt);
  }

  /** Looks for the partner of an end that was counted without it. */
  #rejoin(frame: AggregateFrame, slot: number): void {
    const { open } = this;
    const from = open.edge[slot] ?? -1;
    const to = this.#resolve(frame, this.#index, slot);
    if (to === null || to === from || !this.#joined) return;
    this.corrected++;
    this.#tally.moveOpen(this.#sideAt(slot), { from, to });
    open.edge[slot] = to;
    open.peer[slot] = this.#peer;
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
        this.#peer = open.peer[slot] ?? 0;
        this.#finish(slot);
        return;
      }
    }
    const edge = this.#resolve(frame, index, slot);
    if (edge !== null && slot >= 0) {
      this.#settle(slot, edge, this.#peer);
      return;
    }
    if (slot >= 0) return;
    if (edge === null) slot = open.put(frame, index);
    if (slot >= 0) {
      this.#begin(slot, { frame, index, baseline: this.#tally.end.adopted });
      open.setClosing(slot);
      if (this.#entry >= 0) this.join.setOpen(this.#entry, side, slot);
      this.parking.park(slot, frame.arrivedAt);
      return;
    }
    const on = edge ?? this.#aloneEdge(frame, index);
    const { end } = this.#tally;
    if (end.adopted) {
      this.#tally.opened(on, side, true);
      this.#tally.closed(on, side);
    } else this.#tally.whole(on, side);
    this.#remember(on, side, end.reason);
  }

  /** Fills in a new slot of the open table. */
  #begin(slot: number, of: { frame: AggregateFrame; index: number; baseline: boolean }): void {
    const { open } = this;
    open.side[slot] = sideOf(of.frame.columns, of.index);
    open.placement[slot] = of.frame.locals[of.index] ?? 0;
    if (of.frame.replayed) open.state[slot] = OpenState.REPLAYED;
    if (!of.baseline) return;
    const { end } = this.#tally;
    open.state[slot] = (open.state[slot] ?? 0) | OpenState.BASELINE;
    open.counted.set([end.sent, end.received, end.segments, end.retransmits], slot * 4);
  }

  /** Puts an end that had no edge onto one, with all that has come to pass meanwhile. */
  #settle(slot: number, edge: number, peer: number): void {
    const { open } = this;
    if (!open.inUse(slot) || (open.edge[slot] ?? 0) >= 0) return;
    this.parking.unpark(slot);
    const side = this.#sideAt(slot);
    const { live } = this.#tally;
    this.#tally.live = ((open.state[slot] ?? 0) & OpenState.REPLAYED) === 0;
    open.edge[slot] = edge;
    open.peer[slot] = peer;
    this.edges.addOpen(edge, side, 1);
    this.#tally.read(open.columns, slot, open.offsetMs(slot));
    this.#tally.opened(edge, side, ((open.state[slot] ?? 0) & OpenState.BASELINE) !== 0);
    if (open.isClosing(slot)) this.#finish(slot);
    else this.#tally.traffic(edge, side, this.#countedOf(slot));
    this.#tally.live = live;
  }

  /** Counts an end that is on an edge and over, and takes it out of the open table. */
  #finish(slot: number): void {
    const { open } = this;
    const edge = open.edge[slot] ?? 0;
    const side = this.#sideAt(slot);
    const { columns } = open;
    this.#tally.read(columns, slot, open.offsetMs(slot));
    this.#tally.traffic(edge, side, this.#countedOf(slot));
    this.edges.addOpen(edge, side, -1);
    this.#entry = this.#enter(columns, slot, open.placement[slot] ?? 0);
    const reason = columns.u8(slot, Field.reason);
    open.remove(slot);
    this.#tally.closed(edge, side);
    this.#remember(edge, side, reason);
  }

  /** Writes down on which edge an end was counted, until its partner has come too. */
  #remember(edge: number, side: Side, reason: number): void {
    const { end } = this.#tally;
    if (this.#entry < 0) return;
    const other = side === 0 ? 1 : 0;
    if (this.join.countedEdge(this.#entry, other) >= 0) {
      this.join.remove(this.#entry);
      return;
    }
    const counted = this.#counted;
    counted.edge = edge;
    counted.sent = end.sent;
    counted.received = end.received;
    counted.time = end.time;
    counted.reason = reason;
    this.join.setCounted(this.#entry, side, counted);
  }

  /** The join entry of a record with this end's side written in, -1 when it has no sequence numbers. */
  #enter(columns: RecordColumns, index: number, placement: number): number {
    const client = columns.u32(index, Field.clientIsn);
    const server = columns.u32(index, Field.serverIsn);
    if (client === 0 && server === 0) return -1;
    this.#isns.client = client;
    this.#isns.server = server;
    const side = sideOf(columns, index);
    const entry = this.join.touch(client, server, this.#tally.now);
    this.join.setPlacement(entry, side, placement);
    if (side === 1) this.join.setPort(entry, columns.u16(index, Field.localPort));
    return entry;
  }

  /** The edge of a record, and its peer in `#peer`; `null` when nobody knows the peer yet. */
  #resolve(frame: AggregateFrame, index: number, slot: number): number | null {
    const { columns } = frame;
    const placement = frame.locals[index] ?? 0;
    const side = sideOf(columns, index);
    const other: Side = side === 0 ? 1 : 0;
    const entry = this.#enter(columns, index, placement);
    this.#entry = entry;
    const partner = entry < 0 ? 0 : this.join.placement(entry, other);
    this.#joined = partner !== 0;
    const peer =
      partner ||
      this.#finder.find(columns, index, { stream: frame.from, placement }) ||
      (frame.hints?.[index] ?? 0);
    if (entry >= 0 && slot >= 0) this.join.setOpen(entry, side, slot);
    if (peer === 0) return null;
    const port = entry < 0 ? 0 : this.join.port(entry);
    const edge = this.#edgeTo(columns, index, { placement, peer, port });
    if (partner !== 0) this.#meet({ entry, side: other, edge, slot, peer: placement });
    this.#entry = entry;
    this.#peer = peer;
    return edge;
  }

  /** Both ends are known: brings the partner's books in line with the edge both are on. */
  #meet(of: { entry: number; side: Side; edge: number; slot: number; peer: number }): void {
    const { open, join } = this;
    const slot = join.open(of.entry, of.side);
    if (open.holds(slot, of.side, this.#isns)) {
      if (of.slot >= 0) open.pair(of.slot, slot);
      const edge = open.edge[slot] ?? -1;
      if (edge < 0) {
        this.#settle(slot, of.edge, of.peer);
        this.#tally.read(this.#columns, this.#index, this.#clockMs);
      } else if (edge !== of.edge) {
        this.corrected++;
        this.#tally.moveOpen(of.side, { from: edge, to: of.edge });
        open.edge[slot] = of.edge;
        open.peer[slot] = of.peer;
      }
      return;
    }
    const counted = join.countedEdge(of.entry, of.side);
    if (counted < 0 || counted === of.edge) return;
    if (this.#tally.live) this.corrected++;
    this.#tally.move(join.counted(of.entry, of.side), of.side, of.edge);
    join.setCounted(of.entry, of.side, { ...join.counted(of.entry, of.side), edge: of.edge });
  }

  #edgeTo(
    columns: RecordColumns,
    index: number,
    to: { placement: number; peer: number; port: number },
  ): number {
    return sideOf(columns, index) === 0
      ? this.edges.edge(to.placement, to.peer, to.port || columns.u16(index, Field.peerPort))
      : this.edges.edge(to.peer, to.placement, columns.u16(index, Field.localPort));
  }

  /** The edge to or from the bare address. */
  #aloneEdge(frame: AggregateFrame, index: number): number {
    const { columns } = frame;
    const peer = this.#finder.outside(columns, index, { stream: frame.from, now: this.#tally.now });
    this.#peer = peer;
    return this.#edgeTo(columns, index, { placement: frame.locals[index] ?? 0, peer, port: 0 });
  }

  #countedOf(slot: number): Float64Array {
    return this.open.counted.subarray(slot * 4, slot * 4 + 4);
  }

  #sideAt(slot: number): Side {
    return this.open.side[slot] === 0 ? 0 : 1;
  }
}

const sideOf = (columns: RecordColumns, index: number): Side =>
  columns.u8(index, Field.reporter) === Reporter.SOURCE ? 0 : 1;

const isBaseline = (columns: RecordColumns, index: number): boolean =>
  (columns.u16(index, Field.flags) & (RecordFlag.ADOPTED | RecordFlag.REANNOUNCED)) !== 0;
