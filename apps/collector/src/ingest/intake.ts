// SPDX-License-Identifier: Apache-2.0
import {
  ABI_VERSION,
  ConnectionRecord,
  HttpRecord,
  presentBytes,
  presentRecords,
  RecordColumns,
  sampleRoom,
} from '@undermesh/bpf-abi';
import type { Frame } from '@undermesh/schema';
import type { Aggregator } from '../aggregate/aggregator.js';
import type { RecordFeed } from '../aggregate/open-connections.js';
import type { Placements } from '../aggregate/placements.js';
import { isHttp, isLeg, isRecordValid, isStored, MOST_CLOCK_NS } from '../aggregate/record-check.js';
import type { Stream } from '../aggregate/streams.js';
import { BufferPool } from '../buffer-pool.js';
import { CollectorError } from '../errors.js';
import type { RecordBatch } from '../store/store.js';

/** Layouts that are understood: this one and the one before, each at least as long as its first version was. */
const SMALLEST_RECORD_BYTES = ConnectionRecord.BYTES;
const LARGEST_RECORD_BYTES = 1024;

/** What came of one frame of records. */
export interface Taken {
  /** For the store: only ends, only http records, or only legs. */
  readonly batch: RecordBatch;
  /** Ends that arrived, those in invalid records among them, and these alone. */
  readonly ends: number;
  readonly invalidEnds: number;
  /** The same for requests. */
  readonly requests: number;
  readonly invalidRequests: number;
  /** Requests that the kernel lost before these. */
  readonly lostRequests: number;
  /** Records that are not valid. */
  readonly invalid: number;
}

/**
 * Reads record frames: checks every record, counts it, and packs for the store what is kept of it. An agent's service ids
 * become ours ({@link Placements.service}).
 */
export class Intake implements RecordFeed {
  readonly #aggregator: Aggregator;
  readonly #placements: Placements;
  readonly #buffers = new BufferPool();
  readonly #listeners = new Set<(batch: RecordBatch) => void>();

  constructor(aggregator: Aggregator, placements: Placements) {
    this.#aggregator = aggregator;
    this.#placements = placements;
  }

  subscribe(listener: (batch: RecordBatch) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The store is done with what {@link take} gave it: its memory is used again. */
  release({ records }: RecordBatch): void {
    if (records.buffer instanceof ArrayBuffer) this.#buffers.give(records.buffer);
  }

  /** Throws CollectorError `abi_unknown` or `records_size` and has then done nothing. */
  take(frame: Frame, stream: Stream, now: number): Taken {
    const { recordCount } = frame;
    if (frame.abiVersion !== ABI_VERSION && frame.abiVersion !== ABI_VERSION - 1) {
      throw new CollectorError(
        'abi_unknown',
        `Records of ABI version ${frame.abiVersion} are not understood; this collector knows ${ABI_VERSION} and the one before. Upgrade the collector first, then the agents.`,
      );
    }
    const sent = frame.recordBytes;
    if (sent % 8 !== 0 || sent < SMALLEST_RECORD_BYTES || sent > LARGEST_RECORD_BYTES) {
      throw new CollectorError(
        'records_size',
        `Records of ${sent} bytes are out of range: expected a multiple of 8 from ${SMALLEST_RECORD_BYTES} to ${LARGEST_RECORD_BYTES}.`,
      );
    }
    // A copy of its own: aligned for the columns, and free of the socket's buffer, which lives on in the store's queue.
    const kind = frame.payload[ConnectionRecord.kind] ?? 0;
    const recordBytes = presentBytes(kind, sent);
    const byteLength = recordCount * recordBytes;
    const records = new Uint8Array(this.#buffers.take(byteLength), 0, byteLength);
    presentRecords(frame.payload, { kind, recordBytes: sent }, records);
    const columns = new RecordColumns(records, recordBytes);
    const words = new Uint32Array(records.buffer);
    const locals = new Uint32Array(recordCount);
    const peers = new Uint32Array(recordCount);
    const http = recordCount > 0 && isHttp(columns, 0);
    const leg = recordCount > 0 && isLeg(columns, 0);
    const room = http ? sampleRoom(recordBytes) : 0;
    const clocksSound = frame.realtimeNs < MOST_CLOCK_NS && frame.boottimeNs < MOST_CLOCK_NS;
    let invalid = 0;
    let requests = 0;
    let invalidRequests = 0;
    let lostRequests = 0;
    for (let index = 0; index < recordCount; index++) {
      // A frame holds one kind of record.
      const valid =
        clocksSound &&
        isHttp(columns, index) === http &&
        isLeg(columns, index) === leg &&
        isRecordValid(columns, index);
      if (valid) {
        const id = columns.u32(index, ConnectionRecord.workloadId);
        locals[index] = (id === 0 ? undefined : stream.placements.get(id)) ?? stream.unknown;
        const service = columns.u32(index, ConnectionRecord.serviceId);
        if (service !== 0)
          words[(index * recordBytes + ConnectionRecord.serviceId) >> 2] = stream.services.get(service) ?? 0;
      } else invalid++;
      if (room === 0) continue;
      const samples = Math.min(room, columns.u8(index, HttpRecord.sampleCount));
      requests += samples;
      if (valid) lostRequests += columns.u32(index, HttpRecord.lostRequests);
      else invalidRequests += samples;
    }
    const realtimeOffsetNs = frame.realtimeNs - frame.boottimeNs;
    this.#aggregator.take({
      columns,
      stream: stream.number,
      sequence: frame.sequence,
      realtimeOffsetNs,
      arrivedAt: now,
      from: stream,
      locals,
      peers,
      replayed: false,
    });
    for (let index = 0; index < recordCount; index++) {
      locals[index] = this.#placements.workloadOf(locals[index] ?? 0);
      peers[index] = this.#placements.workloadOf(peers[index] ?? 0);
    }
    const whole: RecordBatch = {
      node: stream.nodeName,
      cluster: stream.cluster.name,
      streamId: stream.id,
      sequence: frame.sequence,
      abiVersion: frame.abiVersion,
      recordBytes,
      count: recordCount,
      records,
      realtimeOffsetNs,
      localWorkload: locals,
      peerWorkload: peers,
    };
    if (!http && !leg) for (const listener of this.#listeners) listener(whole);
    const batch = storedOf(whole, columns);
    const invalidEnds = http || leg ? 0 : invalid;
    return {
      batch,
      ends: http || leg ? 0 : batch.count + invalid,
      invalidEnds,
      requests,
      invalidRequests,
      lostRequests,
      invalid,
    };
  }
}

/** Packs what is stored of a batch to its front. A local workload of 0 marks a record that is not valid. */
function storedOf(whole: RecordBatch, columns: RecordColumns): RecordBatch {
  const { records, recordBytes, localWorkload, peerWorkload } = whole;
  let kept = 0;
  for (let index = 0; index < whole.count; index++) {
    const local = localWorkload[index] ?? 0;
    if (local === 0 || !isStored(columns, index)) continue;
    if (kept !== index) {
      records.copyWithin(kept * recordBytes, index * recordBytes, (index + 1) * recordBytes);
      localWorkload[kept] = local;
      peerWorkload[kept] = peerWorkload[index] ?? 0;
    }
    kept++;
  }
  return {
    ...whole,
    count: kept,
    records: records.subarray(0, kept * recordBytes),
    localWorkload: localWorkload.subarray(0, kept),
    peerWorkload: peerWorkload.subarray(0, kept),
  };
}
