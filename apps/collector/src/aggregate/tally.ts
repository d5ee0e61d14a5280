// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, type RecordColumns, RecordFlag } from '@undermesh/bpf-abi';
import { COUNTERS, Counter, Distribution, type Side } from './cells.js';
import type { EdgeTable } from './edges.js';
import type { CountedEnd } from './join.js';
import type { Timeline } from './timeline.js';

/** First values of the two ranges in `enum close_reason`. */
const FIRST_ENDING = 1;
const FIRST_FAILURE = 16;

/** The members of one record that are counted. One object, filled again for every record. */
export interface EndFigures {
  sent: number;
  received: number;
  segments: number;
  retransmits: number;
  reason: number;
  /** Unix ms. */
  time: number;
  openedAt: number;
  connectUs: number;
  roundTripUs: number;
  /** Older than its agent: neither its opening nor its lifetime is known. */
  adopted: boolean;
}

/** Counts ends on edges: in the timeline by the time of the record, in the totals at once. */
export class Tally {
  readonly end: EndFigures = {
    sent: 0,
    received: 0,
    segments: 0,
    retransmits: 0,
    reason: 0,
    time: 0,
    openedAt: 0,
    connectUs: 0,
    roundTripUs: 0,
    adopted: false,
  };
  readonly #edges: EdgeTable;
  readonly #timeline: Timeline;
  /** Unix ms of the frame at hand. */
  now = 0;
  /** Whether the totals move too; not while an earlier run is replayed. */
  live = true;

  constructor(edges: EdgeTable, timeline: Timeline) {
    this.#edges = edges;
    this.#timeline = timeline;
  }

  /** Reads a record into {@link end}; `clockMs` is added to its boottimes. */
  read(columns: RecordColumns, index: number, clockMs: number): void {
    const { end } = this;
    end.sent = columns.u64(index, Field.sentBytes);
    end.received = columns.u64(index, Field.receivedBytes);
    end.segments = columns.u32(index, Field.segmentsSent);
    end.retransmits = columns.u32(index, Field.retransmittedSegments);
    end.reason = columns.u8(index, Field.reason);
    end.time = columns.u64(index, Field.timeNs) / 1e6 + clockMs;
    end.openedAt = columns.u64(index, Field.openedNs) / 1e6 + clockMs;
    end.connectUs = columns.u32(index, Field.connectUs);
    end.roundTripUs = columns.u32(index, Field.srttUs);
    end.adopted = (columns.u16(index, Field.flags) & RecordFlag.ADOPTED) !== 0;
  }

  /** @param baseline it was open before anyone looked: it counts as open, not as opened now. */
  opened(edge: number, side: Side, baseline: boolean): void {
    const { end } = this;
    const counter = side * COUNTERS + Counter.opened;
    if (!baseline) {
      const cells = this.#timeline.at(end.openedAt, this.now);
      if (cells !== null) {
        const row = cells.row(edge);
        cells.add(row, counter, 1);
        if (end.connectUs > 0) cells.sample(row, Distribution.connectUs * 2 + side, end.connectUs);
      }
    }
    this.#total(edge, counter, 1);
  }

  /** Adds what went over the wire beyond `counted` (sent, received, segments, retransmits), and brings that up to date. */
  traffic(edge: number, side: Side, counted: Float64Array): void {
    const { end } = this;
    const offset = side * COUNTERS;
    const sent = Math.max(0, end.sent - (counted[0] ?? 0));
    const received = Math.max(0, end.received - (counted[1] ?? 0));
    const cells = this.#timeline.at(end.time, this.now);
    if (cells !== null) {
      const row = cells.row(edge);
      const retransmits = end.retransmits - (counted[3] ?? 0);
      cells.add(row, offset + Counter.sent, sent);
      cells.add(row, offset + Counter.received, received);
      cells.add(row, offset + Counter.segments, Math.max(0, end.segments - (counted[2] ?? 0)));
      if (retransmits > 0) cells.add(row, offset + Counter.retransmits, retransmits);
    }
    this.#total(edge, offset + Counter.sent, sent);
    this.#total(edge, offset + Counter.received, received);
    counted[0] = end.sent;
    counted[1] = end.received;
    counted[2] = end.segments;
    counted[3] = end.retransmits;
  }

  roundTrip(edge: number, side: Side): void {
    const { end } = this;
    if (end.roundTripUs === 0) return;
    const cells = this.#timeline.at(end.time, this.now);
    cells?.sample(cells.row(edge), Distribution.roundTripUs * 2 + side, end.roundTripUs);
  }

