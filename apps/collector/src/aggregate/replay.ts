// SPDX-License-Identifier: Apache-2.0
import { RecordColumns } from '@undermesh/bpf-abi';
import type { RecordBatch, RecordStore } from '../store/store.js';
import type { Aggregator } from './aggregator.js';
import type { CheckpointState } from './checkpoint-state.js';
import { NO_NODE, type Placements } from './placements.js';
import type { Streams } from './streams.js';
import { FINE_KEPT_MS } from './tiers.js';

/** What a replay fills. */
export interface ReplayInto {
  readonly aggregator: Aggregator;
  readonly placements: Placements;
  readonly streams: Streams;
  /** Whether a frame was stored by an earlier run: this run counts its own as they come. */
  readonly isEarlier: (batch: RecordBatch) => boolean;
  /** What an earlier run had counted already; `null`: nothing is known of it. */
  readonly counted: CheckpointState | null;
}

/**
 * Counts again what an earlier run stored and did not write down, a slice at a time, while new records come in: all that
 * lies beyond its last checkpoint, or the last hour when there is none. Resolves with the number of records.
 */
export async function replay(store: RecordStore, into: ReplayInto): Promise<number> {
  const { aggregator, placements, streams, counted } = into;
  const marks = new Map(counted?.marks.map((mark) => [`${mark.node}\n${mark.streamId}`, mark.sequence]));
  const from = counted === null ? { sinceMs: Date.now() - FINE_KEPT_MS } : { afterFrame: counted.frame };
  let records = 0;
  await store.replay(from, (batch) => {
    if (batch.sequence <= (marks.get(`${batch.node}\n${batch.streamId}`) ?? 0n)) return;
    if (!into.isEarlier(batch)) return;
    const stream = streams.get({ id: batch.streamId, node: batch.node, cluster: batch.cluster });
    const locals = new Uint32Array(batch.count);
    const hints = new Uint32Array(batch.count);
    for (let index = 0; index < batch.count; index++) {
      locals[index] = placements.placement(batch.localWorkload[index] ?? 0, stream.node);
      const peer = batch.peerWorkload[index] ?? 0;
      if (peer !== 0) hints[index] = placements.placement(peer, NO_NODE);
    }
    aggregator.take({
      columns: new RecordColumns(batch.records, batch.recordBytes),
      stream: stream.number,
      sequence: batch.sequence,
      realtimeOffsetNs: batch.realtimeOffsetNs,
      arrivedAt: Date.now(),
      from: stream,
      locals,
      peers: new Uint32Array(batch.count),
      replayed: true,
      hints,
    });
    records += batch.count;
  });
  return records;
}
