// SPDX-License-Identifier: Apache-2.0
// Generated from bpf/include/abi.h by `npm run generate`. Do not edit.
import { readText, writeText } from './text.js';

/** Version of every layout in this file; in the header of each frame. */
export const ABI_VERSION = 2;

/** Programs of `observe.bpf.o`. */
export const OBSERVE_PROGRAMS = ['adopt_sockets', 'list_listeners', 'look', 'observe_sockops', 'observe_state'] as const;
/** Maps of `observe.bpf.o`. */
export const OBSERVE_MAPS = ['cgroup_names', 'connections', 'control', 'helper_errors', 'http_exchanges', 'records', 'socket_owner', 'totals'] as const;
/** Programs of `http.bpf.o`. */
export const HTTP_PROGRAMS = ['follow_egress', 'follow_ingress'] as const;
/** Maps of `http.bpf.o`: it is loaded on those of `observe.bpf.o`. */
export const HTTP_MAPS = ['cgroup_names', 'connections', 'control', 'helper_errors', 'http_exchanges', 'records', 'socket_owner', 'totals'] as const;

/** `enum record_kind`. */
export const RecordKind = {
  CONNECTION: 1,
  HTTP: 2,
} as const;

/** `enum record_event`. */
export const RecordEvent = {
  /** seen open by the once-a-second look; totals so far. */
  OPENED: 1,
  /** still open and active for 5 s since the last record; totals so far. */
  PROGRESS: 2,
  /** was established and is over; final totals. */
  CLOSED: 3,
  /** a connect that sent a SYN and was never established. */
  FAILED: 4,
} as const;

/** `enum reporter`. */
export const Reporter = {
  /** this end called connect(). */
  SOURCE: 1,
  /** this end accepted. */
  DESTINATION: 2,
} as const;

/** `enum address_family`. */
export const AddressFamily = {
  IPV4: 1,
  IPV6: 2,
  /** an IPv6 socket that speaks IPv4; addresses are written as IPv4. */
  V4_MAPPED: 3,
} as const;

/** `enum engine`. */
export const Engine = {
  OFF: 0,
  DUAL_ENGINE: 1,
  KERNEL_NATIVE: 2,
} as const;

/** `enum close_reason`. */
export const CloseReason = {
  /** still open. */
  NONE: 0,
  /** this end closed first. */
  LOCAL_FIN: 1,
  /** the peer closed first. */
  PEER_FIN: 2,
  /** this end gave up with data in flight or unread. */
  LOCAL_RESET: 3,
  PEER_RESET: 4,
  /** established, then no answer (ETIMEDOUT). */
  TIMED_OUT: 5,
  /** by an administrator (ECONNABORTED). */
  KILLED: 6,
  /** established, then the network said no. */
  UNREACHABLE: 7,
  /** the SYN was answered by a reset. */
  REFUSED: 16,
  /** the SYN was never answered. */
  CONNECT_TIMED_OUT: 17,
  /** the application gave up before an answer. */
  CONNECT_ABORTED: 18,
  /** ICMP said host or network unreachable. */
  CONNECT_UNREACHABLE: 19,
} as const;

/** `enum record_flag`. */
export const RecordFlag = {
  /** the handshake was completed. */
  ESTABLISHED: 1,
  /** an OPENED record was made for it earlier. */
  ANNOUNCED: 2,
  /** older than the agent: opened_ns is when it was first seen. */
  ADOPTED: 4,
  /** OPENED again for a new collector: totals are a baseline. */
  REANNOUNCED: 8,
  /** one direction has been shut. */
  HALF_CLOSED: 16,
  /** an older one: which side connected is a guess. */
  REPORTER_GUESSED: 32,
  /** what its first payload bytes were; none of the four: no payload yet. */
  HTTP1: 64,
  TLS: 128,
  HTTP2: 256,
  OTHER_PROTOCOL: 512,
} as const;

/** `enum http_limit`. */
export const HttpLimit = {
  /** in one record. */
  SAMPLES: 8,
  UNKNOWN_US: 2147483647,
} as const;

