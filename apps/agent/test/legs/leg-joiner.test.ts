// SPDX-License-Identifier: Apache-2.0
import {
  AddressFamily,
  encodeConnectionRecord,
  encodeHttpRecord,
  encodeHttpSample,
  HttpLimit,
  HttpMethod,
  HttpSample,
  HttpSampleFlag,
  type HttpSampleValue,
  RecordEvent,
  RecordKind,
  Reporter,
} from '@undermesh/bpf-abi';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Leg, LegJoiner } from '../../src/legs/leg-joiner.js';
import { LineNumbers } from '../../src/legs/line-numbers.js';
import { WaypointConnections } from '../../src/legs/waypoint-connections.js';
import { addressBytes } from '../../src/mesh/address-bytes.js';
import type { RequestLine } from '../../src/waypoint/request-log.js';

const CGROUP = 42;
/** Boottime and Unix time differ by this, ns. */
const OFFSET_NS = 1e18;
const bootNs = (): number => Date.now() * 1e6 - OFFSET_NS;

const place = (address: string, port: number) => ({ address: addressBytes(address), port });
const CLIENT = place('10.0.0.9', 40_000);
const WAYPOINT = place('10.0.0.1', 15_008);
const LOCAL = place('10.0.0.1', 50_000);
const SERVER = place('10.0.0.2', 8080);

let connections: WaypointConnections;
let joiner: LegJoiner;
let legs: Leg[];
let nowMs: number;
let number: number;

beforeEach(() => {
  nowMs = 0;
  number = 0;
  legs = [];
  connections = new WaypointConnections({ cgroupId: CGROUP, sinceNs: bootNs() - 60e9 });
  joiner = new LegJoiner({
    connections,
    isTimed: () => true,
    onLeg: (leg) => legs.push(leg),
    bootOffsetNs: () => -OFFSET_NS,
    nowMs: () => nowMs,
  });
});

let cookies = 0;

/** A connection of the waypoint: with its client, or with its server. */
class Fake {
  readonly #cookie = BigInt(++cookies);
  readonly #of: {
    reporter: number;
    local: typeof CLIENT;
    peer: typeof CLIENT;
    openedNs: number;
    cgroup: number;
  };

  constructor(side: 'client' | 'server', change: { openedNs?: number; cgroup?: number } = {}) {
    const ends = side === 'client' ? { local: WAYPOINT, peer: CLIENT } : { local: LOCAL, peer: SERVER };
    const reporter = side === 'client' ? Reporter.DESTINATION : Reporter.SOURCE;
    this.#of = { reporter, ...ends, openedNs: bootNs() - 1e9, cgroup: CGROUP, ...change };
  }

  #record(event: number, timeNs = bootNs()): Uint8Array {
    const { reporter, local, peer, openedNs, cgroup } = this.#of;
    return encodeConnectionRecord({
      ...ZERO,
      event,
      reporter,
      timeNs: BigInt(Math.round(timeNs)),
      openedNs: BigInt(Math.round(openedNs)),
      socketCookie: this.#cookie,
      cgroupId: BigInt(cgroup),
      localAddress: local.address,
      peerAddress: peer.address,
      localPort: local.port,
      peerPort: peer.port,
    });
  }

  opened(): this {
    return this.#tell(this.#record(RecordEvent.OPENED), false);
  }

  closed(timeNs = bootNs()): this {
    return this.#tell(this.#record(RecordEvent.CLOSED, timeNs), false);
  }

  answered(samples: readonly Partial<HttpSampleValue>[], lostRequests = 0): this {
    const packed = new Uint8Array(HttpLimit.SAMPLES * HttpSample.BYTES);
    for (const [at, sample] of samples.entries())
      packed.set(encodeHttpSample({ ...ANSWERED, ...sample }), at * HttpSample.BYTES);
    return this.#tell(
      encodeHttpRecord({
        connection: this.#record(RecordEvent.PROGRESS),
        requestBytes: 0n,
        responseBytes: 0n,
        lostRequests,
        sampleCount: samples.length,
        reserved: new Uint8Array(3),
        samples: packed,
      }),
      true,
    );
  }

  #tell(record: Uint8Array, http: boolean): this {
    connections.take(new Uint32Array(record.slice().buffer), 0, http);
    return this;
  }
}

