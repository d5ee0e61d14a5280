// SPDX-License-Identifier: Apache-2.0
import {
  ConnectionRecord,
  HttpRecord,
  HttpSample,
  HttpSampleFlag,
  RecordEvent,
  Reporter,
} from '@undermesh/bpf-abi';
import type { Place } from '../waypoint/request-log.js';
import { Samples } from './samples.js';

const WORDS = ConnectionRecord.BYTES >> 2;
const HIGH = 4_294_967_296;
const COOKIE = ConnectionRecord.socketCookie >> 2;
const OPENED = ConnectionRecord.openedNs >> 2;
const TIME = ConnectionRecord.timeNs >> 2;
const CGROUP = ConnectionRecord.cgroupId >> 2;
const LOCAL = ConnectionRecord.localAddress >> 2;
const PEER = ConnectionRecord.peerAddress >> 2;
const PORTS = ConnectionRecord.localPort >> 2;
const CLIENT_ISN = ConnectionRecord.clientIsn >> 2;
const LOST = HttpRecord.lostRequests >> 2;
const COUNT = HttpRecord.sampleCount >> 2;
const SAMPLES = HttpRecord.samples >> 2;
const SAMPLE = HttpSample.BYTES >> 2;

/** Lines come at the end of a request, and records may be earlier: how long a connection that is over is remembered. */
const LINGER_NS = 10e9;
/** Clocks of lines have milliseconds. */
const SLACK_NS = 5e6;

/** A connection of a waypoint with a client or with a server. */
export interface WaypointConnection {
  /** Names the socket for as long as the node is up. */
  readonly cookie: number;
  /** The newest record of it. */
  readonly record: Uint32Array;
  readonly openedNs: number;
  /** Boottime; `null`: it is open. */
  closedNs: number | null;
  readonly samples: Samples;
  /** Whether its samples are numbered as its requests are: it was seen from its beginning, and nothing was missed. */
  counted: boolean;
  /** Lines that told of it. */
  lines: number;
}

/** The connections of the waypoints of this node by who they are between, out of the kernel's records as they pass. */
export class WaypointConnections {
  readonly #cgroupId: number;
  readonly #sinceNs: number;
  readonly #byCookie = new Map<number, WaypointConnection & { readonly key: string }>();
  readonly #byKey = new Map<string, WaypointConnection[]>();

  /** @param of `cgroupId`: of the waypoints; `sinceNs`: boottime from which on all records pass here */
  constructor(of: { readonly cgroupId: number; readonly sinceNs: number }) {
    this.#cgroupId = of.cgroupId;
    this.#sinceNs = of.sinceNs;
  }

  get size(): number {
    return this.#byCookie.size;
  }

  /** Takes the record that begins at `words[at]`, of either kind. Costs next to nothing for those of others. */
  take(words: Uint32Array, at: number, http: boolean): void {
    if (number64(words, at + CGROUP) !== this.#cgroupId) return;
    // Never established: nothing went over it.
    if (words[at + CLIENT_ISN] === 0 && words[at + CLIENT_ISN + 1] === 0) return;
    const connection = this.#connection(words, at);
    connection.record.set(words.subarray(at, at + WORDS));
    if (http) takeSamples(connection, words, at);
    else if (eventOf(words, at) === RecordEvent.CLOSED) connection.closedNs = number64(words, at + TIME);
  }

  /** Connections that a client's side could be of, in a stretch of boottime. */
  fromClient(client: Place, beganNs: number, endedNs: number): readonly WaypointConnection[] {
    return this.#between(`< ${placeKey(client)}`, beganNs, endedNs);
  }

  /** Connections to a server. */
  toServer(
    ends: { local: Place; peer: Place },
    beganNs: number,
    endedNs: number,
  ): readonly WaypointConnection[] {
    return this.#between(`> ${placeKey(ends.local)} ${placeKey(ends.peer)}`, beganNs, endedNs);
  }

  /** Something was missed, nobody knows of which: what is open towards servers can no longer be numbered. */
  doubt(): void {
    for (const connection of this.#byCookie.values())
      if (connection.key.startsWith('>')) connection.counted = false;
  }

  /** Forgets what has been over for a while. */
  forget(nowNs: number): void {
    for (const connection of this.#byCookie.values()) {
      const { cookie, key, closedNs } = connection;
      if (closedNs === null || nowNs - closedNs < LINGER_NS) continue;
      this.#byCookie.delete(cookie);
      const left = this.#byKey.get(key)?.filter((one) => one !== connection) ?? [];
      if (left.length > 0) this.#byKey.set(key, left);
      else this.#byKey.delete(key);
    }
  }

  #between(key: string, beganNs: number, endedNs: number): readonly WaypointConnection[] {
    const known = this.#byKey.get(key);
    if (known === undefined) return [];
    return known.filter(
      ({ openedNs, closedNs }) =>
        openedNs <= endedNs + SLACK_NS && (closedNs === null || closedNs >= beganNs - SLACK_NS),
    );
  }

  #connection(words: Uint32Array, at: number): WaypointConnection {
    const cookie = number64(words, at + COOKIE);
    const known = this.#byCookie.get(cookie);
    if (known !== undefined) return known;
    const openedNs = number64(words, at + OPENED);
    const key = keyOf(words, at);
    const made = {
      cookie,
      key,
      record: new Uint32Array(WORDS),
      openedNs,
      closedNs: null,
      samples: new Samples(),
      counted: openedNs >= this.#sinceNs,
      lines: 0,
    };
    this.#byCookie.set(cookie, made);
    this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), made]);
    return made;
  }
}

function takeSamples(connection: WaypointConnection, words: Uint32Array, at: number): void {
  const { samples } = connection;
  const lost = words[at + LOST] ?? 0;
  if (lost > 0) samples.skip(lost);
  const count = (words[at + COUNT] ?? 0) & 0xff;
  for (let i = 0, from = at + SAMPLES; i < count; i++, from += SAMPLE) {
    const outcome = words[from + 2] ?? 0;
    const flags = outcome >>> 24;
    // Requests may have passed unseen.
    if ((flags & HttpSampleFlag.RESYNCED) !== 0) connection.counted = false;
    samples.add({
      firstByteUs: words[from] ?? 0,
      lastByteUs: words[from + 1] ?? 0,
      status: outcome & 0xffff,
      method: (outcome >>> 16) & 0xff,
      flags,
    });
  }
}

const eventOf = (words: Uint32Array, at: number): number => ((words[at] ?? 0) >>> 8) & 0xff;

/** Exact below 2^53. */
const number64 = (words: Uint32Array, at: number): number => (words[at] ?? 0) + (words[at + 1] ?? 0) * HIGH;

function keyOf(words: Uint32Array, at: number): string {
  const ports = words[at + PORTS] ?? 0;
  const place = (from: number, port: number): string =>
    `${words[at + from]}.${words[at + from + 1]}.${words[at + from + 2]}.${words[at + from + 3]}:${port}`;
  const peer = place(PEER, ports >>> 16);
  const accepted = (((words[at] ?? 0) >>> 16) & 0xff) === Reporter.DESTINATION;
  return accepted ? `< ${peer}` : `> ${place(LOCAL, ports & 0xffff)} ${peer}`;
}

function placeKey({ address, port }: Place): string {
  const words = new Uint32Array(address.slice().buffer);
  return `${words.join('.')}:${port}`;
}
