// SPDX-License-Identifier: Apache-2.0
import {
  ConnectionRecord as Field,
  HttpRecord as Http,
  HttpLimit,
  HttpLongRecord,
  HttpSample,
  LegRecord as Leg,
  LegSample,
  RecordKind,
} from '@undermesh/bpf-abi';

export type ColumnType = 'BIGINT' | 'UBIGINT' | 'UINTEGER' | 'USMALLINT' | 'UTINYINT' | 'UINTEGER[48]';

/**
 * Where a column's values come from: an offset in the record, the frame, or a computation.
 * `sample`: an offset in each sample of a long http record. `swapped`: two 32-bit words stored as one 64-bit number with the first word on top.
 */
export type ColumnOrigin =
  | { readonly record: number }
  | { readonly sample: number }
  | { readonly swapped: number }
  | { readonly computed: 'time' | 'lifetime' | 'position' | 'localWorkload' | 'peerWorkload' }
  | { readonly frame: 'batch' | 'stream' | 'sequence' | 'clockOffset' };

export interface RecordColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Of a value; of one of its elements if it is an array. */
  readonly bytes: 1 | 2 | 4 | 8;
  /** Of a value. */
  readonly elements: number;
  readonly origin: ColumnOrigin;
}

const BYTES = {
  BIGINT: 8,
  UBIGINT: 8,
  UINTEGER: 4,
  USMALLINT: 2,
  UTINYINT: 1,
  'UINTEGER[48]': 4,
} as const;
const column = (name: string, type: ColumnType, origin: ColumnOrigin): RecordColumn => ({
  name,
  type,
  bytes: BYTES[type],
  elements: type === 'UINTEGER[48]' ? HttpLimit.LONG_SAMPLES : 1,
  origin,
});
const u8 = (name: string, record: number): RecordColumn => column(name, 'UTINYINT', { record });
const u16 = (name: string, record: number): RecordColumn => column(name, 'USMALLINT', { record });
const u32 = (name: string, record: number): RecordColumn => column(name, 'UINTEGER', { record });
const u64 = (name: string, record: number): RecordColumn => column(name, 'UBIGINT', { record });

/**
 * What every kind of record begins with. Addresses and the process name are two 64-bit halves of their bytes in memory
 * order: grouping on 128-bit values costs twenty times as much. (batch, position) is unique; `time_ns` is Unix time,
 * `time_ns - clock_offset_ns` the node's boottime, and `lifetime_ns` what had passed since opening.
 */
const CONNECTION_COLUMNS: readonly RecordColumn[] = [
  column('time_ns', 'BIGINT', { computed: 'time' }),
  column('lifetime_ns', 'UBIGINT', { computed: 'lifetime' }),
  column('batch', 'UBIGINT', { frame: 'batch' }),
  column('position', 'UINTEGER', { computed: 'position' }),
  column('stream', 'UINTEGER', { frame: 'stream' }),
  column('sequence', 'UBIGINT', { frame: 'sequence' }),
  column('clock_offset_ns', 'BIGINT', { frame: 'clockOffset' }),
  column('local_workload', 'UINTEGER', { computed: 'localWorkload' }),
  column('peer_workload', 'UINTEGER', { computed: 'peerWorkload' }),
  column('join_key', 'UBIGINT', { swapped: Field.clientIsn }),
  u8('event', Field.event),
  u8('reporter', Field.reporter),
  u8('family', Field.family),
  u8('reason', Field.reason),
  u8('engine', Field.engine),
  u16('flags', Field.flags),
  u64('socket_cookie', Field.socketCookie),
  u64('cgroup_id', Field.cgroupId),
  u64('netns_cookie', Field.netnsCookie),
  u64('sent_bytes', Field.sentBytes),
  u64('received_bytes', Field.receivedBytes),
  u64('local_address_0', Field.localAddress),
  u64('local_address_8', Field.localAddress + 8),
  u64('peer_address_0', Field.peerAddress),
  u64('peer_address_8', Field.peerAddress + 8),
  u64('original_address_0', Field.originalAddress),
  u64('original_address_8', Field.originalAddress + 8),
  u64('process_0', Field.process),
  u64('process_8', Field.process + 8),
  u32('connect_us', Field.connectUs),
  u32('pid', Field.pid),
  u32('workload_id', Field.workloadId),
  u32('service_id', Field.serviceId),
  u32('srtt_us', Field.srttUs),
  u32('min_rtt_us', Field.minRttUs),
  u32('segments_sent', Field.segmentsSent),
  u32('segments_received', Field.segmentsReceived),
  u32('retransmitted_segments', Field.retransmittedSegments),
  u32('lost_segments', Field.lostSegments),
  u32('delivered_segments', Field.deliveredSegments),
  u32('retransmitted_bytes', Field.retransmittedBytes),
  u16('local_port', Field.localPort),
  u16('peer_port', Field.peerPort),
  u16('original_port', Field.originalPort),
  u16('generation', Field.generation),
];