/** `enum http_method`. */
export const HttpMethod = {
  OTHER: 0,
  GET: 1,
  HEAD: 2,
  POST: 3,
  PUT: 4,
  DELETE: 5,
  CONNECT: 6,
  OPTIONS: 7,
  TRACE: 8,
  PATCH: 9,
} as const;

/** `enum http_sample_flag`. */
export const HttpSampleFlag = {
  /** the connection ended before a final response began; status is 0. */
  UNANSWERED: 1,
  /** sent before the answer to an earlier one was complete. */
  PIPELINED: 2,
  /** the connection ended inside the response. */
  CUT: 4,
  /** framing was lost before it: some requests may not have been seen. */
  RESYNCED: 8,
} as const;

/** `enum helper_site`. */
export const HelperSite = {
  STORAGE_CREATE: 1,
  OWNER_CREATE: 2,
  RING_RESERVE: 3,
  CGROUP_NAME: 4,
  STATE_FLAG: 5,
} as const;

/** Byte offsets in `struct connection_record`, and its size. */
export const ConnectionRecord = {
  BYTES: 192,
  /** enum record_kind. */
  kind: 0,
  /** enum record_event. */
  event: 1,
  /** enum reporter. */
  reporter: 2,
  /** enum address_family. */
  family: 3,
  /** enum close_reason. */
  reason: 4,
  /** enum engine, the one that steered it. */
  engine: 5,
  /** enum record_flag bits. */
  flags: 6,
  /** when the record was made; clock: boottime. */
  timeNs: 8,
  /** connect() on the source, established on the destination; clock: boottime. */
  openedNs: 16,
  socketCookie: 24,
  /** of the cgroup the socket was created in. */
  cgroupId: 32,
  netnsCookie: 40,
  sentBytes: 48,
  receivedBytes: 56,
  localAddress: 64,
  peerAddress: 80,
  /** what the application asked for; equals the peer unless it was steered. */
  originalAddress: 96,
  /** name of the process that connected or listened. */
  process: 112,
  /** SYN to established; 0 on the destination. */
  connectUs: 128,
  clientIsn: 132,
  serverIsn: 136,
  /** of the process that connected or listened; 0 unknown. */
  pid: 140,
  /** 0 in the kernel until a mesh map names it; the agent fills it in. */
  workloadId: 144,
  /** 0 unless a service was steered. */
  serviceId: 148,
  /** smoothed round trip, already shifted. */
  srttUs: 152,
  /** 0 when never measured. */
  minRttUs: 156,
  segmentsSent: 160,
  segmentsReceived: 164,
  retransmittedSegments: 168,
  lostSegments: 172,
  deliveredSegments: 176,
  /** stops at its maximum. */
  retransmittedBytes: 180,
  localPort: 184,
  peerPort: 186,
  originalPort: 188,
  /** of the engine that steered it. */
  generation: 190,
} as const;

/** `struct connection_record`, decoded. */
export interface ConnectionRecordValue {
  /** enum record_kind. */
  kind: number;
  /** enum record_event. */
  event: number;
  /** enum reporter. */
  reporter: number;
  /** enum address_family. */
  family: number;
  /** enum close_reason. */
  reason: number;
  /** enum engine, the one that steered it. */
  engine: number;
  /** enum record_flag bits. */
  flags: number;
  /** when the record was made; clock: boottime. */
  timeNs: bigint;
  /** connect() on the source, established on the destination; clock: boottime. */
  openedNs: bigint;
  socketCookie: bigint;
  /** of the cgroup the socket was created in. */
  cgroupId: bigint;
  netnsCookie: bigint;
  sentBytes: bigint;
  receivedBytes: bigint;
  localAddress: Uint8Array;
  peerAddress: Uint8Array;
  /** what the application asked for; equals the peer unless it was steered. */
  originalAddress: Uint8Array;
  /** name of the process that connected or listened. */
  process: string;
  /** SYN to established; 0 on the destination. */
  connectUs: number;
  clientIsn: number;
  serverIsn: number;
  /** of the process that connected or listened; 0 unknown. */
  pid: number;
  /** 0 in the kernel until a mesh map names it; the agent fills it in. */
  workloadId: number;
  /** 0 unless a service was steered. */
  serviceId: number;
  /** smoothed round trip, already shifted. */
  srttUs: number;
  /** 0 when never measured. */
  minRttUs: number;
  segmentsSent: number;
  segmentsReceived: number;
  retransmittedSegments: number;
  lostSegments: number;
  deliveredSegments: number;
  /** stops at its maximum. */
  retransmittedBytes: number;
  localPort: number;
  peerPort: number;
  originalPort: number;
  /** of the engine that steered it. */
  generation: number;
}

