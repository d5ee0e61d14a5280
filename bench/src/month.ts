// SPDX-License-Identifier: Apache-2.0
// A month of a mesh, fed through the collector's own path at synthetic times.
import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import {
  ABI_VERSION,
  ConnectionRecord,
  encodeConnectionRecord,
  encodeHttpRecord,
  HttpLimit,
  HttpMethod,
  HttpRecord,
  HttpSample,
  RecordEvent,
  RecordKind,
  Reporter,
} from '@undermesh/bpf-abi';
import { FRAME_TYPES, type Frame } from '@undermesh/schema';
import type { Aggregator } from '../../apps/collector/dist/aggregate/aggregator.js';
import type { Placements } from '../../apps/collector/dist/aggregate/placements.js';
import type { Streams } from '../../apps/collector/dist/aggregate/streams.js';
import { DictionaryReader, nameBudget } from '../../apps/collector/dist/ingest/dictionary.js';
import { Intake } from '../../apps/collector/dist/ingest/intake.js';
import type { RecordStore } from '../../apps/collector/dist/store/store.js';
import { sampleDictionary, workloadsOf } from './sample-dictionary.js';
import { sampleRecord } from './sample-records.js';

const CLIENTS = 25;
const SERVERS = 40;
export const EDGES = CLIENTS * SERVERS;
/** A frame holds one connection of every other edge, seen from both ends. */
const HALVES = 2;
const CONNECTIONS = EDGES / HALVES;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
export const DAYS = 30;
/** Frames that may wait for the store. */
const WINDOW = 100;

const MESH = { clients: CLIENTS, servers: SERVERS, namespaces: 4 };
const workloadOf = workloadsOf(MESH);

/** Times in µs as they are found on networks: log-normal. */
function times(medianUs: number, sigma: number): () => number {
  return () => {
    const u = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    return Math.max(1, Math.round(medianUs * Math.exp(sigma * u)));
  };
}
const firstByteUs = times(4_000, 0.7);
const roundTripUs = times(200, 0.5);
const connectUs = times(250, 0.5);
const lifetimeMs = times(900, 0.7);

/** What a month is fed to. */
export interface MonthParts {
  readonly aggregator: Aggregator;
  readonly placements: Placements;
  readonly streams: Streams;
  readonly store: RecordStore;
}

/** Feeds a month, and says how much it was. */
export class Month {
  readonly #parts: MonthParts;
  readonly #intake: Intake;
  readonly #streamId = randomBytes(16);
  readonly #templates = Array.from({ length: HALVES }, (_, half) => templateOf(half));
  readonly #ends = new Uint8Array(CONNECTIONS * 2 * ConnectionRecord.BYTES);
  readonly #http = new Uint8Array(CONNECTIONS * 2 * HttpRecord.BYTES);
  #step = 0;
  #connection = 0;
  #sequence = 0n;
  readonly #waiting = new Set<Promise<unknown>>();
  records = 0;

  constructor(parts: MonthParts) {
    this.#parts = parts;
    this.#intake = new Intake(parts.aggregator, parts.placements);
  }