const ANSWERED: HttpSampleValue = {
  firstByteUs: 1000,
  lastByteUs: 1100,
  status: 200,
  method: HttpMethod.GET,
  flags: 0,
  route: 0,
};
const ZERO: Parameters<typeof encodeConnectionRecord>[0] = {
  kind: RecordKind.CONNECTION,
  event: 0,
  reporter: 0,
  family: AddressFamily.IPV4,
  reason: 0,
  engine: 0,
  flags: 0,
  timeNs: 0n,
  openedNs: 0n,
  socketCookie: 0n,
  cgroupId: 0n,
  netnsCookie: 0n,
  sentBytes: 0n,
  receivedBytes: 0n,
  localAddress: new Uint8Array(16),
  peerAddress: new Uint8Array(16),
  originalAddress: new Uint8Array(16),
  process: 'haproxy',
  connectUs: 0,
  clientIsn: 1,
  serverIsn: 2,
  pid: 1,
  workloadId: 1,
  serviceId: 0,
  srttUs: 0,
  minRttUs: 0,
  segmentsSent: 0,
  segmentsReceived: 0,
  retransmittedSegments: 0,
  lostSegments: 0,
  deliveredSegments: 0,
  retransmittedBytes: 0,
  localPort: 0,
  peerPort: 0,
  originalPort: 0,
  generation: 0,
};

const line = (request: number, change: Partial<RequestLine> = {}): void =>
  joiner.line({
    worker: 7,
    number: ++number,
    request,
    beganMs: Date.now(),
    status: 200,
    method: 'GET',
    retries: 0,
    client: CLIENT,
    onward: { local: LOCAL, peer: SERVER },
    ...change,
  });
/** Lets time go by. */
const settle = (laterMs = 0): void => {
  nowMs += laterMs;
  joiner.settle();
};
const times = (): number[] => legs.map(({ sample }) => sample.waypointUs);
const UNKNOWN = HttpLimit.UNKNOWN_US;

