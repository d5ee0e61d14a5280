// SPDX-License-Identifier: Apache-2.0
import { alignedWords } from './frame-layout.js';
import type { FrameMessage, ReplayRequest, ReplaySlice } from './protocol.js';
import { RECORD_TABLES, type RecordTable } from './record-columns.js';
import { type DecodedRows, decodeRows } from './record-decoder.js';
import type { SegmentReader } from './segment-reader.js';
import type { Segments } from './segments.js';
import { SqlParameters } from './sql-parameters.js';
import { MAX_NS, NS_PER_SECOND as NS } from './time-range.js';

/** Rows that one slice holds at least, unless fewer are left. */
const SLICE_ROWS = 65_536;

/** A frame and its place in the order in which frames were stored. */
interface OrderedFrame {
  readonly ordinal: number;
  readonly frame: FrameMessage;
}

/** Reads the next seconds of rows, oldest first, back into records. A frame that spans slices comes in parts. */
export async function replaySlice(
  segments: Segments,
  reader: SegmentReader,
  { sinceNs, afterFrame, fromSecond }: ReplayRequest,
): Promise<ReplaySlice> {
  const { times } = segments;
  const first = fromSecond ?? (await firstSecond(segments, reader, { sinceNs, afterFrame }));
  if (first === null) return { frames: [], nextSecond: null };
  const lastSecond = RECORD_TABLES.map((table) => times.of(table).forwardFrom(first, SLICE_ROWS)).reduce(
    earliest,
  );
  const fromNs = BigInt(first) * NS > sinceNs ? BigInt(first) * NS : sinceNs;
  const toNs = lastSecond === null ? MAX_NS : BigInt(lastSecond + 1) * NS - 1n;
  const range = { fromNs, toNs, asOf: reader.lastBatch, afterFrame };
  const frames = await segments.read(async (connection) => {
    const found: OrderedFrame[] = [];
    for (const table of RECORD_TABLES) {
      const parameters = new SqlParameters();
      const scope = reader.scope(range, parameters, table);
      const result = await parameters.run(
        connection,
        `SELECT ${table.names} FROM ${scope} AS e ORDER BY batch, position`,
      );
      for (const chunk of await result.fetchAllChunks())
        found.push(...framesOf(decodeRows(chunk, table), { table, segments }));
    }
    return found.sort((a, b) => a.ordinal - b.ordinal).map(({ frame }) => frame);
  });
  return { frames, nextSecond: lastSecond === null ? null : lastSecond + 1 };
}

/** The second of the oldest record that matches; `null` when none does. Frames may hold records of any time. */
async function firstSecond(
  segments: Segments,
  reader: SegmentReader,
  { sinceNs, afterFrame }: Omit<ReplayRequest, 'fromSecond'>,
): Promise<number | null> {
  const since = Number(sinceNs / NS);
  if (afterFrame === 0) return Math.max(segments.times.oldest ?? 0, since);
  return segments.read(async (connection) => {
    let first: number | null = null;
    for (const table of RECORD_TABLES) {
      const parameters = new SqlParameters();
      const range = { fromNs: sinceNs, toNs: MAX_NS, asOf: reader.lastBatch, afterFrame };
      const scope = reader.scope(range, parameters, table);
      const found = await parameters.run(connection, `SELECT min(time_ns) // ${NS} FROM ${scope} AS e`);
      const second = (await found.getRows())[0]?.[0] ?? null;
      first = earliest(first, second === null ? null : Number(second));
    }
    return first;
  });
}

const earliest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

/** Runs of rows of one frame. */
function framesOf(
  rows: DecodedRows,
  { table, segments }: { table: RecordTable; segments: Segments },
): OrderedFrame[] {
  const { recordBytes } = table;
  const frames: OrderedFrame[] = [];
  for (let from = 0, to = 0; from < rows.count; from = to) {
    for (to = from + 1; to < rows.count && rows.batch[to] === rows.batch[from]; ) to++;
    const count = to - from;
    const workloadsAt = count * recordBytes;
    const bytes = new ArrayBuffer(workloadsAt + 2 * alignedWords(count));
    new Uint8Array(bytes).set(rows.records.subarray(from * recordBytes, to * recordBytes));
    new Uint32Array(bytes, workloadsAt, count).set(rows.localWorkload.subarray(from, to));
    new Uint32Array(bytes, workloadsAt + alignedWords(count), count).set(
      rows.peerWorkload.subarray(from, to),
    );
    const stream = segments.streams.byOrdinal(rows.stream[from] ?? 0);
    const frame = {
      node: stream?.node ?? '',
      cluster: stream?.cluster ?? '',
      streamId: stream?.streamId ?? '',
      sequence: rows.sequence[from] ?? 0n,
      realtimeOffsetNs: rows.clockOffsetNs[from] ?? 0n,
      recordBytes,
      count,
      bytes,
    };
    frames.push({ ordinal: Number(rows.batch[from]), frame });
  }
  return frames;
}
