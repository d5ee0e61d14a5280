// SPDX-License-Identifier: Apache-2.0
import { ABI_VERSION, presentBytes, presentRecords } from '@undermesh/bpf-abi';
import type { BufferPool } from '../../buffer-pool.js';
import { batchKind } from '../record-kind.js';
import type { RecordBatch } from '../store.js';
import type { JournaledFrame } from './journal-entry.js';
import type { FrameMessage } from './protocol.js';
import { tableOf } from './record-columns.js';
import type { EncodedFrame } from './record-encoder.js';

/** Bytes of `count` 32-bit numbers, rounded up to a multiple of 8. */
export const alignedWords = (count: number): number => (count * 4 + 7) & ~7;

/** Copies a batch, whose arrays the caller may use again, into one buffer that can be handed to the worker. */
export function packFrame(batch: RecordBatch, buffers: Pick<BufferPool, 'take'>): FrameMessage {
  const { count, recordBytes } = batch;
  const workloadsAt = count * recordBytes;
  const bytes = buffers.take(packedBytes(batch));
  new Uint8Array(bytes).set(batch.records.subarray(0, workloadsAt));
  new Uint32Array(bytes, workloadsAt, count).set(batch.localWorkload.subarray(0, count));
  new Uint32Array(bytes, workloadsAt + alignedWords(count), count).set(batch.peerWorkload.subarray(0, count));
  const { node, cluster, streamId, sequence, realtimeOffsetNs } = batch;
  return { node, cluster, streamId, sequence, realtimeOffsetNs, recordBytes, count, bytes };
}

/** Bytes of a packed frame. */
export const packedBytes = ({ count, recordBytes }: Pick<FrameMessage, 'count' | 'recordBytes'>): number =>
  count * recordBytes + 2 * alignedWords(count);

/** The parts of a packed frame; `bytes` begins on a multiple of 8. */
function views(bytes: Uint8Array, { count, recordBytes }: Pick<FrameMessage, 'count' | 'recordBytes'>) {
  const { buffer, byteOffset } = bytes;
  const workloadsAt = byteOffset + count * recordBytes;
  return {
    records: new Uint8Array(buffer, byteOffset, count * recordBytes),
    localWorkload: new Uint32Array(buffer, workloadsAt, count),
    peerWorkload: new Uint32Array(buffer, workloadsAt + alignedWords(count), count),
  };
}

/** A packed frame as rows are made from it; one that an earlier version left in the journal too. */
export function encodedFrame(frame: JournaledFrame, bytes: Uint8Array): EncodedFrame {
  const { stream, batch, sequence, realtimeOffsetNs, recordBytes, count } = frame;
  const columns = views(bytes, frame);
  const kind = batchKind({ count, records: columns.records });
  const present = presentBytes(kind, recordBytes);
  const whole = { table: tableOf(kind, present), stream, batch, sequence, realtimeOffsetNs, count };
  if (present === recordBytes) return { ...whole, recordBytes, ...columns };
  const records = new Uint8Array(count * present);
  presentRecords(columns.records, { kind, recordBytes }, records);
  return { ...whole, recordBytes: present, ...columns, records };
}

/** A packed frame as it was appended. */
export const unpackFrame = (frame: FrameMessage): RecordBatch => ({
  node: frame.node,
  cluster: frame.cluster,
  streamId: frame.streamId,
  sequence: frame.sequence,
  abiVersion: ABI_VERSION,
  recordBytes: frame.recordBytes,
  count: frame.count,
  realtimeOffsetNs: frame.realtimeOffsetNs,
  ...views(new Uint8Array(frame.bytes), frame),
});
