// SPDX-License-Identifier: Apache-2.0
import { ABI_VERSION } from '@undermesh/bpf-abi';
import type { BufferPool } from '../../buffer-pool.js';
import { batchKind } from '../record-kind.js';
import type { RecordBatch } from '../store.js';
import type { FrameMessage } from './protocol.js';
import { tableOf } from './record-columns.js';
import type { EncodedFrame } from './record-encoder.js';

/** Bytes of `count` 32-bit numbers, rounded up to a multiple of 8. */
export const alignedWords = (count: number): number => (count * 4 + 7) & ~7;

/** Copies a batch, whose arrays the caller may use again, into one buffer that can be handed to the worker. */
export function packFrame(batch: RecordBatch, buffers: Pick<BufferPool, 'take'>): FrameMessage {
  const { count, recordBytes } = batch;
  const workloadsAt = count * recordBytes;
  const bytes = buffers.take(workloadsAt + 2 * alignedWords(count));
  new Uint8Array(bytes).set(batch.records.subarray(0, workloadsAt));
  new Uint32Array(bytes, workloadsAt, count).set(batch.localWorkload.subarray(0, count));
  new Uint32Array(bytes, workloadsAt + alignedWords(count), count).set(batch.peerWorkload.subarray(0, count));
  const { node, cluster, streamId, sequence, realtimeOffsetNs } = batch;
  return { node, cluster, streamId, sequence, realtimeOffsetNs, recordBytes, count, bytes };
}

const views = ({ bytes, count, recordBytes }: FrameMessage) => ({
  records: new Uint8Array(bytes, 0, count * recordBytes),
  localWorkload: new Uint32Array(bytes, count * recordBytes, count),
  peerWorkload: new Uint32Array(bytes, count * recordBytes + alignedWords(count), count),
});

/** A packed frame as rows are made from it. */
export function encodedFrame(frame: FrameMessage, stream: number, batch: number): EncodedFrame {
  const { sequence, realtimeOffsetNs, recordBytes, count } = frame;
  const columns = views(frame);
  const table = tableOf(batchKind({ count, records: columns.records }));
  return { table, stream, batch, sequence, realtimeOffsetNs, recordBytes, count, ...columns };
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
  ...views(frame),
});
