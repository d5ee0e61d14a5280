// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord } from '@undermesh/bpf-abi';
import { END_NAMES_SQL } from './end-columns.js';
import { type DecodedRows, decodeRows } from './end-decoder.js';
import { alignedWords } from './frame-layout.js';
import type { FrameMessage, ReplaySlice } from './protocol.js';
import type { SegmentReader } from './segment-reader.js';
import type { Segments } from './segments.js';
import { SqlParameters } from './sql-parameters.js';
import { MAX_NS, NS_PER_SECOND as NS } from './time-range.js';

/** Rows that one slice holds at least, unless fewer are left. */
const SLICE_ROWS = 65_536;

interface ReplayFrom {
  readonly sinceNs: bigint;
  /** `null`: from the beginning. */
  readonly fromSecond: number | null;
}

/** Reads the next seconds of rows, oldest first, back into records. A frame that spans slices comes in parts. */
export async function replaySlice(
  segments: Segments,
  reader: SegmentReader,
  { sinceNs, fromSecond }: ReplayFrom,
): Promise<ReplaySlice> {
  const first = fromSecond ?? Math.max(segments.times.oldest ?? 0, Number(sinceNs / NS));
  const lastSecond = segments.times.forwardFrom(first, SLICE_ROWS);
  const fromNs = BigInt(first) * NS > sinceNs ? BigInt(first) * NS : sinceNs;
  const toNs = lastSecond === null ? MAX_NS : BigInt(lastSecond + 1) * NS - 1n;
  const parameters = new SqlParameters();
  const scope = reader.scope({ fromNs, toNs, asOf: reader.lastBatch }, parameters);
  const chunks = await segments.read(async (connection) => {
    const sql = `SELECT ${END_NAMES_SQL} FROM ${scope} AS e ORDER BY batch, position`;
    const result = await parameters.run(connection, sql);
    return (await result.fetchAllChunks()).map(decodeRows);
  });
  const frames = chunks.flatMap((rows) => framesOf(rows, segments));
  return { frames, nextSecond: lastSecond === null ? null : lastSecond + 1 };
}

/** Runs of rows of one frame. */
function framesOf(rows: DecodedRows, { streams }: Segments): FrameMessage[] {
  const frames: FrameMessage[] = [];
  for (let from = 0, to = 0; from < rows.count; from = to) {
    for (to = from + 1; to < rows.count && rows.batch[to] === rows.batch[from]; ) to++;
    const count = to - from;
    const workloadsAt = count * ConnectionRecord.BYTES;
    const bytes = new ArrayBuffer(workloadsAt + 2 * alignedWords(count));
    new Uint8Array(bytes).set(
      rows.records.subarray(from * ConnectionRecord.BYTES, to * ConnectionRecord.BYTES),
    );
    new Uint32Array(bytes, workloadsAt, count).set(rows.localWorkload.subarray(from, to));
    new Uint32Array(bytes, workloadsAt + alignedWords(count), count).set(
      rows.peerWorkload.subarray(from, to),
    );
    const stream = streams.byOrdinal(rows.stream[from] ?? 0);
    frames.push({
      node: stream?.node ?? '',
      cluster: stream?.cluster ?? '',
      streamId: stream?.streamId ?? '',
      sequence: rows.sequence[from] ?? 0n,
      realtimeOffsetNs: rows.clockOffsetNs[from] ?? 0n,
      recordBytes: ConnectionRecord.BYTES,
      count,
      bytes,
    });
  }
  return frames;
}