  /**
   * Every edge every hour for a month, every other minute for a day, and every ten seconds for a quarter of an hour:
   * six million records of both kinds.
   */
  async feed(now: number, say: (line: string) => void): Promise<void> {
    const { aggregator, streams, placements } = this.#parts;
    const stream = streams.get({ id: this.#streamId.toString('hex'), node: 'bench', cluster: 'default' });
    new DictionaryReader(stream, { placements, names: nameBudget() }).apply(sampleDictionary(MESH));
    const stretches = [
      { from: now - DAYS * 24 * HOUR_MS, to: now - 24 * HOUR_MS, stepMs: HOUR_MS, frames: HALVES },
      { from: now - 24 * HOUR_MS, to: now - 15 * MINUTE_MS, stepMs: MINUTE_MS, frames: 1 },
      { from: now - 15 * MINUTE_MS, to: now, stepMs: 5_000, frames: 1 },
    ];
    for (const { from, to, stepMs, frames } of stretches) {
      for (let at = from; at < to; at += stepMs) {
        for (let frame = 0; frame < frames; frame++) await this.#take(at, stream);
        // As a collector that had run all that time would have: nothing is left to be summed up.
        for (let tick = at; tick < at + stepMs; tick += 10 * MINUTE_MS)
          aggregator.tick(Math.min(tick, at + stepMs));
        aggregator.tick(at + stepMs);
      }
      say(`${(this.records / 1e6).toFixed(1)} M records`);
    }
    await Promise.all(this.#waiting);
    aggregator.settleParked(now, now);
  }

  async #take(at: number, stream: Parameters<Intake['take']>[1]): Promise<void> {
    const { store } = this.#parts;
    this.#fill(at);
    for (const [records, recordBytes] of [
      [this.#http, HttpRecord.BYTES],
      [this.#ends, ConnectionRecord.BYTES],
    ] as const) {
      const frame = this.#frame(records, recordBytes);
      const { batch, invalid } = this.#intake.take(frame, stream, at);
      if (invalid > 0) throw new Error(`${invalid} records were refused`);
      this.records += batch.count;
      const stored: Promise<unknown> = store.append(batch).finally(() => this.#waiting.delete(stored));
      this.#waiting.add(stored);
      if (this.#waiting.size > WINDOW) await Promise.race(this.#waiting);
    }
    await setImmediate();
  }

  /** Boottimes are Unix times: the offset is 0. */
  #frame(payload: Uint8Array, recordBytes: number): Frame {
    return {
      type: FRAME_TYPES.records,
      flags: 0,
      streamId: this.#streamId,
      sequence: ++this.#sequence,
      boottimeNs: 0n,
      realtimeNs: 0n,
      abiVersion: ABI_VERSION,
      recordBytes,
      recordCount: payload.byteLength / recordBytes,
      payload,
    };
  }

  /** New times and identities for connections that are otherwise as in the template. */
  #fill(at: number): void {
    const half = this.#step++ % HALVES;
    this.#ends.set(this.#templates[half]?.ends ?? this.#ends);
    this.#http.set(this.#templates[half]?.http ?? this.#http);
    const views = [new DataView(this.#ends.buffer), new DataView(this.#http.buffer)] as const;
    const sizes = [ConnectionRecord.BYTES, HttpRecord.BYTES] as const;
    for (let i = 0; i < CONNECTIONS; i++) {
      const connection = ++this.#connection;
      const endedNs = BigInt(at) * 1_000_000n + BigInt(i) * 1_000n;
      const openedNs = endedNs - BigInt(lifetimeMs()) * 1_000_000n;
      const [srttUs, connect] = [roundTripUs(), connectUs()];
      for (let side = 0; side < 2; side++) {
        views.forEach((view, kind) => {
          const start = (i * 2 + side) * (sizes[kind] ?? 0);
          view.setBigUint64(start + ConnectionRecord.timeNs, endedNs, true);
          view.setBigUint64(start + ConnectionRecord.openedNs, openedNs, true);
          view.setUint32(start + ConnectionRecord.socketCookie, connection * 2 + side, true);
          view.setUint32(start + ConnectionRecord.clientIsn, connection, true);
          view.setUint32(start + ConnectionRecord.serverIsn, connection, true);
          view.setUint32(start + ConnectionRecord.srttUs, srttUs, true);
          view.setUint32(start + ConnectionRecord.connectUs, side === 0 ? connect : 0, true);
        });
      }
      for (let n = 0; n < HttpLimit.SAMPLES; n++) this.#sample(i, n, srttUs);
    }
  }

  /** One request as both ends saw it: the source a round trip longer. */
  #sample(connection: number, n: number, srttUs: number): void {
    const view = new DataView(this.#http.buffer);
    const us = firstByteUs();
    const status = n === 0 && Math.random() < 0.05 ? 503 : 200;
    for (let side = 0; side < 2; side++) {
      const at = (connection * 2 + side) * HttpRecord.BYTES + HttpRecord.samples + n * HttpSample.BYTES;
      const firstByte = us + (side === 0 ? srttUs : 0);
      view.setUint32(at + HttpSample.firstByteUs, firstByte, true);
      view.setUint32(at + HttpSample.lastByteUs, firstByte + 200, true);
      view.setUint16(at + HttpSample.status, status, true);
      view.setUint8(at + HttpSample.method, HttpMethod.GET);
    }
  }
}

/** Records of both kinds for one half of the edges, both ends next to each other. */
interface Template {
  readonly ends: Uint8Array;
  readonly http: Uint8Array;
}

function templateOf(half: number): Template {
  const ends = new Uint8Array(CONNECTIONS * 2 * ConnectionRecord.BYTES);
  const http = new Uint8Array(CONNECTIONS * 2 * HttpRecord.BYTES);
  for (let row = 0; row < CONNECTIONS * 2; row++) {
    const edge = half * CONNECTIONS + (row >> 1);
    const [client, server] = [edge % CLIENTS, Math.floor(edge / CLIENTS)];
    const isSource = row % 2 === 0;
    const value = {
      ...sampleRecord({
        event: RecordEvent.CLOSED,
        reporter: isSource ? Reporter.SOURCE : Reporter.DESTINATION,
        cgroupId: 1n,
        pid: 4242,
        connection: row >> 1,
        client,
        server,
      }),
      workloadId: isSource ? workloadOf.client(client) : workloadOf.server(server),
    };
    ends.set(encodeConnectionRecord(value), row * ConnectionRecord.BYTES);
    const front = { ...value, kind: RecordKind.HTTP, event: RecordEvent.PROGRESS, reason: 0 };
    http.set(
      encodeHttpRecord({
        connection: encodeConnectionRecord(front),
        requestBytes: 1_600n,
        responseBytes: 32_000n,
        lostRequests: 0,
        sampleCount: HttpLimit.SAMPLES,
        reserved: new Uint8Array(3),
        samples: new Uint8Array(HttpLimit.SAMPLES * HttpSample.BYTES),
      }),
      row * HttpRecord.BYTES,
    );
  }
  return { ends, http };
}
