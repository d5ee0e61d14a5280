// SPDX-License-Identifier: Apache-2.0
import {
  ConnectionRecord as Field,
  HttpLimit,
  HttpRecord,
  HttpSample,
  HttpSampleFlag,
  type RecordColumns,
} from '@undermesh/bpf-abi';
import { STATUS_CLASSES } from '@undermesh/schema';
import { COUNTERS, Counter, Distribution, type Side } from './cells.js';
import type { EdgeTable } from './edges.js';
import { binOf } from './histogram.js';
import { PairDurations } from './pair-durations.js';
import type { Timeline } from './timeline.js';

export const UNANSWERED = STATUS_CLASSES.indexOf('none');

/** Index into {@link STATUS_CLASSES}. */
export const classOf = (status: number): number => (status < 100 ? UNANSWERED : ((status / 100) | 0) - 1);

/** Counts the requests of http records on edges: in the timeline by the time of the record, in the totals at once. */
export class RequestTally {
  readonly codes: PairDurations;
  /** Requests as their source saw them, by the route that its kernel took. */
  readonly routes: PairDurations;
  readonly #edges: EdgeTable;
  readonly #timeline: Timeline;
  /** Unix ms of the frame at hand. */
  now = 0;
  /** Ms to add to the boottimes of the record at hand. */
  clockMs = 0;
  /** Whether the totals move too; not while an earlier run is replayed. */
  live = true;

  /** @param most response codes of pairs that are told apart at most, and routes likewise. */
  constructor(edges: EdgeTable, timeline: Timeline, most: number) {
    this.#edges = edges;
    this.#timeline = timeline;
    this.codes = new PairDurations(most);
    this.routes = new PairDurations(most);
  }

  /** Counts one record. @param at edge × 2 + side */
  count(columns: RecordColumns, index: number, at: number): void {
    this.#inTimeline(columns, index, at);
    if (this.live) this.#inTotals(columns, index, at);
    this.#edges.touch(at >>> 1, this.now);
  }

  /** Takes a record from one edge of the timeline to another; both as in {@link count}. Totals stay: they never shrink. */
  move(columns: RecordColumns, index: number, between: { from: number; to: number }): void {
    this.#inTimeline(columns, index, between.from, -1);
    this.#inTimeline(columns, index, between.to);
    this.#edges.touch(between.to >>> 1, this.now);
  }

  #inTimeline(columns: RecordColumns, index: number, at: number, sign = 1): void {
    const cells = this.#timeline.at(columns.u64(index, Field.timeNs) / 1e6 + this.clockMs, this.now);
    if (cells === null) return;
    const row = cells.row(at >>> 1);
    const side = at & 1;
    const offset = side * COUNTERS;
    const samples = columns.u8(index, HttpRecord.sampleCount);
    let timed = 0;
    let timedUs = 0;
    let pipelined = 0;
    // Neighbours mostly have the same status, and answers that come in one piece have one time.
    let status = -1;
    let same = 0;
    let firstBytes = 0;
    let lastBytes = 0;
    for (let i = 0, sample: number = HttpRecord.samples; i < samples; i++, sample += HttpSample.BYTES) {
      const next = classOf(columns.u16(index, sample + HttpSample.status));
      if (next !== status) {
        if (same > 0) cells.add(row, offset + Counter.status + status, sign * same);
        status = next;
        same = 0;
        firstBytes = cells.histogram(row, (Distribution.firstByteUs + status) * 2 + side);
        lastBytes = cells.histogram(row, (Distribution.lastByteUs + status) * 2 + side);
      }
      same++;
      if ((columns.u8(index, sample + HttpSample.flags) & HttpSampleFlag.PIPELINED) !== 0) pipelined++;
      if (status === UNANSWERED) continue;
      const first = columns.u32(index, sample + HttpSample.firstByteUs);
      const last = columns.u32(index, sample + HttpSample.lastByteUs);
      const bin = binOf(first);
      if (first < HttpLimit.UNKNOWN_US) {
        timed++;
        timedUs += first;
        cells.sampleOfBin(firstBytes, bin, sign);
      }
      if (last < HttpLimit.UNKNOWN_US) {
        cells.sampleOfBin(lastBytes, last === first ? bin : binOf(last), sign);
      }
    }
    if (same > 0) cells.add(row, offset + Counter.status + status, sign * same);
    if (pipelined > 0) cells.add(row, offset + Counter.pipelined, sign * pipelined);
    cells.add(row, offset + Counter.requestBytes, sign * columns.u64(index, HttpRecord.requestBytes));
    cells.add(row, offset + Counter.responseBytes, sign * columns.u64(index, HttpRecord.responseBytes));
    if (timed === 0) return;
    cells.add(row, offset + Counter.timed, sign * timed);
    cells.add(row, offset + Counter.firstByteUs, sign * timedUs);
    cells.add(row, offset + Counter.timedRoundTripUs, sign * timed * columns.u32(index, Field.srttUs));
  }

  #inTotals(columns: RecordColumns, index: number, at: number): void {
    const { pairs } = this.#edges;
    const pair = this.#edges.pair(at >>> 1);
    const side: Side = (at & 1) === 0 ? 0 : 1;
    const samples = columns.u8(index, HttpRecord.sampleCount);
    let status = -1;
    let slot = -1;
    for (let i = 0, sample: number = HttpRecord.samples; i < samples; i++, sample += HttpSample.BYTES) {
      const last = columns.u32(index, sample + HttpSample.lastByteUs);
      const durationUs = last < HttpLimit.UNKNOWN_US ? last : -1;
      const next = columns.u16(index, sample + HttpSample.status);
      if (next !== status) {
        status = next;
        slot = this.codes.slot(pair * 2 + side, status);
      }
      this.codes.addTo(slot, durationUs);
      const route = side === 0 ? columns.u32(index, sample + HttpSample.route) : 0;
      if (route !== 0) this.routes.add(pair * 2 + side, route, durationUs);
    }
    const offset = side * COUNTERS;
    pairs.add(pair, offset + Counter.requestBytes, columns.u64(index, HttpRecord.requestBytes));
    pairs.add(pair, offset + Counter.responseBytes, columns.u64(index, HttpRecord.responseBytes));
  }
}
