// SPDX-License-Identifier: Apache-2.0
import {
  ABI_VERSION,
  AddressFamily,
  CloseReason,
  ConnectionRecord,
  type ConnectionRecordValue,
  encodeConnectionRecord,
  encodeHttpLongRecord,
  encodeHttpRecord,
  encodeHttpSample,
  HttpLimit,
  HttpLongRecord,
  HttpMethod,
  HttpRecord,
  HttpSample,
  type HttpSampleValue,
  RecordEvent,
  RecordFlag,
  RecordKind,
  Reporter,
} from '@undermesh/bpf-abi';
import type { RecordBatch, Workload } from '../../src/store/store.js';

/** A small, repeatable source of randomness. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const workload = (id: number, over: Partial<Workload> = {}): Workload => ({
  id,
  cluster: 'default',
  namespace: 'shop',
  name: `workload-${id}`,
  version: null,
  kind: 'kubernetes',
  system: false,
  external: false,
  ...over,
});

/** A record with plausible values; times are boottime. */
export const record = (over: Partial<ConnectionRecordValue> = {}): ConnectionRecordValue => ({
  kind: RecordKind.CONNECTION,
  event: RecordEvent.CLOSED,
  reporter: Reporter.SOURCE,
  family: AddressFamily.IPV4,
  reason: CloseReason.LOCAL_FIN,
  engine: 1,
  flags: RecordFlag.ESTABLISHED,
  timeNs: 5_000_000_000n,
  openedNs: 4_981_000_000n,
  socketCookie: 77n,
  cgroupId: 1042n,
  netnsCookie: 3n,
  sentBytes: 1104n,
  receivedBytes: 4219n,
  localAddress: address(10, 4, 1, 17),
  peerAddress: address(10, 4, 3, 8),
  originalAddress: address(10, 4, 3, 8),
  process: 'node',
  connectUs: 310,
  clientIsn: 0x9c41e07a,
  serverIsn: 0x2f80b5d3,
  pid: 2214,
  workloadId: 5,
  serviceId: 0,
  srttUs: 240,
  minRttUs: 190,
  segmentsSent: 9,
  segmentsReceived: 8,
  retransmittedSegments: 1,
  lostSegments: 0,
  deliveredSegments: 9,
  retransmittedBytes: 48,
  localPort: 41_385,
  peerPort: 8443,
  originalPort: 8443,
  generation: 117,
  ...over,
});

/** The other end's record of the same connection. */
export const partnerOf = (
  source: ConnectionRecordValue,
  over: Partial<ConnectionRecordValue> = {},
): ConnectionRecordValue => ({
  ...source,
  reporter: Reporter.DESTINATION,
  reason: source.reason === CloseReason.LOCAL_FIN ? CloseReason.PEER_FIN : source.reason,
  socketCookie: source.socketCookie + 1_000_000n,
  sentBytes: source.receivedBytes,
  receivedBytes: source.sentBytes,
  localAddress: source.peerAddress,
  peerAddress: source.localAddress,
  originalAddress: source.localAddress,
  localPort: source.peerPort,
  peerPort: source.localPort,
  originalPort: source.localPort,
  connectUs: 0,
  retransmittedSegments: 0,
  process: 'payd',
  pid: 4471,
  ...over,
});

/** Bytes of an address as records hold it. */
export function address(...bytes: number[]): Uint8Array {
  const padded = new Uint8Array(16);
  padded.set(bytes);
  return padded;
}

export interface EndOfBatch {
  readonly value: ConnectionRecordValue;
  readonly local: number;
  readonly peer: number;
}

export const STREAM = '6e1f00000000000000000000000000c2';
/** Unix ns minus boottime ns of the nodes in these tests. */
export const CLOCK_OFFSET_NS = 1_793_000_000_000_000_000n;

export function batchOf(ends: readonly EndOfBatch[], over: Partial<RecordBatch> = {}): RecordBatch {
  const records = new Uint8Array(ends.length * ConnectionRecord.BYTES);
  ends.forEach(({ value }, at) => {
    records.set(encodeConnectionRecord(value), at * ConnectionRecord.BYTES);
  });
  return {
    node: 'shop-1',
    cluster: 'default',
    streamId: STREAM,
    sequence: 1n,
    abiVersion: ABI_VERSION,
    recordBytes: ConnectionRecord.BYTES,
    count: ends.length,
    records,
    realtimeOffsetNs: CLOCK_OFFSET_NS,
    localWorkload: Uint32Array.from(ends, ({ local }) => local),
    peerWorkload: Uint32Array.from(ends, ({ peer }) => peer),
    ...over,
  };
}

/** One http record: the end that it stands behind, and its requests. */
export interface RequestsOfBatch {
  readonly value: ConnectionRecordValue;
  readonly local: number;
  readonly peer: number;
  readonly samples: readonly Partial<HttpSampleValue>[];
  readonly requestBytes?: bigint;
  readonly responseBytes?: bigint;
  readonly lostRequests?: number;
}

/** A batch of http records: long ones when they need to be or `over` says so. */
export function httpBatchOf(
  requests: readonly RequestsOfBatch[],
  over: Partial<RecordBatch> = {},
): RecordBatch {
  const isLong = requests.some(({ samples }) => samples.length > HttpLimit.SAMPLES);
  const { recordBytes = isLong ? HttpLongRecord.BYTES : HttpRecord.BYTES } = over;
  const encode = recordBytes === HttpLongRecord.BYTES ? encodeHttpLongRecord : encodeHttpRecord;
  const records = new Uint8Array(requests.length * recordBytes);
  requests.forEach(({ value, samples, requestBytes = 0n, responseBytes = 0n, lostRequests = 0 }, at) => {
    const packed = new Uint8Array(recordBytes - HttpRecord.samples);
    samples.forEach((sample, n) => {
      packed.set(
        encodeHttpSample({
          firstByteUs: 1000,
          lastByteUs: 1200,
          status: 200,
          method: HttpMethod.GET,
          flags: 0,
          route: 0,
          ...sample,
        }),
        n * HttpSample.BYTES,
      );
    });
    const connection = encodeConnectionRecord({
      ...value,
      kind: RecordKind.HTTP,
      event: RecordEvent.PROGRESS,
      reason: CloseReason.NONE,
    });
    records.set(
      encode({
        connection,
        requestBytes,
        responseBytes,
        lostRequests,
        sampleCount: samples.length,
        reserved: new Uint8Array(3),
        samples: packed,
      }),
      at * recordBytes,
    );
  });
  return {
    ...batchOf([]),
    recordBytes,
    count: requests.length,
    records,
    localWorkload: Uint32Array.from(requests, ({ local }) => local),
    peerWorkload: Uint32Array.from(requests, ({ peer }) => peer),
    ...over,
  };
}
