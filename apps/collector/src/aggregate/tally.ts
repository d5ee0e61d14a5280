// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, RecordColumns, RecordFlag } from '@undermesh/bpf-abi';
import { type Cells, COUNTERS, Counter, Distribution, type Side } from './cells.js';
import type { EdgeTable } from './edges.js';
import { binOf } from './histogram.js';
import type { Timeline } from './timeline.js';

/** First values of the two ranges in `enum close_reason`. */
const FIRST_ENDING = 1;
const FIRST_FAILURE = 16;
const PROTOCOL_SHIFT = 31 - Math.clz32(RecordFlag.HTTP1);
const PROTOCOL_FLAGS = RecordFlag.HTTP1 | RecordFlag.TLS | RecordFlag.HTTP2 | RecordFlag.OTHER_PROTOCOL;

/** What of an end is counted: bits for {@link Tally.count}. */
export const Part = {
  /** Opened now, with the time that the connect took. */
  OPENED: 1,
  /** Open since before anyone looked: it counts as open, not as opened now. */
  TAKEN_UP: 2,
  TRAFFIC: 4,
  ROUND_TRIP: 8,
  CLOSED: 16,
  LIFETIME: 32,
  /** From an earlier run of the collector: in the timeline only. */
  REPLAYED: 64,
} as const;

/** All there is to count of an end that was never seen open: what most connections are. */
export const WHOLE = Part.OPENED | Part.TRAFFIC | Part.ROUND_TRIP | Part.CLOSED | Part.LIFETIME;
/** The same for one that is older than its agent: neither its opening nor its lifetime nor what it sent is known. */
export const WHOLE_ADOPTED = Part.TAKEN_UP | Part.ROUND_TRIP | Part.CLOSED;