/** Decodes one `struct connection_record`. Throws RangeError when fewer than 192 bytes follow `offset`. */
export function decodeConnectionRecord(bytes: Uint8Array, offset = 0): ConnectionRecordValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    kind: view.getUint8(offset + 0),
    event: view.getUint8(offset + 1),
    reporter: view.getUint8(offset + 2),
    family: view.getUint8(offset + 3),
    reason: view.getUint8(offset + 4),
    engine: view.getUint8(offset + 5),
    flags: view.getUint16(offset + 6, true),
    timeNs: view.getBigUint64(offset + 8, true),
    openedNs: view.getBigUint64(offset + 16, true),
    socketCookie: view.getBigUint64(offset + 24, true),
    cgroupId: view.getBigUint64(offset + 32, true),
    netnsCookie: view.getBigUint64(offset + 40, true),
    sentBytes: view.getBigUint64(offset + 48, true),
    receivedBytes: view.getBigUint64(offset + 56, true),
    localAddress: bytes.slice(offset + 64, offset + 80),
    peerAddress: bytes.slice(offset + 80, offset + 96),
    originalAddress: bytes.slice(offset + 96, offset + 112),
    process: readText(bytes, offset + 112, 16),
    connectUs: view.getUint32(offset + 128, true),
    clientIsn: view.getUint32(offset + 132, true),
    serverIsn: view.getUint32(offset + 136, true),
    pid: view.getUint32(offset + 140, true),
    workloadId: view.getUint32(offset + 144, true),
    serviceId: view.getUint32(offset + 148, true),
    srttUs: view.getUint32(offset + 152, true),
    minRttUs: view.getUint32(offset + 156, true),
    segmentsSent: view.getUint32(offset + 160, true),
    segmentsReceived: view.getUint32(offset + 164, true),
    retransmittedSegments: view.getUint32(offset + 168, true),
    lostSegments: view.getUint32(offset + 172, true),
    deliveredSegments: view.getUint32(offset + 176, true),
    retransmittedBytes: view.getUint32(offset + 180, true),
    localPort: view.getUint16(offset + 184, true),
    peerPort: view.getUint16(offset + 186, true),
    originalPort: view.getUint16(offset + 188, true),
    generation: view.getUint16(offset + 190, true),
  };
}

/** Encodes one `struct connection_record` into 192 new bytes. */
export function encodeConnectionRecord(value: ConnectionRecordValue): Uint8Array {
  const bytes = new Uint8Array(192);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, value.kind);
  view.setUint8(1, value.event);
  view.setUint8(2, value.reporter);
  view.setUint8(3, value.family);
  view.setUint8(4, value.reason);
  view.setUint8(5, value.engine);
  view.setUint16(6, value.flags, true);
  view.setBigUint64(8, value.timeNs, true);
  view.setBigUint64(16, value.openedNs, true);
  view.setBigUint64(24, value.socketCookie, true);
  view.setBigUint64(32, value.cgroupId, true);
  view.setBigUint64(40, value.netnsCookie, true);
  view.setBigUint64(48, value.sentBytes, true);
  view.setBigUint64(56, value.receivedBytes, true);
  bytes.set(value.localAddress.subarray(0, 16), 64);
  bytes.set(value.peerAddress.subarray(0, 16), 80);
  bytes.set(value.originalAddress.subarray(0, 16), 96);
  writeText(bytes, 112, 16, value.process);
  view.setUint32(128, value.connectUs, true);
  view.setUint32(132, value.clientIsn, true);
  view.setUint32(136, value.serverIsn, true);
  view.setUint32(140, value.pid, true);
  view.setUint32(144, value.workloadId, true);
  view.setUint32(148, value.serviceId, true);
  view.setUint32(152, value.srttUs, true);
  view.setUint32(156, value.minRttUs, true);
  view.setUint32(160, value.segmentsSent, true);
  view.setUint32(164, value.segmentsReceived, true);
  view.setUint32(168, value.retransmittedSegments, true);
  view.setUint32(172, value.lostSegments, true);
  view.setUint32(176, value.deliveredSegments, true);
  view.setUint32(180, value.retransmittedBytes, true);
  view.setUint16(184, value.localPort, true);
  view.setUint16(186, value.peerPort, true);
  view.setUint16(188, value.originalPort, true);
  view.setUint16(190, value.generation, true);
  return bytes;
}