/** What http records of both sizes have before their samples. */
const REQUEST_COLUMNS: readonly RecordColumn[] = [
  ...CONNECTION_COLUMNS,
  u64('request_bytes', Http.requestBytes),
  u64('response_bytes', Http.responseBytes),
  u32('lost_requests', Http.lostRequests),
  u8('sample_count', Http.sampleCount),
];

/** Columns of sample `n` of an http record; `outcome` is status, then method, then flags, from the lowest bits on. */
const sampleColumns = (n: number): RecordColumn[] => {
  const at = Http.samples + n * HttpSample.BYTES;
  return [
    u32(`first_byte_us_${n}`, at + HttpSample.firstByteUs),
    u32(`last_byte_us_${n}`, at + HttpSample.lastByteUs),
    u32(`outcome_${n}`, at + HttpSample.status),
  ];
};
const routeColumn = (n: number): RecordColumn =>
  u32(`route_${n}`, Http.samples + n * HttpSample.BYTES + HttpSample.route);

/** Of all samples of an http record, behind everything else: they came last. */
export const ROUTE_COLUMNS: readonly RecordColumn[] = Array.from({ length: HttpLimit.SAMPLES }, (_, n) =>
  routeColumn(n),
);

/** A member of all samples of a long http record. */
const samples = (name: string, sample: number): RecordColumn => column(name, 'UINTEGER[48]', { sample });

/** Columns of sample `n` of a leg record. */
const legSampleColumns = (n: number): RecordColumn[] => {
  const at = Leg.samples + n * LegSample.BYTES;
  return [
    u32(`first_byte_us_${n}`, at + LegSample.firstByteUs),
    u32(`last_byte_us_${n}`, at + LegSample.lastByteUs),
    u32(`waypoint_us_${n}`, at + LegSample.waypointUs),
    u32(`outcome_${n}`, at + LegSample.status),
  ];
};

/** How records of one kind are kept. */
export interface RecordTable {
  readonly kind: number;
  /** Of the table that takes whole row groups; the rest of each transaction goes to `<name>_tail`. */
  readonly name: 'ends' | 'http' | 'http_long' | 'legs';
  /** Size of a record in the present ABI. */
  readonly recordBytes: number;
  readonly columns: readonly RecordColumn[];
  /** `name TYPE, ...` for CREATE TABLE. */
  readonly definition: string;
  /** `name, ...` in the order of {@link columns}. */
  readonly names: string;
}

const table = (of: Pick<RecordTable, 'kind' | 'name' | 'recordBytes' | 'columns'>): RecordTable => ({
  ...of,
  definition: of.columns.map(({ name, type }) => `${name} ${type}`).join(', '),
  names: of.columns.map(({ name }) => name).join(', '),
});

/** One row per connection end. */
export const ENDS = table({
  kind: RecordKind.CONNECTION,
  name: 'ends',
  recordBytes: Field.BYTES,
  columns: CONNECTION_COLUMNS,
});

/** One row per http record: the end it belongs to as of then, and up to eight samples side by side. */
export const HTTP = table({
  kind: RecordKind.HTTP,
  name: 'http',
  recordBytes: Http.BYTES,
  columns: [
    ...REQUEST_COLUMNS,
    ...Array.from({ length: HttpLimit.SAMPLES }, (_, n) => sampleColumns(n)).flat(),
    ...ROUTE_COLUMNS,
  ],
});

/** One row per long http record: its samples as arrays. */
export const HTTP_LONG = table({
  kind: RecordKind.HTTP,
  name: 'http_long',
  recordBytes: HttpLongRecord.BYTES,
  columns: [
    ...REQUEST_COLUMNS,
    samples('first_byte_us', HttpSample.firstByteUs),
    samples('last_byte_us', HttpSample.lastByteUs),
    samples('outcome', HttpSample.status),
    samples('route', HttpSample.route),
  ],
});

/** One row per leg record: the connection from the client, that to the server as its 64-bit words, and up to eight samples. */
export const LEGS = table({
  kind: RecordKind.LEG,
  name: 'legs',
  recordBytes: Leg.BYTES,
  columns: [
    ...CONNECTION_COLUMNS,
    ...Array.from({ length: Field.BYTES / 8 }, (_, n) => u64(`onward_${n}`, Leg.onward + n * 8)),
    u8('sample_count', Leg.sampleCount),
    ...Array.from({ length: HttpLimit.SAMPLES }, (_, n) => legSampleColumns(n)).flat(),
  ],
});

export const RECORD_TABLES: readonly RecordTable[] = [ENDS, HTTP, HTTP_LONG, LEGS];

/** The tables that requests are in. */
export const REQUEST_TABLES: readonly RecordTable[] = [HTTP, HTTP_LONG];

/** The table that records of a kind and size go to. */
export function tableOf(kind: number, recordBytes: number): RecordTable {
  if (kind === RecordKind.HTTP) return recordBytes === HTTP_LONG.recordBytes ? HTTP_LONG : HTTP;
  return kind === RecordKind.LEG ? LEGS : ENDS;
}