  closed(edge: number, side: Side): void {
    const { end } = this;
    const offset = side * COUNTERS;
    const ended = offset + Counter.ended + end.reason - FIRST_ENDING;
    const cells = this.#timeline.at(end.time, this.now);
    if (cells !== null) {
      const row = cells.row(edge);
      cells.add(row, offset + Counter.closed, 1);
      cells.add(row, ended, 1);
      if (end.roundTripUs > 0) cells.sample(row, Distribution.roundTripUs * 2 + side, end.roundTripUs);
      if (!end.adopted) {
        const lifetimeUs = Math.max(0, end.time - end.openedAt) * 1000;
        cells.sample(row, Distribution.lifetimeUs * 2 + side, lifetimeUs);
      }
    }
    this.#total(edge, offset + Counter.closed, 1);
    this.#total(edge, ended, 1);
  }

  /** Counts an end that was never seen open, all at once: what most connections are. */
  whole(edge: number, side: Side): void {
    const { end } = this;
    const offset = side * COUNTERS;
    const ended = offset + Counter.ended + end.reason - FIRST_ENDING;
    const cells = this.#timeline.at(end.time, this.now);
    if (cells !== null) {
      const row = cells.row(edge);
      cells.add(row, offset + Counter.closed, 1);
      cells.add(row, offset + Counter.sent, end.sent);
      cells.add(row, offset + Counter.received, end.received);
      cells.add(row, offset + Counter.segments, end.segments);
      if (end.retransmits > 0) cells.add(row, offset + Counter.retransmits, end.retransmits);
      cells.add(row, ended, 1);
      if (end.roundTripUs > 0) cells.sample(row, Distribution.roundTripUs * 2 + side, end.roundTripUs);
      const lifetimeUs = Math.max(0, end.time - end.openedAt) * 1000;
      cells.sample(row, Distribution.lifetimeUs * 2 + side, lifetimeUs);
      const opened = this.#timeline.at(end.openedAt, this.now);
      if (opened !== null) {
        const openedRow = opened === cells ? row : opened.row(edge);
        opened.add(openedRow, offset + Counter.opened, 1);
        if (end.connectUs > 0) opened.sample(openedRow, Distribution.connectUs * 2 + side, end.connectUs);
      }
    }
    if (this.live) {
      const { pairs } = this.#edges;
      const pair = this.#edges.pair(edge);
      pairs.add(pair, offset + Counter.opened, 1);
      pairs.add(pair, offset + Counter.closed, 1);
      pairs.add(pair, offset + Counter.sent, end.sent);
      pairs.add(pair, offset + Counter.received, end.received);
      pairs.add(pair, ended, 1);
    }
    this.#edges.touch(edge, this.now);
  }

  failed(edge: number, side: Side): void {
    const { end } = this;
    const counter = side * COUNTERS + Counter.failed + end.reason - FIRST_FAILURE;
    const cells = this.#timeline.at(end.time, this.now);
    cells?.add(cells.row(edge), counter, 1);
    this.#total(edge, counter, 1);
  }

  /** Moves what an end was counted as to the edge that its partner names. Totals stay: they never shrink. */
  move(counted: CountedEnd, side: Side, edge: number): void {
    const cells = this.#timeline.at(counted.time, this.now);
    if (cells === null) return;
    const offset = side * COUNTERS;
    for (const [to, sign] of [
      [counted.edge, -1],
      [edge, 1],
    ] as const) {
      const row = cells.row(to);
      cells.add(row, offset + Counter.opened, sign);
      cells.add(row, offset + Counter.closed, sign);
      cells.add(row, offset + Counter.sent, sign * counted.sent);
      cells.add(row, offset + Counter.received, sign * counted.received);
      cells.add(row, offset + Counter.ended + counted.reason - FIRST_ENDING, sign);
    }
  }

  /** Moves an open end: it leaves one edge as closed and joins the other as opened. */
  moveOpen(side: Side, edges: { from: number; to: number }): void {
    this.#edges.addOpen(edges.from, side, -1);
    this.#edges.addOpen(edges.to, side, 1);
    this.#total(edges.from, side * COUNTERS + Counter.closed, 1);
    this.#total(edges.to, side * COUNTERS + Counter.opened, 1);
    const cells = this.#timeline.at(this.now, this.now);
    if (cells === null) return;
    cells.add(cells.row(edges.from), side * COUNTERS + Counter.opened, -1);
    cells.add(cells.row(edges.to), side * COUNTERS + Counter.opened, 1);
  }

  /** Counts only in the totals that an end is over: what became of it is not known. */
  vanished(edge: number, side: Side): void {
    this.#total(edge, side * COUNTERS + Counter.closed, 1);
  }

  #total(edge: number, counter: number, amount: number): void {
    if (this.live) this.#edges.pairs.add(this.#edges.pair(edge), counter, amount);
    this.#edges.touch(edge, this.now);
  }
}
