// SPDX-License-Identifier: Apache-2.0
import type { RecordColumns } from '@undermesh/bpf-abi';
import { NO_BOOKING } from './bookings.js';
import type { Side } from './cells.js';
import type { EdgeTable } from './edges.js';
import type { JoinTable } from './join.js';
import type { OpenTable } from './open-table.js';
import type { PeerFinder } from './peer-finder.js';
import { edgeOfRecord, sideOf } from './record-edge.js';
import { type BookedRequests, RequestBook } from './request-book.js';
import type { RequestTally } from './request-tally.js';
import type { Stream, Streams } from './streams.js';

/** What requests are joined with: the tables that connections keep. */
export interface RequestJoinerParts {
  readonly streams: Streams;
  readonly edges: EdgeTable;
  readonly open: OpenTable;
  readonly join: JoinTable;
  readonly finder: PeerFinder;
  readonly tally: RequestTally;
  /** Records that may wait for their partner. */
  readonly most: number;
}

/** An http record on its way onto an edge. */
export interface RequestFrame {
  readonly columns: RecordColumns;
  readonly stream: number;
  readonly from: Stream;
  readonly locals: Uint32Array;
  readonly arrivedAt: number;
  readonly replayed: boolean;
  readonly hints?: Uint32Array;
}

/**
 * Puts the requests of http records on edges, by the same rule as connections: the partner's word counts. Requests of
 * a connection whose partner has spoken are counted at once; others wait a moment for it, then are counted where the
 * connection is or where the directory says, and moved when the partner turns up later than that.
 */
export class RequestJoiner {
  readonly #parts: RequestJoinerParts;
  readonly #book: RequestBook;
  readonly #booked: { -readonly [Key in keyof BookedRequests]: BookedRequests[Key] } = {
    stream: 0,
    placement: 0,
    hint: 0,
    clockMs: 0,
    live: true,
    previous: NO_BOOKING,
  };
  readonly #move = { from: 0, to: 0 };

  constructor(parts: RequestJoinerParts) {
    this.#parts = parts;
    this.#book = new RequestBook(parts.most);
  }

  /** Http records that wait for their partner, or can still be moved. */
  get held(): number {
    return this.#book.size;
  }

  /** Takes one http record. Returns the placement of its peer as far as it is known, 0 otherwise. */
  take(frame: RequestFrame, index: number, clockMs: number): number {
    const { open, tally } = this.#parts;
    const { columns } = frame;
    tally.now = frame.arrivedAt;
    tally.clockMs = clockMs;
    tally.live = !frame.replayed;
    const side = sideOf(columns, index);
    const slot = open.find(columns, index, frame.stream);
    if (slot >= 0 && open.isJoined(slot) && (open.edge[slot] ?? -1) >= 0) {
      tally.count(columns, index, (open.edge[slot] ?? 0) * 2 + side);
      return open.peer[slot] ?? 0;
    }
    return this.#takeUnjoined(frame, index, { side, clockMs });
  }

  #takeUnjoined(frame: RequestFrame, index: number, of: { side: Side; clockMs: number }): number {
    const { join, edges, tally, finder } = this.#parts;
    const { columns, from } = frame;
    const { side } = of;
    const placement = frame.locals[index] ?? 0;
    const entry = join.enter(columns, index, { placement, now: frame.arrivedAt });
    const partner = entry < 0 ? 0 : join.placement(entry, side === 0 ? 1 : 0);
    if (partner !== 0) {
      const port = join.port(entry);
      const edge = edgeOfRecord(edges, columns, index, { placement, peer: partner, port });
      this.met(entry, edge);
      tally.clockMs = of.clockMs;
      tally.live = !frame.replayed;
      tally.count(columns, index, edge * 2 + side);
      return partner;
    }
    const booked = this.#booked;
    booked.stream = frame.stream;
    booked.placement = placement;
    booked.hint = frame.hints?.[index] ?? 0;
    booked.clockMs = of.clockMs;
    booked.live = !frame.replayed;
    booked.previous = entry < 0 ? NO_BOOKING : join.requests(entry, side);
    const reference = this.#book.put(columns, index, booked, frame.arrivedAt);
    if (reference === NO_BOOKING) {
      const edge = this.#unjoinedEdge(columns, index, { ...booked, now: frame.arrivedAt });
      tally.count(columns, index, edge * 2 + side);
    } else if (entry >= 0) join.setRequests(entry, side, reference);
    return finder.find(columns, index, { stream: from, placement }) || booked.hint;
  }

  /** Both ends of a connection are known: its requests belong on this edge. */
  met(entry: number, edge: number): void {
    if (this.#book.size === 0) return;
    this.#meet(entry, 0, edge);
    this.#meet(entry, 1, edge);
  }

  #meet(entry: number, side: Side, edge: number): void {
    const { join } = this.#parts;
    const reference = join.requests(entry, side);
    if (reference === NO_BOOKING) return;
    this.#settleChain(reference, edge * 2 + side);
    join.setRequests(entry, side, NO_BOOKING);
  }

  /** Counts what has waited long enough for its partner. */
  settle(now: number): void {
    this.#parts.tally.now = now;
    this.#book.settle(now, (slot) => this.#countUnjoined(slot, { now, live: this.#book.isLive(slot) }));
  }

  /** Counts in the timeline what waits, and leaves it waiting: for a draft of the timeline. */
  countWaiting(now: number): void {
    this.#parts.tally.now = now;
    this.#book.forEachWaiting((slot) => this.#countUnjoined(slot, { now, live: false }));
  }

  /** Returns edge × 2 + side that it was counted on. */
  #countUnjoined(slot: number, { now, live }: { now: number; live: boolean }): number {
    const { tally } = this.#parts;
    const book = this.#book;
    const { columns } = book;
    const edge = this.#unjoinedEdge(columns, slot, {
      stream: book.stream(slot),
      placement: book.placement(slot),
      hint: book.hint(slot),
      now,
    });
    const at = edge * 2 + sideOf(columns, slot);
    tally.clockMs = book.clockMs(slot);
    tally.live = live;
    tally.count(columns, slot, at);
    return at;
  }

  #settleChain(newest: number, at: number): void {
    const { tally } = this.#parts;
    const book = this.#book;
    for (let reference = newest; book.holds(reference); ) {
      const slot = book.slotOf(reference);
      const countedAt = book.countedAt(slot);
      tally.clockMs = book.clockMs(slot);
      tally.live = book.isLive(slot);
      if (countedAt < 0) tally.count(book.columns, slot, at);
      else if (countedAt !== at) {
        this.#move.from = countedAt;
        this.#move.to = at;
        tally.move(book.columns, slot, this.#move);
      }
      reference = book.previous(slot);
      book.release(slot);
    }
  }

  /** The edge that the connection is on without its partner's word, or that the directory or the address gives. */
  #unjoinedEdge(
    columns: RecordColumns,
    index: number,
    of: { stream: number; placement: number; hint: number; now: number },
  ): number {
    const { streams, open, edges, finder } = this.#parts;
    const slot = open.find(columns, index, of.stream);
    const known = slot < 0 ? -1 : (open.edge[slot] ?? -1);
    if (known >= 0) return known;
    const stream = streams.at(of.stream);
    let peer = of.hint;
    if (stream !== undefined) {
      peer =
        finder.find(columns, index, { stream, placement: of.placement }) ||
        of.hint ||
        finder.outside(columns, index, { stream, now: of.now });
    }
    return edgeOfRecord(edges, columns, index, { placement: of.placement, peer, port: 0 });
  }
}
