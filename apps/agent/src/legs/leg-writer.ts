// SPDX-License-Identifier: Apache-2.0
import {
  ConnectionRecord,
  LegSample as Field,
  HttpLimit,
  LegRecord,
  RecordEvent,
  RecordKind,
} from '@undermesh/bpf-abi';
import type { Leg, LegSample } from './leg-joiner.js';
import type { WaypointConnection } from './waypoint-connections.js';

const BYTES = LegRecord.BYTES;
const HIGH = 4_294_967_296;

interface Pair {
  readonly client: WaypointConnection;
  readonly onward: WaypointConnection | null;
  readonly samples: LegSample[];
}

/** Where leg records go. */
export interface LegTarget {
  /** Takes one record of {@link BYTES} bytes, which is filled anew afterwards, with so many requests. */
  take(record: Uint32Array, requests: number, answered: boolean): void;
}

/** Gathers requests by their two connections into leg records. */
export class LegWriter {
  readonly #target: LegTarget;
  readonly #boottimeNs: () => number;
  readonly #pairs = new Map<string, Pair>();
  readonly #words = new Uint32Array(BYTES >> 2);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  readonly #view = new DataView(this.#words.buffer);

  constructor(target: LegTarget, boottimeNs: () => number) {
    this.#target = target;
    this.#boottimeNs = boottimeNs;
  }

  add({ client, onward, sample }: Leg): void {
    const key = `${client.cookie} ${onward?.cookie ?? 0}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { client, onward, samples: [] };
      this.#pairs.set(key, pair);
    }
    pair.samples.push(sample);
    if (pair.samples.length < HttpLimit.SAMPLES) return;
    this.#pairs.delete(key);
    this.#write(pair);
  }

  /** Writes down all that waits for its record to be full. */
  flush(): void {
    for (const pair of this.#pairs.values()) this.#write(pair);
    this.#pairs.clear();
  }

  #write({ client, onward, samples }: Pair): void {
    const words = this.#words;
    words.fill(0);
    words.set(client.record);
    this.#mark(0);
    if (onward !== null) {
      words.set(onward.record, LegRecord.onward >> 2);
      this.#mark(LegRecord.onward);
    }
    this.#bytes[LegRecord.sampleCount] = samples.length;
    samples.forEach((sample, at) => {
      this.#writeSample(LegRecord.samples + at * Field.BYTES, sample);
    });
    this.#target.take(words, samples.length, onward === null);
  }

  /** Makes a leg's record of the connection record at `from`: of now. */
  #mark(from: number): void {
    const bytes = this.#bytes;
    bytes[from + ConnectionRecord.kind] = RecordKind.LEG;
    bytes[from + ConnectionRecord.event] = RecordEvent.PROGRESS;
    bytes[from + ConnectionRecord.reason] = 0;
    const now = this.#boottimeNs();
    this.#view.setUint32(from + ConnectionRecord.timeNs, now % HIGH, true);
    this.#view.setUint32(from + ConnectionRecord.timeNs + 4, now / HIGH, true);
  }

  #writeSample(at: number, sample: LegSample): void {
    const view = this.#view;
    view.setUint32(at + Field.firstByteUs, sample.firstByteUs, true);
    view.setUint32(at + Field.lastByteUs, sample.lastByteUs, true);
    view.setUint32(at + Field.waypointUs, sample.waypointUs, true);
    view.setUint16(at + Field.status, sample.status, true);
    view.setUint8(at + Field.method, sample.method);
    view.setUint8(at + Field.flags, sample.flags);
  }
}
