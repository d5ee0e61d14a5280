// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, HttpLimit, HttpLongRecord, HttpSample } from '@undermesh/bpf-abi';
import type { RecordTable } from './record-columns.js';
import type { TimeIndex } from './time-index.js';

/** A frame on its way into the store. `records`, `localWorkload` and `peerWorkload` start on multiples of 8 bytes. */
export interface EncodedFrame {
  readonly table: RecordTable;
  readonly stream: number;
  readonly sequence: bigint;
  readonly batch: number;
  readonly realtimeOffsetNs: bigint;
  readonly recordBytes: number;
  readonly count: number;
  readonly records: Uint8Array;
  readonly localWorkload: Uint32Array;
  readonly peerWorkload: Uint32Array;
}

/** Rows that one DuckDB data chunk holds. */
export const CHUNK_ROWS = 2048;
const WORD = 4_294_967_296;

type Words = Uint32Array | Uint16Array | Uint8Array;

/** One column's buffer: what is copied into a DuckDB vector. */
interface ColumnBuffer {
  readonly buffer: ArrayBuffer;
  readonly words: Words;
  /** Of a row. */
  readonly bytes: number;
}

/** Turns records of one kind into columns, up to {@link CHUNK_ROWS} rows at a time, in buffers used again and again. */
export class RecordEncoder {
  readonly #table: RecordTable;
  readonly columns: readonly ColumnBuffer[];
  /** Rows filled so far; set to 0 once they are copied. */
  filled = 0;

  constructor(table: RecordTable) {
    this.#table = table;
    this.columns = table.columns.map(({ bytes, elements }) => {
      const buffer = new ArrayBuffer(CHUNK_ROWS * bytes * elements);
      const words =
        bytes === 1
          ? new Uint8Array(buffer)
          : bytes === 2
            ? new Uint16Array(buffer)
            : new Uint32Array(buffer);
      return { buffer, words, bytes: bytes * elements };
    });
  }

  /** Adds records `from` and on; returns how many fitted. Counts their times in `times`. */
  add(frame: EncodedFrame, from: number, times: TimeIndex): number {
    const rows = Math.min(frame.count - from, CHUNK_ROWS - this.filled);
    const { records, recordBytes } = frame;
    const bytes = records;
    const halves = new Uint16Array(records.buffer, records.byteOffset, records.byteLength >> 1);
    const words = new Uint32Array(records.buffer, records.byteOffset, records.byteLength >> 2);
    const target = this.filled;
    const strided = (offset: number, unit: number): Strided => ({
      target,
      rows,
      at: (from * recordBytes + offset) / unit,
      step: recordBytes / unit,
    });
    const { columns } = this.#table;
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c];
      const out = this.columns[c]?.words;
      if (column === undefined || out === undefined) continue;
      const { origin } = column;
      if ('record' in origin) {
        if (origin.record + column.bytes > recordBytes) clear(out, column.bytes, { target, rows });
        else if (out instanceof Uint8Array) gather8(out, bytes, strided(origin.record, 1));
        else if (out instanceof Uint16Array) gather16(out, halves, strided(origin.record, 2));
        else if (column.bytes === 4) gather32(out, words, strided(origin.record, 4));
        else gather64(out, words, strided(origin.record, 4));
      } else if (out instanceof Uint32Array) {
        if ('sample' in origin) {
          const first = strided(HttpLongRecord.samples + origin.sample, 4);
          for (let n = 0; n < column.elements; n++) gatherSample(out, words, { ...first, n });
        } else if ('swapped' in origin) gatherSwapped(out, words, strided(origin.swapped, 4));
        else if ('frame' in origin) fillFrame(out, frame, { member: origin.frame, target, rows });
        else {
          switch (origin.computed) {
            case 'position':
              for (let i = 0; i < rows; i++) out[target + i] = from + i;
              break;
            case 'localWorkload':
              out.set(frame.localWorkload.subarray(from, from + rows), target);
              break;
            case 'peerWorkload':
              out.set(frame.peerWorkload.subarray(from, from + rows), target);
              break;
            case 'time':
              addOffset(out, words, { ...strided(Field.timeNs, 4), offset: frame.realtimeOffsetNs });
              countTimes(out, { target, rows }, times);
              break;
            case 'lifetime':
              subtractOpened(out, words, strided(0, 4));
              break;
          }
        }
      }
    }
    this.filled += rows;
    return rows;
  }
}

interface Strided {
  /** First row to fill. */
  readonly target: number;
  readonly rows: number;
  /** First element to read. */
  readonly at: number;
  /** Elements between one record and the next. */
  readonly step: number;
}

/** Members that a shorter layout lacks are 0. */
function clear(out: Words, bytes: number, { target, rows }: Pick<Strided, 'target' | 'rows'>): void {
  const perRow = bytes / out.BYTES_PER_ELEMENT;
  out.fill(0, target * perRow, (target + rows) * perRow);
}

// One loop per width: a loop that meets arrays of several kinds is several times slower.