/** Byte offsets in `struct http_sample`, and its size. */
export const HttpSample = {
  BYTES: 12,
  /** to the first byte of the final response; or HTTP_LIMIT_UNKNOWN_US. */
  firstByteUs: 0,
  /** to the last byte of that response; or HTTP_LIMIT_UNKNOWN_US. */
  lastByteUs: 4,
  /** of the final response, 200 to 599, and 101; 0 unanswered. */
  status: 8,
  /** enum http_method. */
  method: 10,
  /** enum http_sample_flag bits. */
  flags: 11,
} as const;

/** `struct http_sample`, decoded. */
export interface HttpSampleValue {
  /** to the first byte of the final response; or HTTP_LIMIT_UNKNOWN_US. */
  firstByteUs: number;
  /** to the last byte of that response; or HTTP_LIMIT_UNKNOWN_US. */
  lastByteUs: number;
  /** of the final response, 200 to 599, and 101; 0 unanswered. */
  status: number;
  /** enum http_method. */
  method: number;
  /** enum http_sample_flag bits. */
  flags: number;
}

/** Decodes one `struct http_sample`. Throws RangeError when fewer than 12 bytes follow `offset`. */
export function decodeHttpSample(bytes: Uint8Array, offset = 0): HttpSampleValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    firstByteUs: view.getUint32(offset + 0, true),
    lastByteUs: view.getUint32(offset + 4, true),
    status: view.getUint16(offset + 8, true),
    method: view.getUint8(offset + 10),
    flags: view.getUint8(offset + 11),
  };
}

/** Encodes one `struct http_sample` into 12 new bytes. */
export function encodeHttpSample(value: HttpSampleValue): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.firstByteUs, true);
  view.setUint32(4, value.lastByteUs, true);
  view.setUint16(8, value.status, true);
  view.setUint8(10, value.method);
  view.setUint8(11, value.flags);
  return bytes;
}

/** Byte offsets in `struct http_record`, and its size. */
export const HttpRecord = {
  BYTES: 312,
  /** struct connection_record: RECORD_KIND_HTTP, RECORD_EVENT_PROGRESS. */
  connection: 0,
  /** heads and bodies as on the wire, of the requests in samples. */
  requestBytes: 192,
  /** of their responses, interim ones included. */
  responseBytes: 200,
  /** before these, while the ring was full: in no sample, lost for good. */
  lostRequests: 208,
  /** 0 when the record only tells of lost_requests. */
  sampleCount: 212,
  reserved: 213,
  /** HTTP_LIMIT_SAMPLES times struct http_sample. */
  samples: 216,
} as const;

/** `struct http_record`, decoded. */
export interface HttpRecordValue {
  /** struct connection_record: RECORD_KIND_HTTP, RECORD_EVENT_PROGRESS. */
  connection: Uint8Array;
  /** heads and bodies as on the wire, of the requests in samples. */
  requestBytes: bigint;
  /** of their responses, interim ones included. */
  responseBytes: bigint;
  /** before these, while the ring was full: in no sample, lost for good. */
  lostRequests: number;
  /** 0 when the record only tells of lost_requests. */
  sampleCount: number;
  reserved: Uint8Array;
  /** HTTP_LIMIT_SAMPLES times struct http_sample. */
  samples: Uint8Array;
}

