// SPDX-License-Identifier: Apache-2.0
import { HttpRecord, presentBytes, RecordKind, sampleRoom } from '@undermesh/bpf-abi';
import type { RecordBatch } from './store.js';

/** The kind of the records of a batch: a frame holds one kind, and byte 0 of each record says which. */
export const batchKind = ({ count, records }: Pick<RecordBatch, 'count' | 'records'>): number =>
  count > 0 ? (records[0] ?? RecordKind.CONNECTION) : RecordKind.CONNECTION;

/** How many connection ends a batch holds: what the ledger counts. */
export const endsOf = (batch: Pick<RecordBatch, 'count' | 'records'>): number =>
  batchKind(batch) === RecordKind.CONNECTION ? batch.count : 0;

/** How many requests a batch holds. */
export function requestsOf({
  count,
  records,
  recordBytes,
}: Pick<RecordBatch, 'count' | 'records' | 'recordBytes'>): number {
  if (batchKind({ count, records }) !== RecordKind.HTTP) return 0;
  // A journal may hold frames of an earlier version.
  const room = sampleRoom(presentBytes(RecordKind.HTTP, recordBytes));
  let requests = 0;
  for (let index = 0, at: number = HttpRecord.sampleCount; index < count; index++, at += recordBytes) {
    requests += Math.min(room, records[at] ?? 0);
  }
  return requests;
}
