// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord } from '@undermesh/bpf-abi';
import { reportedEnd } from './end.js';
import type { StoredEnd } from './end-source.js';
import type { RecordBatch } from './store.js';

/** A frame that is kept whole, to be replayed. */
export interface MemoryFrame {
  readonly batch: RecordBatch;
  /** Rises with every frame. */
  readonly ordinal: number;
  readonly newestNs: bigint;
  /** The ends that its records are of, or stand behind; one per record. */
  readonly ends: readonly StoredEnd[];
}

/** Copies a batch, whose arrays the caller may use again, and decodes its connection records. */
export function memoryFrame(batch: RecordBatch, ordinal: number): MemoryFrame {
  const kept: RecordBatch = {
    ...batch,
    records: batch.records.slice(),
    localWorkload: batch.localWorkload.slice(),
    peerWorkload: batch.peerWorkload.slice(),
  };
  const ends: StoredEnd[] = [];
  let newestNs = 0n;
  for (let position = 0; position < batch.count; position++) {
    const record = new Uint8Array(ConnectionRecord.BYTES);
    const start = position * batch.recordBytes;
    record.set(kept.records.subarray(start, start + Math.min(batch.recordBytes, ConnectionRecord.BYTES)));
    const end = reportedEnd({
      node: batch.node,
      streamId: batch.streamId,
      frameSequence: batch.sequence,
      record,
      realtimeOffsetNs: batch.realtimeOffsetNs,
      localWorkload: kept.localWorkload[position] ?? 0,
      peerWorkload: kept.peerWorkload[position] ?? 0,
    });
    ends.push({ ...end, key: { timeNs: end.timeNs, batch: ordinal, position } });
    if (end.timeNs > newestNs) newestNs = end.timeNs;
  }
  return { batch: kept, ordinal, newestNs, ends };
}

/** A frame less its records from before `sinceNs`. */
export function framePart({ batch, ends }: MemoryFrame, sinceNs: bigint): RecordBatch {
  const kept = ends.filter((end) => end.timeNs >= sinceNs).map((end) => end.key.position);
  if (kept.length === batch.count) return batch;
  const records = new Uint8Array(kept.length * batch.recordBytes);
  kept.forEach((from, to) => {
    const start = from * batch.recordBytes;
    records.set(batch.records.subarray(start, start + batch.recordBytes), to * batch.recordBytes);
  });
  return {
    ...batch,
    count: kept.length,
    records,
    localWorkload: Uint32Array.from(kept, (at) => batch.localWorkload[at] ?? 0),
    peerWorkload: Uint32Array.from(kept, (at) => batch.peerWorkload[at] ?? 0),
  };
}
