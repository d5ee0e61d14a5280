// SPDX-License-Identifier: Apache-2.0
import type { DuckDBDataChunk } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { ConnectionRecord as Field, HttpLongRecord, HttpSample } from '@undermesh/bpf-abi';
import type { RecordTable } from './record-columns.js';

/** Where the values of a column lie: an array's elements have a vector of their own. */
export const valuesOf = (vector: duckdb.Vector, elements: number): duckdb.Vector =>
  elements > 1 ? duckdb.array_vector_get_child(vector) : vector;

/** Rows of a table, turned back into records of the present ABI, bit for bit. */
export interface DecodedRows {
  readonly count: number;
  /** count × the table's `recordBytes`. */
  readonly records: Uint8Array;
  readonly timeNs: BigInt64Array;
  readonly batch: BigUint64Array;
  readonly position: Uint32Array;
  readonly stream: Uint32Array;
  readonly sequence: BigUint64Array;
  readonly clockOffsetNs: BigInt64Array;
  readonly localWorkload: Uint32Array;
  readonly peerWorkload: Uint32Array;
}

/** Decodes a chunk of a result whose columns are those of the table, in that order. */
export function decodeRows(chunk: DuckDBDataChunk, table: RecordTable): DecodedRows {
  const { recordBytes } = table;
  const count = chunk.rowCount;
  const records = new Uint8Array(count * recordBytes);
  const record = new DataView(records.buffer);
  const columns = new Map<string, ArrayBuffer>();
  table.columns.forEach(({ name, bytes, elements, origin }, at) => {
    const vector = valuesOf(duckdb.data_chunk_get_vector(chunk.chunk, at), elements);
    const data = duckdb.vector_get_data(vector, count * bytes * elements).slice();
    if ('sample' in origin) {
      const values = new Uint32Array(data.buffer);
      for (let row = 0, value = 0; row < count; row++) {
        let to = row * recordBytes + HttpLongRecord.samples + origin.sample;
        for (let n = 0; n < elements; n++, to += HttpSample.BYTES)
          record.setUint32(to, values[value++] ?? 0, true);
      }
    } else if ('record' in origin) {
      for (let row = 0; row < count; row++) {
        for (let b = 0; b < bytes; b++)
          records[row * recordBytes + origin.record + b] = data[row * bytes + b] ?? 0;
      }
    } else columns.set(name, data.buffer);
  });
  const view = (name: string): ArrayBuffer => columns.get(name) ?? new ArrayBuffer(count * 8);
  const rows: DecodedRows = {
    count,
    records,
    timeNs: new BigInt64Array(view('time_ns')),
    batch: new BigUint64Array(view('batch')),
    position: new Uint32Array(view('position')),
    stream: new Uint32Array(view('stream')),
    sequence: new BigUint64Array(view('sequence')),
    clockOffsetNs: new BigInt64Array(view('clock_offset_ns')),
    localWorkload: new Uint32Array(view('local_workload')),
    peerWorkload: new Uint32Array(view('peer_workload')),
  };
  const lifetimeNs = new BigUint64Array(view('lifetime_ns'));
  const joinKey = new BigUint64Array(view('join_key'));
  for (let row = 0; row < count; row++) {
    const start = row * recordBytes;
    const boottimeNs = (rows.timeNs[row] ?? 0n) - (rows.clockOffsetNs[row] ?? 0n);
    const key = joinKey[row] ?? 0n;
    record.setUint8(start + Field.kind, table.kind);
    record.setBigUint64(start + Field.timeNs, BigInt.asUintN(64, boottimeNs), true);
    record.setBigUint64(
      start + Field.openedNs,
      BigInt.asUintN(64, boottimeNs - (lifetimeNs[row] ?? 0n)),
      true,
    );
    record.setUint32(start + Field.clientIsn, Number(key >> 32n), true);
    record.setUint32(start + Field.serverIsn, Number(key & 0xffffffffn), true);
  }
  return rows;
}
