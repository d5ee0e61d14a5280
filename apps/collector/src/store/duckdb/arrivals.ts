// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field } from '@undermesh/bpf-abi';
import { batchKind, endsOf, requestsOf } from '../record-kind.js';
import { packedBytes } from './frame-layout.js';
import type { JournalWrite } from './journal.js';
import type { JournaledFrame } from './journal-entry.js';
import type { FrameMessage } from './protocol.js';
import { tableOf } from './record-columns.js';
import type { StreamEntry, Streams } from './streams.js';
import type { UnfiledFrame } from './unfiled.js';

/** A frame that is about to be made durable. */
export type Arrival = Omit<UnfiledFrame, 'place'>;

/** What comes of frames that were given to be stored. */
export interface Arrivals {
  readonly outcomes: ('stored' | 'duplicate')[];
  readonly fresh: readonly Arrival[];
  readonly writes: readonly JournalWrite[];
}

/** Sorts out what is stored already, and gives the rest its ordinals. Frames of one stream come in their order. */
export function arrivalsOf(
  frames: readonly FrameMessage[],
  known: { readonly streams: Streams; readonly lastBatch: number },
): Arrivals {
  const { streams } = known;
  const changed = new Map<string, StreamEntry>();
  const fresh: Arrival[] = [];
  const writes: JournalWrite[] = [];
  let batch = known.lastBatch;
  let added = 0;
  const outcomes = frames.map(({ bytes, ...frame }): 'stored' | 'duplicate' => {
    const before = changed.get(frame.streamId) ?? streams.byId(frame.streamId);
    if (before !== undefined && frame.sequence <= before.sequence) return 'duplicate';
    const stream = before?.stream ?? streams.size + ++added;
    if (frame.count > 0) batch++;
    const body = new Uint8Array(bytes, 0, packedBytes(frame));
    const arrival = arrivalOf({ ...frame, stream, batch }, body, before);
    changed.set(frame.streamId, arrival.position);
    fresh.push(arrival);
    writes.push({ head: { frame: arrival.frame }, body });
    return 'stored';
  });
  return { outcomes, fresh, writes };
}

/** A frame with where its stream stands with it. @param before where the stream stood, unless it is new */
export function arrivalOf(
  frame: JournaledFrame,
  records: Uint8Array,
  before: StreamEntry | undefined,
): Arrival {
  const { stream, streamId, node, cluster, sequence, count, recordBytes, realtimeOffsetNs } = frame;
  const position: StreamEntry = {
    stream,
    streamId,
    node,
    cluster,
    sequence,
    stored: (before?.stored ?? 0) + endsOf({ count, records }),
    requests: (before?.requests ?? 0) + requestsOf({ count, records, recordBytes }),
    isNew: before === undefined,
  };
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const firstNs = count === 0 ? null : view.getBigInt64(Field.timeNs, true) + realtimeOffsetNs;
  return { frame, table: tableOf(batchKind({ count, records }), recordBytes), position, firstNs };
}