/** Decodes one `struct http_record`. Throws RangeError when fewer than 312 bytes follow `offset`. */
export function decodeHttpRecord(bytes: Uint8Array, offset = 0): HttpRecordValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    connection: bytes.slice(offset + 0, offset + 192),
    requestBytes: view.getBigUint64(offset + 192, true),
    responseBytes: view.getBigUint64(offset + 200, true),
    lostRequests: view.getUint32(offset + 208, true),
    sampleCount: view.getUint8(offset + 212),
    reserved: bytes.slice(offset + 213, offset + 216),
    samples: bytes.slice(offset + 216, offset + 312),
  };
}

/** Encodes one `struct http_record` into 312 new bytes. */
export function encodeHttpRecord(value: HttpRecordValue): Uint8Array {
  const bytes = new Uint8Array(312);
  const view = new DataView(bytes.buffer);
  bytes.set(value.connection.subarray(0, 192), 0);
  view.setBigUint64(192, value.requestBytes, true);
  view.setBigUint64(200, value.responseBytes, true);
  view.setUint32(208, value.lostRequests, true);
  view.setUint8(212, value.sampleCount);
  bytes.set(value.reserved.subarray(0, 3), 213);
  bytes.set(value.samples.subarray(0, 96), 216);
  return bytes;
}

/** Byte offsets in `struct kernel_totals`, and its size. */
export const KernelTotals = {
  BYTES: 112,
  /** written to the ring. */
  endsEmitted: 0,
  /** made, and not written because the ring was full. */
  endsLostRingFull: 8,
  openedEmitted: 16,
  progressEmitted: 24,
  /** OPENED or PROGRESS put off to the next look because the ring was full; nothing is lost. */
  deferred: 32,
  /** no room for a socket's storage: its record has no process. */
  storageFailed: 40,
  /** connect() that reached a SYN. */
  connects: 48,
  establishedSource: 56,
  establishedDestination: 64,
  /** belongs to an agent nearer to the workload. */
  skippedOtherAgent: 72,
  /** samples written to the ring. */
  httpRequests: 80,
  /** requests that found the ring full. */
  httpRequestsLost: 88,
  httpRecordsEmitted: 96,
  /** times that a connection's HTTP could no longer be followed. */
  httpFramingLost: 104,
} as const;

/** `struct kernel_totals`, decoded. */
export interface KernelTotalsValue {
  /** written to the ring. */
  endsEmitted: bigint;
  /** made, and not written because the ring was full. */
  endsLostRingFull: bigint;
  openedEmitted: bigint;
  progressEmitted: bigint;
  /** OPENED or PROGRESS put off to the next look because the ring was full; nothing is lost. */
  deferred: bigint;
  /** no room for a socket's storage: its record has no process. */
  storageFailed: bigint;
  /** connect() that reached a SYN. */
  connects: bigint;
  establishedSource: bigint;
  establishedDestination: bigint;
  /** belongs to an agent nearer to the workload. */
  skippedOtherAgent: bigint;
  /** samples written to the ring. */
  httpRequests: bigint;
  /** requests that found the ring full. */
  httpRequestsLost: bigint;
  httpRecordsEmitted: bigint;
  /** times that a connection's HTTP could no longer be followed. */
  httpFramingLost: bigint;
}

/** Decodes one `struct kernel_totals`. Throws RangeError when fewer than 112 bytes follow `offset`. */
export function decodeKernelTotals(bytes: Uint8Array, offset = 0): KernelTotalsValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    endsEmitted: view.getBigUint64(offset + 0, true),
    endsLostRingFull: view.getBigUint64(offset + 8, true),
    openedEmitted: view.getBigUint64(offset + 16, true),
    progressEmitted: view.getBigUint64(offset + 24, true),
    deferred: view.getBigUint64(offset + 32, true),
    storageFailed: view.getBigUint64(offset + 40, true),
    connects: view.getBigUint64(offset + 48, true),
    establishedSource: view.getBigUint64(offset + 56, true),
    establishedDestination: view.getBigUint64(offset + 64, true),
    skippedOtherAgent: view.getBigUint64(offset + 72, true),
    httpRequests: view.getBigUint64(offset + 80, true),
    httpRequestsLost: view.getBigUint64(offset + 88, true),
    httpRecordsEmitted: view.getBigUint64(offset + 96, true),
    httpFramingLost: view.getBigUint64(offset + 104, true),
  };
}

