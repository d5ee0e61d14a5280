// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  ABI_VERSION,
  ConnectionRecord,
  type ConnectionRecordValue,
  decodeConnectionRecord,
  encodeConnectionRecord,
  HTTP_RECORD_SIZES,
  HttpLimit,
  HttpLongRecord,
  HttpRecord,
  HttpSample,
  KernelTotals,
  ListenerEntry,
  ObserveConfig,
  RecordColumns,
  sampleRoom,
} from '../src/index.js';

/** A record in which every byte differs from its neighbours, and what it says. Frozen: a change here is a new ABI. */
const GOLDEN_HEX =
  '0103010101000300' + // kind, event, reporter, family, reason, engine, flags
  '1122334455667708' + // time_ns
  '2122334455667708' + // opened_ns
  '0100000000000000' + // socket_cookie
  '0200000000000000' + // cgroup_id
  '0300000000000000' + // netns_cookie
  '40e2010000000000' + // sent_bytes
  '0000000001000000' + // received_bytes
  '7f000001000000000000000000000000' +
  '7f000002000000000000000000000000' +
  '0a600001000000000000000000000000' +
  '6375726c000000000000000000000000' + // process "curl"
  '38010000' + // connect_us
  'efbeadde' + // client_isn
  'bebafeca' + // server_isn
  'd2040000' + // pid
  '07000000' + // workload_id
  '00000000' + // service_id
  'f0000000' + // srtt_us
  '1e000000' + // min_rtt_us
  '0a000000' +
  '0b000000' +
  '01000000' +
  '02000000' +
  '09000000' +
  '30000000' + // retransmitted_bytes
  'a9a1' + // local_port
  '901f' + // peer_port
  '5000' + // original_port
  '0500'; // generation

const address = (a: number, b: number, c: number, d: number) =>
  Uint8Array.from([a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

const GOLDEN: ConnectionRecordValue = {
  kind: 1,
  event: 3,
  reporter: 1,
  family: 1,
  reason: 1,
  engine: 0,
  flags: 3,
  timeNs: 0x0877665544332211n,
  openedNs: 0x0877665544332221n,
  socketCookie: 1n,
  cgroupId: 2n,
  netnsCookie: 3n,
  sentBytes: 123456n,
  receivedBytes: 4294967296n,
  localAddress: address(127, 0, 0, 1),
  peerAddress: address(127, 0, 0, 2),
  originalAddress: address(10, 96, 0, 1),
  process: 'curl',
  connectUs: 312,
  clientIsn: 0xdeadbeef,
  serverIsn: 0xcafebabe,
  pid: 1234,
  workloadId: 7,
  serviceId: 0,
  srttUs: 240,
  minRttUs: 30,
  segmentsSent: 10,
  segmentsReceived: 11,
  retransmittedSegments: 1,
  lostSegments: 2,
  deliveredSegments: 9,
  retransmittedBytes: 48,
  localPort: 41385,
  peerPort: 8080,
  originalPort: 80,
  generation: 5,
};

describe('the layout of ABI 3', () => {
  const golden = Uint8Array.from(Buffer.from(GOLDEN_HEX, 'hex'));

  it('is frozen to the byte', () => {
    expect(ABI_VERSION).toBe(3);
    expect(golden.byteLength).toBe(ConnectionRecord.BYTES);
    expect(decodeConnectionRecord(golden)).toEqual(GOLDEN);
    expect(Buffer.from(encodeConnectionRecord(GOLDEN)).toString('hex')).toBe(GOLDEN_HEX);
  });

  it('has the sizes that maps and frames rely on', () => {
    expect(ConnectionRecord.BYTES).toBe(192);
    expect(KernelTotals.BYTES).toBe(112);
    expect(HttpSample.BYTES).toBe(16);
    expect(HttpRecord.BYTES).toBe(344);
    expect(HttpRecord.samples + HttpLimit.SAMPLES * HttpSample.BYTES).toBe(HttpRecord.BYTES);
    expect(HttpRecord.requestBytes).toBe(ConnectionRecord.BYTES);
    const { BYTES, ...front } = HttpLongRecord;
    expect({ ...front, BYTES: HttpRecord.BYTES }).toEqual(HttpRecord);
    expect(BYTES).toBe(HttpLongRecord.samples + HttpLimit.LONG_SAMPLES * HttpSample.BYTES);
    expect(HTTP_RECORD_SIZES.map(sampleRoom)).toEqual([8, 48]);
    expect(sampleRoom(ConnectionRecord.BYTES)).toBe(0);
    expect(ObserveConfig.BYTES).toBe(24);
    expect(ListenerEntry.BYTES).toBe(64);
  });

  it('refuses what is too short', () => {
    expect(() => decodeConnectionRecord(golden.subarray(0, 100))).toThrow(RangeError);
  });
});

describe('RecordColumns', () => {
  const packed = new Uint8Array(3 * ConnectionRecord.BYTES);
  for (let i = 0; i < 3; i++)
    packed.set(encodeConnectionRecord({ ...GOLDEN, pid: 100 + i }), i * ConnectionRecord.BYTES);

  it('reads members in place', () => {
    const columns = new RecordColumns(packed, ConnectionRecord.BYTES);
    expect(columns.count).toBe(3);
    expect([0, 1, 2].map((i) => columns.u32(i, ConnectionRecord.pid))).toEqual([100, 101, 102]);
    expect(columns.u64(1, ConnectionRecord.receivedBytes)).toBe(4294967296);
    expect(columns.u64big(1, ConnectionRecord.timeNs)).toBe(GOLDEN.timeNs);
    expect(columns.u16(2, ConnectionRecord.peerPort)).toBe(8080);
    expect(columns.u8(2, ConnectionRecord.event)).toBe(3);
    expect([...columns.bytes(2, ConnectionRecord.peerAddress, 4)]).toEqual([127, 0, 0, 2]);
  });

  it('reads the same from memory that is not aligned', () => {
    const shifted = new Uint8Array(packed.byteLength + 3);
    shifted.set(packed, 3);
    const columns = new RecordColumns(shifted.subarray(3), ConnectionRecord.BYTES);
    expect(columns.u32(2, ConnectionRecord.pid)).toBe(102);
  });

  it('knows what a shorter layout lacks, and passes over what a longer one adds', () => {
    const longer = new Uint8Array(2 * 200);
    for (let i = 0; i < 2; i++) longer.set(packed.subarray(0, 192), i * 200);
    expect(new RecordColumns(longer, 200).u32(1, ConnectionRecord.pid)).toBe(100);
    const columns = new RecordColumns(packed, 184);
    expect(columns.has(ConnectionRecord.localPort, 2)).toBe(false);
    expect(columns.has(ConnectionRecord.retransmittedBytes, 4)).toBe(true);
    expect(() => new RecordColumns(packed, 190)).toThrow(RangeError);
  });
});
