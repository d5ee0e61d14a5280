// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord } from '@undermesh/bpf-abi';
import { encodeFrame, FRAME_TYPES } from '@undermesh/schema';
import type { RecordsFrame } from '../../src/records/frame-builder.js';

export const STREAM_ID = new Uint8Array(16).fill(0xab);

/** A frame of so many records, all of them ends, told apart by their bytes. */
export function frameOf(sequence: bigint, ends: number): RecordsFrame {
  const header = {
    type: FRAME_TYPES.records,
    flags: 0,
    streamId: STREAM_ID,
    sequence,
    boottimeNs: 1n,
    realtimeNs: 2n,
    abiVersion: 1,
    recordBytes: ConnectionRecord.BYTES,
    recordCount: ends,
  };
  const payload = new Uint8Array(ends * ConnectionRecord.BYTES).fill(Number(sequence % 251n));
  return { header, message: encodeFrame(header, payload), ends };
}