/** Encodes one `struct kernel_totals` into 112 new bytes. */
export function encodeKernelTotals(value: KernelTotalsValue): Uint8Array {
  const bytes = new Uint8Array(112);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value.endsEmitted, true);
  view.setBigUint64(8, value.endsLostRingFull, true);
  view.setBigUint64(16, value.openedEmitted, true);
  view.setBigUint64(24, value.progressEmitted, true);
  view.setBigUint64(32, value.deferred, true);
  view.setBigUint64(40, value.storageFailed, true);
  view.setBigUint64(48, value.connects, true);
  view.setBigUint64(56, value.establishedSource, true);
  view.setBigUint64(64, value.establishedDestination, true);
  view.setBigUint64(72, value.skippedOtherAgent, true);
  view.setBigUint64(80, value.httpRequests, true);
  view.setBigUint64(88, value.httpRequestsLost, true);
  view.setBigUint64(96, value.httpRecordsEmitted, true);
  view.setBigUint64(104, value.httpFramingLost, true);
  return bytes;
}

/** Byte offsets in `struct helper_error`, and its size. */
export const HelperError = {
  BYTES: 8,
  /** enum helper_site. */
  site: 0,
  /** negative errno. */
  error: 4,
} as const;

/** `struct helper_error`, decoded. */
export interface HelperErrorValue {
  /** enum helper_site. */
  site: number;
  /** negative errno. */
  error: number;
}

/** Decodes one `struct helper_error`. Throws RangeError when fewer than 8 bytes follow `offset`. */
export function decodeHelperError(bytes: Uint8Array, offset = 0): HelperErrorValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    site: view.getUint32(offset + 0, true),
    error: view.getInt32(offset + 4, true),
  };
}

/** Encodes one `struct helper_error` into 8 new bytes. */
export function encodeHelperError(value: HelperErrorValue): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.site, true);
  view.setInt32(4, value.error, true);
  return bytes;
}

/** Byte offsets in `struct cgroup_name`, and its size. */
export const CgroupName = {
  BYTES: 128,
  parent: 0,
  name: 64,
} as const;

/** `struct cgroup_name`, decoded. */
export interface CgroupNameValue {
  parent: string;
  name: string;
}

/** Decodes one `struct cgroup_name`. Throws RangeError when fewer than 128 bytes follow `offset`. */
export function decodeCgroupName(bytes: Uint8Array, offset = 0): CgroupNameValue {
  return {
    parent: readText(bytes, offset + 0, 64),
    name: readText(bytes, offset + 64, 64),
  };
}

/** Encodes one `struct cgroup_name` into 128 new bytes. */
export function encodeCgroupName(value: CgroupNameValue): Uint8Array {
  const bytes = new Uint8Array(128);
  writeText(bytes, 0, 64, value.parent);
  writeText(bytes, 64, 64, value.name);
  return bytes;
}

/** Byte offsets in `struct observe_config`, and its size. */
export const ObserveConfig = {
  BYTES: 24,
  /** the cgroup the agent is attached to; 0: the whole host. */
  cgroupId: 0,
  /** its depth: 0 is the root. */
  cgroupLevel: 8,
  /** this agent's number among the agents of this kernel; never 0. */
  owner: 12,
  /** 1: an agent nearer than another one marks its sockets. */
  marksOwnership: 16,
  progressIntervalMs: 20,
} as const;

/** `struct observe_config`, decoded. */
export interface ObserveConfigValue {
  /** the cgroup the agent is attached to; 0: the whole host. */
  cgroupId: bigint;
  /** its depth: 0 is the root. */
  cgroupLevel: number;
  /** this agent's number among the agents of this kernel; never 0. */
  owner: number;
  /** 1: an agent nearer than another one marks its sockets. */
  marksOwnership: number;
  progressIntervalMs: number;
}

