// SPDX-License-Identifier: Apache-2.0
import { HttpLimit, HttpSampleFlag, LegRecord, LegSample, type RecordColumns } from '@undermesh/bpf-abi';
import { type Cells, COUNTERS, Counter, Distribution } from './cells.js';
import type { EdgeTable } from './edges.js';
import type { PairDurations } from './pair-durations.js';
import { classOf, UNANSWERED } from './request-tally.js';
import type { Timeline } from './timeline.js';

/** Where the requests of one leg record belong. */
export interface LegEdges {
  /** From the client to the waypoint. */
  readonly client: number;
  /** From the waypoint to the server, and from client to server; -1: the waypoint answered by itself. */
  readonly server: number;
  readonly joined: number;
  /** When the requests were told of, Unix ms, and now. */
  readonly at: number;
  readonly now: number;
  /** Whether the totals move too. */
  readonly live: boolean;
}

/** The waypoint stands at the client's leg's end, and at the server's leg's beginning. */
const AT_DESTINATION = COUNTERS;
const AT_SOURCE = 0;

/** Counts the requests of leg records: on the joined edge, and on both legs as being there. */
export class LegTally {
  readonly #edges: EdgeTable;
  readonly #timeline: Timeline;
  readonly #codes: PairDurations;

  constructor(edges: EdgeTable, timeline: Timeline, codes: PairDurations) {
    this.#edges = edges;
    this.#timeline = timeline;
    this.#codes = codes;
  }

  count(columns: RecordColumns, index: number, of: LegEdges): void {
    const cells = this.#timeline.at(of.at, of.now);
    const samples = columns.u8(index, LegRecord.sampleCount);
    this.#edges.touch(of.client, of.now);
    if (of.joined < 0) {
      cells?.add(cells.row(of.client), AT_DESTINATION + Counter.answered, samples);
      return;
    }
    this.#edges.touch(of.server, of.now);
    this.#edges.touch(of.joined, of.now);
    if (cells !== null) this.#inTimeline(columns, index, { cells, of });
    if (of.live) this.#inTotals(columns, index, of.joined);
  }

  #inTimeline(columns: RecordColumns, index: number, to: { cells: Cells; of: LegEdges }): void {
    const { cells, of } = to;
    const [row, client, server] = [cells.row(of.joined), cells.row(of.client), cells.row(of.server)];
    const samples = columns.u8(index, LegRecord.sampleCount);
    for (let i = 0, at: number = LegRecord.samples; i < samples; i++, at += LegSample.BYTES) {
      const status = classOf(columns.u16(index, at + LegSample.status));
      cells.add(row, AT_DESTINATION + Counter.status + status, 1);
      cells.add(client, AT_DESTINATION + Counter.joined + status, 1);
      cells.add(server, AT_SOURCE + Counter.joined + status, 1);
      if ((columns.u8(index, at + LegSample.flags) & HttpSampleFlag.PIPELINED) !== 0)
        cells.add(row, AT_DESTINATION + Counter.pipelined, 1);
      if (status === UNANSWERED) continue;
      const sample = (distribution: number, us: number): void => {
        if (us < HttpLimit.UNKNOWN_US) cells.sample(cells.histogram(row, distribution * 2 + 1), us, 1);
      };
      const first = columns.u32(index, at + LegSample.firstByteUs);
      sample(Distribution.firstByteUs + status, first);
      sample(Distribution.lastByteUs + status, columns.u32(index, at + LegSample.lastByteUs));
      const own = columns.u32(index, at + LegSample.waypointUs);
      if (own >= HttpLimit.UNKNOWN_US || first >= HttpLimit.UNKNOWN_US) continue;
      sample(Distribution.waypointUs, own);
      cells.add(row, AT_DESTINATION + Counter.waypointTimed, 1);
      cells.add(row, AT_DESTINATION + Counter.waypointUs, own);
      cells.add(row, AT_DESTINATION + Counter.waypointTotalUs, first);
    }
  }

  #inTotals(columns: RecordColumns, index: number, joined: number): void {
    const of = this.#edges.pair(joined) * 2 + 1;
    const samples = columns.u8(index, LegRecord.sampleCount);
    for (let i = 0, at: number = LegRecord.samples; i < samples; i++, at += LegSample.BYTES) {
      const last = columns.u32(index, at + LegSample.lastByteUs);
      this.#codes.add(of, columns.u16(index, at + LegSample.status), last < HttpLimit.UNKNOWN_US ? last : -1);
    }
  }
}
