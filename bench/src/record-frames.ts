// SPDX-License-Identifier: Apache-2.0
import {
  ABI_VERSION,
  ConnectionRecord,
  encodeConnectionRecord,
  RecordEvent,
  Reporter,
} from '@undermesh/bpf-abi';
import { clockPairNs } from '@undermesh/libbpf-ts';
import { AGENT_PAYLOAD_BYTES, FRAME_HEADER_BYTES, FRAME_TYPES, sealFrame } from '@undermesh/schema';
import { sampleDictionary, workloadsOf } from './sample-dictionary.js';
import { sampleRecord } from './sample-records.js';

const SOURCES = 8;
const DESTINATIONS = 32;
const STRIDE = ConnectionRecord.BYTES >> 2;

/** Both ends of each connection, next to each other, as a node sees them that holds both. */
export const RECORDS_PER_FRAME = Math.floor(AGENT_PAYLOAD_BYTES / ConnectionRecord.BYTES / 2) * 2;
export const FRAME_BYTES = FRAME_HEADER_BYTES + RECORDS_PER_FRAME * ConnectionRecord.BYTES;

const MESH = { clients: SOURCES, servers: DESTINATIONS };
const workloadOf = workloadsOf(MESH);

/** What an agent would tell of the records' workloads. */
export const SAMPLE_DICTIONARY = sampleDictionary(MESH);

/** Makes full frames of records, none of which was there before: 256 edges between 40 workloads. */
export class RecordFrames {
  readonly streamId: Uint8Array;
  readonly #template = new Uint8Array(FRAME_BYTES);
  #connection = 0;
  #sequence = 0n;

  /** @param streamId 16 bytes. */
  constructor(streamId: Uint8Array) {
    this.streamId = streamId;
    for (let i = 0; i < RECORDS_PER_FRAME; i++) {
      const connection = i >> 1;
      const client = (connection >> 5) % SOURCES;
      const server = connection % DESTINATIONS;
      const source = i % 2 === 0;
      const record = sampleRecord({
        event: RecordEvent.CLOSED,
        reporter: source ? Reporter.SOURCE : Reporter.DESTINATION,
        cgroupId: 1n,
        pid: 900_000,
        connection,
        client,
        server,
      });
      const workloadId = source ? workloadOf.client(client) : workloadOf.server(server);
      const bytes = encodeConnectionRecord({ ...record, workloadId });
      this.#template.set(bytes, FRAME_HEADER_BYTES + i * ConnectionRecord.BYTES);
    }
  }

  /** The last frame's sequence. */
  get sequence(): bigint {
    return this.#sequence;
  }

  /** The next frame, in memory of its own. */
  next(): Uint8Array {
    const message = this.#template.slice();
    const clock = clockPairNs();
    const low = Number(clock.boottime & 0xffff_ffffn);
    const high = Number(clock.boottime >> 32n);
    const words = new Uint32Array(message.buffer, FRAME_HEADER_BYTES);
    for (let i = 0, at = 0; i < RECORDS_PER_FRAME; i++, at += STRIDE) {
      if (i % 2 === 0) this.#connection++;
      words[at + (ConnectionRecord.timeNs >> 2)] = low;
      words[at + (ConnectionRecord.timeNs >> 2) + 1] = high;
      words[at + (ConnectionRecord.openedNs >> 2)] = low;
      words[at + (ConnectionRecord.openedNs >> 2) + 1] = high;
      words[at + (ConnectionRecord.socketCookie >> 2)] = this.#connection * 2 + (i % 2);
      words[at + (ConnectionRecord.clientIsn >> 2)] = Math.imul(this.#connection, 2_654_435_761) >>> 0;
      words[at + (ConnectionRecord.serverIsn >> 2)] = Math.imul(this.#connection, 2_246_822_519) >>> 0;
    }
    this.#sequence++;
    sealFrame(message, {
      type: FRAME_TYPES.records,
      flags: 0,
      streamId: this.streamId,
      sequence: this.#sequence,
      boottimeNs: clock.boottime,
      realtimeNs: clock.realtime,
      abiVersion: ABI_VERSION,
      recordBytes: ConnectionRecord.BYTES,
      recordCount: RECORDS_PER_FRAME,
    });
    return message;
  }
}