/** Decodes one `struct observe_config`. Throws RangeError when fewer than 24 bytes follow `offset`. */
export function decodeObserveConfig(bytes: Uint8Array, offset = 0): ObserveConfigValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    cgroupId: view.getBigUint64(offset + 0, true),
    cgroupLevel: view.getUint32(offset + 8, true),
    owner: view.getUint32(offset + 12, true),
    marksOwnership: view.getUint32(offset + 16, true),
    progressIntervalMs: view.getUint32(offset + 20, true),
  };
}

/** Encodes one `struct observe_config` into 24 new bytes. */
export function encodeObserveConfig(value: ObserveConfigValue): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value.cgroupId, true);
  view.setUint32(8, value.cgroupLevel, true);
  view.setUint32(12, value.owner, true);
  view.setUint32(16, value.marksOwnership, true);
  view.setUint32(20, value.progressIntervalMs, true);
  return bytes;
}

/** Byte offsets in `struct observe_control`, and its size. */
export const ObserveControl = {
  BYTES: 8,
  /** raised to have everything open announced again. */
  announceGeneration: 0,
  /** 1: samples of requests wait for no others; set when nothing is attached any more. */
  hurry: 4,
} as const;

/** `struct observe_control`, decoded. */
export interface ObserveControlValue {
  /** raised to have everything open announced again. */
  announceGeneration: number;
  /** 1: samples of requests wait for no others; set when nothing is attached any more. */
  hurry: number;
}

/** Decodes one `struct observe_control`. Throws RangeError when fewer than 8 bytes follow `offset`. */
export function decodeObserveControl(bytes: Uint8Array, offset = 0): ObserveControlValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    announceGeneration: view.getUint32(offset + 0, true),
    hurry: view.getUint32(offset + 4, true),
  };
}

/** Encodes one `struct observe_control` into 8 new bytes. */
export function encodeObserveControl(value: ObserveControlValue): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.announceGeneration, true);
  view.setUint32(4, value.hurry, true);
  return bytes;
}

/** Byte offsets in `struct listener_entry`, and its size. */
export const ListenerEntry = {
  BYTES: 64,
  socketCookie: 0,
  cgroupId: 8,
  netnsCookie: 16,
  /** all zero: every address of the namespace. */
  address: 24,
  process: 40,
  pid: 56,
  port: 60,
  /** enum address_family; IPv6 for one that takes both. */
  family: 62,
  reserved: 63,
} as const;

/** `struct listener_entry`, decoded. */
export interface ListenerEntryValue {
  socketCookie: bigint;
  cgroupId: bigint;
  netnsCookie: bigint;
  /** all zero: every address of the namespace. */
  address: Uint8Array;
  process: string;
  pid: number;
  port: number;
  /** enum address_family; IPv6 for one that takes both. */
  family: number;
  reserved: number;
}

/** Decodes one `struct listener_entry`. Throws RangeError when fewer than 64 bytes follow `offset`. */
export function decodeListenerEntry(bytes: Uint8Array, offset = 0): ListenerEntryValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    socketCookie: view.getBigUint64(offset + 0, true),
    cgroupId: view.getBigUint64(offset + 8, true),
    netnsCookie: view.getBigUint64(offset + 16, true),
    address: bytes.slice(offset + 24, offset + 40),
    process: readText(bytes, offset + 40, 16),
    pid: view.getUint32(offset + 56, true),
    port: view.getUint16(offset + 60, true),
    family: view.getUint8(offset + 62),
    reserved: view.getUint8(offset + 63),
  };
}

/** Encodes one `struct listener_entry` into 64 new bytes. */
export function encodeListenerEntry(value: ListenerEntryValue): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value.socketCookie, true);
  view.setBigUint64(8, value.cgroupId, true);
  view.setBigUint64(16, value.netnsCookie, true);
  bytes.set(value.address.subarray(0, 16), 24);
  writeText(bytes, 40, 16, value.process);
  view.setUint32(56, value.pid, true);
  view.setUint16(60, value.port, true);
  view.setUint8(62, value.family);
  view.setUint8(63, value.reserved);
  return bytes;
}