describe('requests of a waypoint', () => {
  it('get the time between both sides, one after the other', () => {
    new Fake('client').opened().answered([{ firstByteUs: 900 }, { firstByteUs: 1300 }]);
    new Fake('server').opened().answered([{ firstByteUs: 800 }, { firstByteUs: 1000 }]);
    line(1);
    line(2);
    settle();
    expect(times()).toEqual([100, 300]);
    expect(joiner.balance).toEqual({ made: 2, joined: 2, answered: 0, waiting: 0, unjoined: {}, untimed: 0 });
  });

  it('wait for what the kernel has not told yet, in whatever order it comes', () => {
    line(1);
    line(2);
    settle(300);
    expect(joiner.balance.waiting).toBe(2);
    const server = new Fake('server').opened();
    const client = new Fake('client').opened();
    settle(300);
    client.answered([{ firstByteUs: 900 }]);
    settle(300);
    server.answered([{ firstByteUs: 700 }, { firstByteUs: 700 }]);
    client.answered([{ firstByteUs: 950 }]);
    settle(300);
    expect(times()).toEqual([200, 250]);
  });

  it('are joined without their time where no sample comes', () => {
    new Fake('client').opened().answered([{}]);
    new Fake('server').opened();
    line(1);
    settle(2_900);
    expect(legs).toEqual([]);
    settle(200);
    expect(times()).toEqual([UNKNOWN]);
    expect(joiner.balance).toMatchObject({ joined: 1, untimed: 1 });
  });

  it('are counted where a connection is not known in time, or more than one fits', () => {
    line(1);
    settle(5_100);
    new Fake('client').opened();
    line(2);
    settle(5_100);
    new Fake('server').opened();
    new Fake('server').opened();
    line(3);
    settle(5_100);
    expect(legs).toEqual([]);
    expect(joiner.balance).toMatchObject({
      made: 3,
      unjoined: { client_unknown: 1, server_unknown: 1, ambiguous: 1 },
    });
  });

  it('are of the connection that was open then, not of one before on the same ports', () => {
    const old = bootNs() - 3e9;
    new Fake('client', { openedNs: old }).closed(old + 1e9);
    new Fake('server').opened();
    line(1);
    settle(300);
    expect(legs).toEqual([]);
    new Fake('client').opened();
    settle(3_500);
    expect(joiner.balance).toMatchObject({ joined: 1, unjoined: {} });
  });

  it('are not looked for among the connections of others', () => {
    new Fake('client', { cgroup: 43 }).opened();
    line(1);
    settle(5_100);
    expect(joiner.balance.unjoined).toEqual({ client_unknown: 1 });
    expect(connections.size).toBe(0);
  });

  it('that the waypoint answered are its own time', () => {
    new Fake('client').opened().answered([{ firstByteUs: 80, status: 302 }]);
    line(1, { status: 302, onward: null });
    settle();
    expect(legs[0]).toMatchObject({ onward: null, sample: { waypointUs: 80, status: 302 } });
    expect(joiner.balance).toMatchObject({ joined: 0, answered: 1, untimed: 0 });
  });

  it.each([
    ['another status', [{ status: 500 }, {}]],
    ['another method', [{ method: HttpMethod.PUT }, {}]],
    ['longer than at the client', [{ firstByteUs: 1001 }, {}]],
    ['unseen requests', [{ flags: HttpSampleFlag.RESYNCED }, {}]],
  ] as const)('have no time from a sample that does not fit, and none after it: %s', (_, samples) => {
    new Fake('client').opened().answered([{}, {}]);
    new Fake('server').opened().answered(samples);
    line(1);
    line(2);
    settle();
    expect(times()).toEqual([UNKNOWN, UNKNOWN]);
    expect(joiner.balance).toMatchObject({ joined: 2, untimed: 2 });
  });

  it('have no time on a connection that is older than the agent', () => {
    new Fake('client', { openedNs: bootNs() - 100e9 }).opened().answered([{}]);
    new Fake('server').opened().answered([{ firstByteUs: 500 }]);
    line(1);
    settle();
    expect(times()).toEqual([UNKNOWN]);
  });

  it('are counted past samples that the kernel lost', () => {
    new Fake('client').opened().answered([{ firstByteUs: 900 }], 1);
    new Fake('server').opened().answered([{ firstByteUs: 500 }], 1);
    line(1);
    line(2);
    settle();
    expect(times()).toEqual([UNKNOWN, 400]);
  });

  it('have no time once a line is lost, or a request was tried twice, until there is another connection', () => {
    const client = new Fake('client').opened().answered([{}, {}, {}]);
    const server = new Fake('server').opened().answered([{ firstByteUs: 500 }, { firstByteUs: 500 }]);
    line(1);
    settle();
    number++;
    line(3);
    settle(2_100);
    settle();
    expect(joiner.balance).toMatchObject({ made: 3, joined: 2, unjoined: { line_lost: 1 } });
    server.closed();
    client.answered([{}]);
    line(4, { retries: 1 });
    settle(3_100);
    expect(times()[0]).toBe(500);
    expect(times().at(-1)).toBe(UNKNOWN);
  });

  it('that could not be passed on are taken back', () => {
    new Fake('client').opened().answered([{}, {}]);
    new Fake('server').opened().answered([{}]);
    line(1);
    line(2, { onward: null });
    settle();
    joiner.takeBack('spool_full', 2, 1);
    expect(joiner.balance).toMatchObject({ made: 2, joined: 0, answered: 0, unjoined: { spool_full: 2 } });
  });
});

describe('the numbers of lines', () => {
  it('say what is missing, and what only came late', () => {
    const numbers = new LineNumbers();
    for (const one of [10, 12, 11, 15]) numbers.note(7, one, 0);
    numbers.note(8, 1, 0);
    expect([numbers.missing, numbers.lost]).toEqual([2, 0]);
    numbers.note(7, 14, 1_000);
    expect(numbers.settle(2_000)).toBe(1);
    expect([numbers.missing, numbers.lost]).toEqual([0, 1]);
    numbers.note(7, 1_000_000, 3_000);
    expect(numbers.lost).toBe(1 + 1_000_000 - 16);
  });
});