function gather8(out: Uint8Array, bytes: Uint8Array, { target, rows, at, step }: Strided): void {
  for (let i = 0, p = at; i < rows; i++, p += step) out[target + i] = bytes[p] ?? 0;
}

function gather16(out: Uint16Array, words: Uint16Array, { target, rows, at, step }: Strided): void {
  for (let i = 0, p = at; i < rows; i++, p += step) out[target + i] = words[p] ?? 0;
}

function gather32(out: Uint32Array, words: Uint32Array, { target, rows, at, step }: Strided): void {
  for (let i = 0, p = at; i < rows; i++, p += step) out[target + i] = words[p] ?? 0;
}

function gather64(out: Uint32Array, words: Uint32Array, { target, rows, at, step }: Strided): void {
  for (let i = 0, o = target * 2, p = at; i < rows; i++, o += 2, p += step) {
    out[o] = words[p] ?? 0;
    out[o + 1] = words[p + 1] ?? 0;
  }
}

const SAMPLE_WORDS = HttpSample.BYTES >> 2;

/** A word of sample `n` of each long http record. */
function gatherSample(
  out: Uint32Array,
  words: Uint32Array,
  { target, rows, at, step, n }: Strided & { readonly n: number },
): void {
  const last = HttpLimit.LONG_SAMPLES;
  for (let i = 0, o = target * last + n, p = at + n * SAMPLE_WORDS; i < rows; i++, o += last, p += step)
    out[o] = words[p] ?? 0;
}

/** As {@link gather64}, with the two words exchanged. */
function gatherSwapped(out: Uint32Array, words: Uint32Array, { target, rows, at, step }: Strided): void {
  for (let i = 0, o = target * 2, p = at; i < rows; i++, o += 2, p += step) {
    out[o] = words[p + 1] ?? 0;
    out[o + 1] = words[p] ?? 0;
  }
}

interface FrameFill {
  readonly member: 'batch' | 'stream' | 'sequence' | 'clockOffset';
  readonly target: number;
  readonly rows: number;
}

function fillFrame(out: Uint32Array, frame: EncodedFrame, { member, target, rows }: FrameFill): void {
  if (member === 'stream') {
    out.fill(frame.stream, target, target + rows);
    return;
  }
  const value =
    member === 'batch'
      ? BigInt(frame.batch)
      : member === 'sequence'
        ? frame.sequence
        : BigInt.asUintN(64, frame.realtimeOffsetNs);
  const low = Number(value & 0xffffffffn);
  const high = Number(value >> 32n);
  for (let o = target * 2, end = (target + rows) * 2; o < end; o += 2) {
    out[o] = low;
    out[o + 1] = high;
  }
}

/** 64-bit addition in 32-bit words: bigints would allocate per row. */
function addOffset(
  out: Uint32Array,
  words: Uint32Array,
  { target, rows, at, step, offset }: Strided & { readonly offset: bigint },
): void {
  const unsigned = BigInt.asUintN(64, offset);
  const low = Number(unsigned & 0xffffffffn);
  const high = Number(unsigned >> 32n);
  for (let i = 0, o = target * 2, p = at; i < rows; i++, o += 2, p += step) {
    const sum = (words[p] ?? 0) + low;
    out[o] = sum;
    out[o + 1] = (words[p + 1] ?? 0) + high + (sum >= WORD ? 1 : 0);
  }
}

/** Counts rows by second, neighbours in one second at once. */
function countTimes(
  out: Uint32Array,
  { target, rows }: Pick<Strided, 'target' | 'rows'>,
  times: TimeIndex,
): void {
  let second = Number.NaN;
  let same = 0;
  for (let i = 0, o = target * 2; i < rows; i++, o += 2) {
    const next = secondOf(out[o + 1] ?? 0, out[o] ?? 0);
    if (next !== second) {
      if (same > 0) times.add(second, same);
      second = next;
      same = 0;
    }
    same++;
  }
  if (same > 0) times.add(second, same);
}

/** Whole seconds of a 64-bit count of ns, exactly: long division by 10^9 in steps of 16 bits. Signed, as the column is. */
function secondOf(high: number, low: number): number {
  const signed = high | 0;
  const first = Math.floor(signed / 1e9);
  const middle = (signed - first * 1e9) * 65_536 + (low >>> 16);
  const second = Math.floor(middle / 1e9);
  const last = (middle - second * 1e9) * 65_536 + (low & 0xffff);
  return first * WORD + second * 65_536 + Math.floor(last / 1e9);
}

function subtractOpened(out: Uint32Array, words: Uint32Array, { target, rows, at, step }: Strided): void {
  const time = at + (Field.timeNs >> 2);
  const opened = at + (Field.openedNs >> 2);
  for (let i = 0, o = target * 2, p = 0; i < rows; i++, o += 2, p += step) {
    const difference = (words[time + p] ?? 0) - (words[opened + p] ?? 0);
    out[o] = difference;
    out[o + 1] = (words[time + p + 1] ?? 0) - (words[opened + p + 1] ?? 0) - (difference < 0 ? 1 : 0);
  }
}