/** The figures of one record that are counted. One object, filled again for every record. */
export interface EndFigures {
  sent: number;
  received: number;
  segments: number;
  retransmits: number;
  reason: number;
  /** Unix ms. */
  time: number;
  openedAt: number;
  lifetimeUs: number;
  connectUs: number;
  roundTripUs: number;
  /** Index into PROTOCOLS plus one; 0: nobody saw what it carried. */
  protocol: number;
  /** Index into ENGINES: the kernel numbers them in the same order. */
  engine: number;
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
    lifetimeUs: 0,
    connectUs: 0,
    roundTripUs: 0,
    protocol: 0,
    engine: 0,
  };
  /** Older than its agent. */
  adopted = false;
  readonly #edges: EdgeTable;
  readonly #timeline: Timeline;
  /** Unix ms of the frame at hand. */
  now = 0;
  /** Whether the totals move too; not while an earlier run is replayed. */
  live = true;
  /** The record at hand. */
  #columns = new RecordColumns(new Uint8Array(0), Field.BYTES);
  #index = 0;
  #clockMs = 0;

  constructor(edges: EdgeTable, timeline: Timeline) {
    this.#edges = edges;
    this.#timeline = timeline;
  }

  /** Makes a record the one at hand, and reads it. */
  take(columns: RecordColumns, index: number, clockMs: number): void {
    this.#columns = columns;
    this.#index = index;
    this.#clockMs = clockMs;
    this.read(columns, index, clockMs);
  }

  /** Reads the record at hand again, after something else was counted. */
  again(): void {
    this.read(this.#columns, this.#index, this.#clockMs);
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
    end.lifetimeUs = Math.max(0, end.time - end.openedAt) * 1000;
    end.connectUs = columns.u32(index, Field.connectUs);
    end.roundTripUs = columns.u32(index, Field.srttUs);
    const flags = columns.u16(index, Field.flags);
    // The bits stand in the order of PROTOCOLS, and one of them is set at most.
    end.protocol = 32 - Math.clz32((flags & PROTOCOL_FLAGS) >>> PROTOCOL_SHIFT);
    end.engine = columns.u8(index, Field.engine);
    this.adopted = (flags & RecordFlag.ADOPTED) !== 0;
  }

  /** Leaves in {@link end} only what goes beyond `counted` (sent, received, segments, retransmits); brings that up to date. */
  beyond(counted: Float64Array): void {
    const { end } = this;
    const { sent, received, segments, retransmits } = end;
    end.sent = Math.max(0, sent - (counted[0] ?? 0));
    end.received = Math.max(0, received - (counted[1] ?? 0));
    end.segments = Math.max(0, segments - (counted[2] ?? 0));
    end.retransmits = Math.max(0, retransmits - (counted[3] ?? 0));
    counted[0] = sent;
    counted[1] = received;
    counted[2] = segments;
    counted[3] = retransmits;
  }

  /** Counts parts of {@link end} on an edge; `parts` are bits of {@link Part}. */
  count(edge: number, side: Side, parts: number): void {
    this.#inTimeline(edge * 2 + side, parts, 1);
    if (this.live) this.#inTotals(edge, side, parts);
    this.#edges.touch(edge, this.now);
  }

  failed(edge: number, side: Side): void {
    const { end } = this;
    const counter = side * COUNTERS + Counter.failed + end.reason - FIRST_FAILURE;
    const cells = this.#timeline.at(end.time, this.now);
    cells?.add(cells.row(edge), counter, 1);
    this.#total(edge, counter);
  }

  /** Takes parts of {@link end} from one edge of the timeline to another. Totals stay: they never shrink. */
  move(edges: { from: number; to: number }, side: Side, parts: number): void {
    this.#inTimeline(edges.from * 2 + side, parts, -1);
    this.#inTimeline(edges.to * 2 + side, parts, 1);
    this.#edges.touch(edges.to, this.now);
  }

  /** Moves an open end in what is open and in the totals: it leaves one edge as closed and joins the other as opened. */
  moveOpen(edges: { from: number; to: number }, side: Side): void {
    this.#edges.addOpen(edges.from, side, -1);
    this.#edges.addOpen(edges.to, side, 1);
    this.#total(edges.from, side * COUNTERS + Counter.closed);
    this.#total(edges.to, side * COUNTERS + Counter.opened);
  }

  /** Counts only in the totals that an end is over: what became of it is not known. */
  vanished(edge: number, side: Side): void {
    this.#total(edge, side * COUNTERS + Counter.closed);
  }

  /** @param at edge × 2 + side; `sign` is 1 to add and -1 to take away. */
  #inTimeline(at: number, parts: number, sign: number): void {
    const { end } = this;
    const edge = at >>> 1;
    const side = at & 1;
    const offset = side * COUNTERS;
    let cells: Cells | null = null;
    let row = 0;
    if ((parts & (Part.TRAFFIC | Part.ROUND_TRIP | Part.CLOSED)) !== 0) {
      cells = this.#timeline.at(end.time, this.now);
      if (cells !== null) {
        row = cells.row(edge);
        if ((parts & Part.TRAFFIC) !== 0) {
          cells.add(row, offset + Counter.sent, sign * end.sent);
          cells.add(row, offset + Counter.received, sign * end.received);
          cells.add(row, offset + Counter.segments, sign * end.segments);
          if (end.retransmits > 0) cells.add(row, offset + Counter.retransmits, sign * end.retransmits);
          cells.add(row, offset + Counter.steered + end.engine, sign * (end.sent + end.received));
        }
        if ((parts & Part.ROUND_TRIP) !== 0 && end.roundTripUs > 0) {
          cells.sampleBin(row, Distribution.roundTripUs * 2 + side, binOf(end.roundTripUs), sign);
        }
        if ((parts & Part.CLOSED) !== 0) {
          cells.add(row, offset + Counter.closed, sign);
          cells.add(row, offset + Counter.ended + end.reason - FIRST_ENDING, sign);
          if (end.protocol > 0) cells.add(row, offset + Counter.carried + end.protocol - 1, sign);
        }
        if ((parts & Part.LIFETIME) !== 0) {
          cells.sampleBin(row, Distribution.lifetimeUs * 2 + side, binOf(end.lifetimeUs), sign);
        }
      }
    }
    if ((parts & Part.OPENED) === 0) return;
    const then = this.#timeline.at(end.openedAt, this.now);
    if (then === null) return;
    if (then !== cells) row = then.row(edge);
    then.add(row, offset + Counter.opened, sign);
    if (end.connectUs > 0) {
      then.sampleBin(row, Distribution.connectUs * 2 + side, binOf(end.connectUs), sign);
    }
  }

  #inTotals(edge: number, side: Side, parts: number): void {
    const { end } = this;
    const { pairs } = this.#edges;
    const pair = this.#edges.pair(edge);
    const offset = side * COUNTERS;
    if ((parts & (Part.OPENED | Part.TAKEN_UP)) !== 0) pairs.add(pair, offset + Counter.opened, 1);
    if ((parts & Part.TRAFFIC) !== 0) {
      pairs.add(pair, offset + Counter.sent, end.sent);
      pairs.add(pair, offset + Counter.received, end.received);
    }
    if ((parts & Part.CLOSED) !== 0) {
      pairs.add(pair, offset + Counter.closed, 1);
      pairs.add(pair, offset + Counter.ended + end.reason - FIRST_ENDING, 1);
    }
  }

  #total(edge: number, counter: number): void {
    if (this.live) this.#edges.pairs.add(this.#edges.pair(edge), counter, 1);
    this.#edges.touch(edge, this.now);
  }
}
