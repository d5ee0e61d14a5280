// SPDX-License-Identifier: Apache-2.0
// Generated from bpf/include/abi.h by `npm run generate`. Do not edit.
import { readText, writeText } from './text.js';

/** Version of every layout in this file; in the header of each frame. */
export const ABI_VERSION = 3;

/** Programs of `observe.bpf.o`. */
export const OBSERVE_PROGRAMS = ['adopt_sockets', 'list_listeners', 'look', 'observe_sockops', 'observe_state'] as const;
/** Maps of `observe.bpf.o`. */
export const OBSERVE_MAPS = ['cgroup_names', 'choices', 'connections', 'control', 'helper_errors', 'http_exchanges', 'records', 'socket_owner', 'steerings', 'totals'] as const;
/** Programs of `http.bpf.o`. */
export const HTTP_PROGRAMS = ['follow_egress', 'follow_ingress'] as const;
/** Maps of `http.bpf.o`: it is loaded on those of `observe.bpf.o`. */
export const HTTP_MAPS = ['cgroup_names', 'choices', 'connections', 'control', 'helper_errors', 'http_exchanges', 'records', 'socket_owner', 'steerings', 'totals'] as const;
/** Programs of `dual_engine.bpf.o`. */
export const DUAL_ENGINE_PROGRAMS = ['dual_connect4', 'dual_connect6', 'dual_sendmsg4', 'dual_sendmsg6', 'follow_close', 'follow_sockops', 'show_peername4', 'show_peername6', 'show_sender4', 'show_sender6', 'steer_connect4', 'steer_connect6', 'steer_sendmsg4', 'steer_sendmsg6'] as const;
/** Maps of `dual_engine.bpf.o`. */
export const DUAL_ENGINE_MAPS = ['choices', 'connect4_programs', 'connect6_programs', 'datagram_endpoints', 'datagrams', 'endpoint_health', 'endpoints', 'engine_state', 'generation_use', 'mesh_errors', 'mesh_totals', 'observed_records', 'observed_totals', 'round_robin', 'sendmsg4_programs', 'sendmsg6_programs', 'service_use', 'services', 'slots', 'socket_owner', 'steerings', 'vips'] as const;
/** Programs of `waypoint.bpf.o`. */
export const WAYPOINT_PROGRAMS = ['keep_syns', 'show_sockname4', 'show_sockname6', 'take_option', 'tell_original'] as const;
/** Maps of `waypoint.bpf.o`; those that the dual engine has too are shared with it. */
export const WAYPOINT_MAPS = ['mesh_errors', 'mesh_nodes', 'mesh_totals', 'services', 'steerings', 'vips', 'waypoint_cgroups'] as const;
/** Programs of `preface.bpf.o`. */
export const PREFACE_PROGRAMS = ['arm_preface', 'push_preface'] as const;
/** Maps of `preface.bpf.o`; those that the dual engine has too are shared with it. */
export const PREFACE_MAPS = ['mesh_errors', 'mesh_totals', 'preface_sockets', 'service_names', 'steerings'] as const;
/** Programs of `kernel_native.bpf.o`, which needs the kernel module. */
export const NATIVE_PROGRAMS = ['native_connect4', 'native_connect6', 'native_route'] as const;
/** Maps of `kernel_native.bpf.o`, without its struct_ops; those that the dual engine has too are shared with it. */
export const NATIVE_MAPS = ['choices', 'connect4_programs', 'connect6_programs', 'datagram_endpoints', 'datagrams', 'endpoint_health', 'endpoints', 'engine_state', 'generation_use', 'mesh_errors', 'mesh_totals', 'observed_records', 'observed_totals', 'pools', 'request_text', 'round_robin', 'route_backends', 'route_conditions', 'route_groups', 'route_hits', 'route_limits', 'route_matches', 'route_rules', 'route_tables', 'route_texts', 'sendmsg4_programs', 'sendmsg6_programs', 'service_use', 'services', 'slots', 'socket_owner', 'steerings', 'vips'] as const;

/** `enum record_kind`. */
export const RecordKind = {
  CONNECTION: 1,
  HTTP: 2,
  LEG: 3,
} as const;

/** `enum record_event`. */
export const RecordEvent = {
  /** seen open by the once-a-second look; totals so far. */
  OPENED: 1,
  /** still open and active for 5 s since the last record; totals so far. */
  PROGRESS: 2,
  /** was established and is over; final totals. */
  CLOSED: 3,
  /** a connect that was never established; if we refused it, without a SYN. */
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
  /** refused by the mesh: the service has no endpoint to give. */
  NO_ENDPOINT: 20,
  /** refused by the mesh: none where its locality allows. */
  NO_ENDPOINT_NEAR: 21,
  /** refused by the mesh: its waypoint cannot be reached from here. */
  NO_WAYPOINT: 22,
  /** refused by the mesh: what it takes to steer was missing. */
  NOT_STEERED: 23,
  TOO_MANY: 24,
  NO_ROUTE: 25,
  ROUTE_REJECTS: 26,
  RATE_LIMITED: 27,
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
  /** in one long record. */
  LONG_SAMPLES: 48,
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
  /** framing was lost before or in it: requests may be unseen. */
  RESYNCED: 8,
} as const;

/** `enum helper_site`. */
export const HelperSite = {
  STORAGE_CREATE: 1,
  OWNER_CREATE: 2,
  RING_RESERVE: 3,
  CGROUP_NAME: 4,
  STATE_FLAG: 5,
  STEERING_CREATE: 6,
  DATAGRAM: 7,
  ROUND_ROBIN: 8,
  GENERATION_USE: 9,
  /** -28: no room in the SYN. */
  WRITE_OPTION: 10,
  SAVE_SYN: 11,
  PREFACE: 12,
  /** undermesh_defer(). */
  DEFER: 13,
  CHOICE: 14,
  ROUTE_HIT: 15,
  RATE_LIMIT: 16,
  SERVICE_USE: 17,
  READ_HEAD: 18,
} as const;

/** `enum mesh_limit`. */
export const MeshLimit = {
  /** locality groups of a service, nearest first. */
  GROUPS: 8,
  /** refused connects in a row that set an endpoint aside. */
  REFUSALS: 3,
  SET_ASIDE_MS: 10000,
  /** so many times at most. */
  SET_ASIDE_DOUBLED: 4,
  /** for one connect to try an endpoint again, alone. */
  TRIAL_MS: 5000,
} as const;

/** `enum balancing`. */
export const Balancing = {
  WEIGHTED_RANDOM: 1,
  /** weights are taken as equal. */
  ROUND_ROBIN: 2,
  LEAST_CONNECTIONS: 3,
} as const;

/** `enum waypoint_transport`. */
export const WaypointTransport = {
  NONE: 0,
  SYN_OPTION: 1,
  PROXY_V2: 2,
  KMESH_TLV: 3,
} as const;

/** `enum service_flag`. */
export const ServiceFlag = {
  /** sockets of one node may be joined. */
  SHORTCUT: 1,
  /** no slots: its endpoints are where its locality lets no connect go. */
  ELSEWHERE: 2,
  /** no slots: it has a waypoint that cannot be reached from here. */
  NO_WAYPOINT: 4,
} as const;

/** `enum endpoint_flag`. */
export const EndpointFlag = {
  /** on this node. */
  LOCAL: 1,
  /** gets no new connection; kept for those it has. */
  DRAINING: 2,
  /** a waypoint, in no service's slots. */
  WAYPOINT: 4,
} as const;

/** `enum steering_flag`. */
export const SteeringFlag = {
  WAYPOINT: 1,
  /** in open_connections and generation_use. */
  COUNTED: 2,
  /** joined with a socket of this node. */
  SHORTCUT: 4,
  /** a waypoint's: what the client had asked for. */
  ACCEPTED: 8,
  /** its segments carry the option. */
  OPTION: 16,
  /** a preface is to go before its first byte. */
  PREFACE: 32,
  /** deferred: its requests choose its endpoint, one after the other. */
  ROUTED: 64,
  /** counted in service_use. */
  BOUNDED: 128,
} as const;

/** `enum route_limit`. */
export const RouteLimit = {
  /** bytes of a path or of a host name. */
  TEXT: 256,
  /** of a header's or parameter's name. */
  NAME: 64,
  /** and of its value. */
  VALUE: 128,
  /** of one match. */
  CONDITIONS: 32,
  /** matches that one path may lead through. */
  TRIES: 128,
  /** host names that one host may fall under, each within the one before. */
  HOSTS: 16,
  /** a longer path has no elements that count. */
  PATH_READ: 4096,
} as const;

/** `enum route_text_kind`. */
export const RouteTextKind = {
  HOST: 1,
  /** with the dot that it begins with. */
  HOST_SUFFIX: 2,
  PATH: 3,
  /** without a slash at its end, of at least one element. */
  PATH_PREFIX: 4,
} as const;

/** `enum route_condition_kind`. */
export const RouteConditionKind = {
  HEADER: 1,
  HEADER_PREFIX: 2,
  QUERY: 3,
  QUERY_PREFIX: 4,
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
  BYTES: 16,
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
  /** number of the route that this end sent the request along; 0: none. */
  route: 12,
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
  /** number of the route that this end sent the request along; 0: none. */
  route: number;
}

/** Decodes one `struct http_sample`. Throws RangeError when fewer than 16 bytes follow `offset`. */
export function decodeHttpSample(bytes: Uint8Array, offset = 0): HttpSampleValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    firstByteUs: view.getUint32(offset + 0, true),
    lastByteUs: view.getUint32(offset + 4, true),
    status: view.getUint16(offset + 8, true),
    method: view.getUint8(offset + 10),
    flags: view.getUint8(offset + 11),
    route: view.getUint32(offset + 12, true),
  };
}

/** Encodes one `struct http_sample` into 16 new bytes. */
export function encodeHttpSample(value: HttpSampleValue): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.firstByteUs, true);
  view.setUint32(4, value.lastByteUs, true);
  view.setUint16(8, value.status, true);
  view.setUint8(10, value.method);
  view.setUint8(11, value.flags);
  view.setUint32(12, value.route, true);
  return bytes;
}

/** Byte offsets in `struct http_record`, and its size. */
export const HttpRecord = {
  BYTES: 344,
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

/** Decodes one `struct http_record`. Throws RangeError when fewer than 344 bytes follow `offset`. */
export function decodeHttpRecord(bytes: Uint8Array, offset = 0): HttpRecordValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    connection: bytes.slice(offset + 0, offset + 192),
    requestBytes: view.getBigUint64(offset + 192, true),
    responseBytes: view.getBigUint64(offset + 200, true),
    lostRequests: view.getUint32(offset + 208, true),
    sampleCount: view.getUint8(offset + 212),
    reserved: bytes.slice(offset + 213, offset + 216),
    samples: bytes.slice(offset + 216, offset + 344),
  };
}

/** Encodes one `struct http_record` into 344 new bytes. */
export function encodeHttpRecord(value: HttpRecordValue): Uint8Array {
  const bytes = new Uint8Array(344);
  const view = new DataView(bytes.buffer);
  bytes.set(value.connection.subarray(0, 192), 0);
  view.setBigUint64(192, value.requestBytes, true);
  view.setBigUint64(200, value.responseBytes, true);
  view.setUint32(208, value.lostRequests, true);
  view.setUint8(212, value.sampleCount);
  bytes.set(value.reserved.subarray(0, 3), 213);
  bytes.set(value.samples.subarray(0, 128), 216);
  return bytes;
}

/** Byte offsets in `struct http_long_record`, and its size. */
export const HttpLongRecord = {
  BYTES: 984,
  connection: 0,
  requestBytes: 192,
  responseBytes: 200,
  lostRequests: 208,
  sampleCount: 212,
  reserved: 213,
  /** HTTP_LIMIT_LONG_SAMPLES times struct http_sample. */
  samples: 216,
} as const;

/** `struct http_long_record`, decoded. */
export interface HttpLongRecordValue {
  connection: Uint8Array;
  requestBytes: bigint;
  responseBytes: bigint;
  lostRequests: number;
  sampleCount: number;
  reserved: Uint8Array;
  /** HTTP_LIMIT_LONG_SAMPLES times struct http_sample. */
  samples: Uint8Array;
}

/** Decodes one `struct http_long_record`. Throws RangeError when fewer than 984 bytes follow `offset`. */
export function decodeHttpLongRecord(bytes: Uint8Array, offset = 0): HttpLongRecordValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    connection: bytes.slice(offset + 0, offset + 192),
    requestBytes: view.getBigUint64(offset + 192, true),
    responseBytes: view.getBigUint64(offset + 200, true),
    lostRequests: view.getUint32(offset + 208, true),
    sampleCount: view.getUint8(offset + 212),
    reserved: bytes.slice(offset + 213, offset + 216),
    samples: bytes.slice(offset + 216, offset + 984),
  };
}

/** Encodes one `struct http_long_record` into 984 new bytes. */
export function encodeHttpLongRecord(value: HttpLongRecordValue): Uint8Array {
  const bytes = new Uint8Array(984);
  const view = new DataView(bytes.buffer);
  bytes.set(value.connection.subarray(0, 192), 0);
  view.setBigUint64(192, value.requestBytes, true);
  view.setBigUint64(200, value.responseBytes, true);
  view.setUint32(208, value.lostRequests, true);
  view.setUint8(212, value.sampleCount);
  bytes.set(value.reserved.subarray(0, 3), 213);
  bytes.set(value.samples.subarray(0, 768), 216);
  return bytes;
}

/** Byte offsets in `struct leg_sample`, and its size. */
export const LegSample = {
  BYTES: 16,
  /** or HTTP_LIMIT_UNKNOWN_US. */
  firstByteUs: 0,
  /** or HTTP_LIMIT_UNKNOWN_US. */
  lastByteUs: 4,
  waypointUs: 8,
  /** 200 to 599, and 101; 0 unanswered. */
  status: 12,
  /** enum http_method. */
  method: 14,
  /** enum http_sample_flag bits. */
  flags: 15,
} as const;

/** `struct leg_sample`, decoded. */
export interface LegSampleValue {
  /** or HTTP_LIMIT_UNKNOWN_US. */
  firstByteUs: number;
  /** or HTTP_LIMIT_UNKNOWN_US. */
  lastByteUs: number;
  waypointUs: number;
  /** 200 to 599, and 101; 0 unanswered. */
  status: number;
  /** enum http_method. */
  method: number;
  /** enum http_sample_flag bits. */
  flags: number;
}

/** Decodes one `struct leg_sample`. Throws RangeError when fewer than 16 bytes follow `offset`. */
export function decodeLegSample(bytes: Uint8Array, offset = 0): LegSampleValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    firstByteUs: view.getUint32(offset + 0, true),
    lastByteUs: view.getUint32(offset + 4, true),
    waypointUs: view.getUint32(offset + 8, true),
    status: view.getUint16(offset + 12, true),
    method: view.getUint8(offset + 14),
    flags: view.getUint8(offset + 15),
  };
}

/** Encodes one `struct leg_sample` into 16 new bytes. */
export function encodeLegSample(value: LegSampleValue): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.firstByteUs, true);
  view.setUint32(4, value.lastByteUs, true);
  view.setUint32(8, value.waypointUs, true);
  view.setUint16(12, value.status, true);
  view.setUint8(14, value.method);
  view.setUint8(15, value.flags);
  return bytes;
}

/** Byte offsets in `struct leg_record`, and its size. */
export const LegRecord = {
  BYTES: 520,
  connection: 0,
  /** to the server, likewise; all zero: the waypoint answered by itself. */
  onward: 192,
  /** 1 to HTTP_LIMIT_SAMPLES. */
  sampleCount: 384,
  reserved: 385,
  /** HTTP_LIMIT_SAMPLES times struct leg_sample. */
  samples: 392,
} as const;

/** `struct leg_record`, decoded. */
export interface LegRecordValue {
  connection: Uint8Array;
  /** to the server, likewise; all zero: the waypoint answered by itself. */
  onward: Uint8Array;
  /** 1 to HTTP_LIMIT_SAMPLES. */
  sampleCount: number;
  reserved: Uint8Array;
  /** HTTP_LIMIT_SAMPLES times struct leg_sample. */
  samples: Uint8Array;
}

/** Decodes one `struct leg_record`. Throws RangeError when fewer than 520 bytes follow `offset`. */
export function decodeLegRecord(bytes: Uint8Array, offset = 0): LegRecordValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    connection: bytes.slice(offset + 0, offset + 192),
    onward: bytes.slice(offset + 192, offset + 384),
    sampleCount: view.getUint8(offset + 384),
    reserved: bytes.slice(offset + 385, offset + 392),
    samples: bytes.slice(offset + 392, offset + 520),
  };
}

/** Encodes one `struct leg_record` into 520 new bytes. */
export function encodeLegRecord(value: LegRecordValue): Uint8Array {
  const bytes = new Uint8Array(520);
  const view = new DataView(bytes.buffer);
  bytes.set(value.connection.subarray(0, 192), 0);
  bytes.set(value.onward.subarray(0, 192), 192);
  view.setUint8(384, value.sampleCount);
  bytes.set(value.reserved.subarray(0, 7), 385);
  bytes.set(value.samples.subarray(0, 128), 392);
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

/** Byte offsets in `struct engine_config`, and its size. */
export const EngineConfig = {
  BYTES: 8,
  /** this agent's number among the agents of this kernel; never 0. */
  owner: 0,
  /** 1: an agent nearer than another one marks its sockets. */
  marksOwnership: 4,
} as const;

/** `struct engine_config`, decoded. */
export interface EngineConfigValue {
  /** this agent's number among the agents of this kernel; never 0. */
  owner: number;
  /** 1: an agent nearer than another one marks its sockets. */
  marksOwnership: number;
}

/** Decodes one `struct engine_config`. Throws RangeError when fewer than 8 bytes follow `offset`. */
export function decodeEngineConfig(bytes: Uint8Array, offset = 0): EngineConfigValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    owner: view.getUint32(offset + 0, true),
    marksOwnership: view.getUint32(offset + 4, true),
  };
}

/** Encodes one `struct engine_config` into 8 new bytes. */
export function encodeEngineConfig(value: EngineConfigValue): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.owner, true);
  view.setUint32(4, value.marksOwnership, true);
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

/** Byte offsets in `struct service_key`, and its size. */
export const ServiceKey = {
  BYTES: 20,
  address: 0,
  port: 16,
  /** enum address_family, IPv4 or IPv6. */
  family: 18,
  /** IPPROTO_TCP or IPPROTO_UDP. */
  protocol: 19,
} as const;

/** `struct service_key`, decoded. */
export interface ServiceKeyValue {
  address: Uint8Array;
  port: number;
  /** enum address_family, IPv4 or IPv6. */
  family: number;
  /** IPPROTO_TCP or IPPROTO_UDP. */
  protocol: number;
}

/** Decodes one `struct service_key`. Throws RangeError when fewer than 20 bytes follow `offset`. */
export function decodeServiceKey(bytes: Uint8Array, offset = 0): ServiceKeyValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    address: bytes.slice(offset + 0, offset + 16),
    port: view.getUint16(offset + 16, true),
    family: view.getUint8(offset + 18),
    protocol: view.getUint8(offset + 19),
  };
}

/** Encodes one `struct service_key` into 20 new bytes. */
export function encodeServiceKey(value: ServiceKeyValue): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  bytes.set(value.address.subarray(0, 16), 0);
  view.setUint16(16, value.port, true);
  view.setUint8(18, value.family);
  view.setUint8(19, value.protocol);
  return bytes;
}

/** Byte offsets in `struct service`, and its size. */
export const Service = {
  BYTES: 68,
  /** of the service as a whole, in records too. */
  serviceId: 0,
  /** whose slots these are: the same for each of its addresses of a family. */
  slotsId: 4,
  /** what names this address and port in a SYN option. */
  vipId: 8,
  /** endpoint that connects go to instead; 0: none. */
  waypointId: 12,
  /** enum balancing. */
  balancing: 16,
  /** MESH_LIMIT_GROUPS at most. */
  groupCount: 17,
  /** enum waypoint_transport. */
  waypointTransport: 18,
  /** enum service_flag bits. */
  flags: 19,
  /** MESH_LIMIT_GROUPS times __u32: slots of each group. */
  groupSlots: 20,
  /** of the route_table that its requests are asked for by; 0: none. */
  routesId: 52,
  /** how long a deferred connect waits for a request; 0: as long as its client. */
  graceMs: 56,
  /** open ones from this node; 0: any number. */
  maxConnections: 60,
  reserved: 64,
} as const;

/** `struct service`, decoded. */
export interface ServiceValue {
  /** of the service as a whole, in records too. */
  serviceId: number;
  /** whose slots these are: the same for each of its addresses of a family. */
  slotsId: number;
  /** what names this address and port in a SYN option. */
  vipId: number;
  /** endpoint that connects go to instead; 0: none. */
  waypointId: number;
  /** enum balancing. */
  balancing: number;
  /** MESH_LIMIT_GROUPS at most. */
  groupCount: number;
  /** enum waypoint_transport. */
  waypointTransport: number;
  /** enum service_flag bits. */
  flags: number;
  /** MESH_LIMIT_GROUPS times __u32: slots of each group. */
  groupSlots: Uint8Array;
  /** of the route_table that its requests are asked for by; 0: none. */
  routesId: number;
  /** how long a deferred connect waits for a request; 0: as long as its client. */
  graceMs: number;
  /** open ones from this node; 0: any number. */
  maxConnections: number;
  reserved: number;
}

/** Decodes one `struct service`. Throws RangeError when fewer than 68 bytes follow `offset`. */
export function decodeService(bytes: Uint8Array, offset = 0): ServiceValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    serviceId: view.getUint32(offset + 0, true),
    slotsId: view.getUint32(offset + 4, true),
    vipId: view.getUint32(offset + 8, true),
    waypointId: view.getUint32(offset + 12, true),
    balancing: view.getUint8(offset + 16),
    groupCount: view.getUint8(offset + 17),
    waypointTransport: view.getUint8(offset + 18),
    flags: view.getUint8(offset + 19),
    groupSlots: bytes.slice(offset + 20, offset + 52),
    routesId: view.getUint32(offset + 52, true),
    graceMs: view.getUint32(offset + 56, true),
    maxConnections: view.getUint32(offset + 60, true),
    reserved: view.getUint32(offset + 64, true),
  };
}

/** Encodes one `struct service` into 68 new bytes. */
export function encodeService(value: ServiceValue): Uint8Array {
  const bytes = new Uint8Array(68);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.serviceId, true);
  view.setUint32(4, value.slotsId, true);
  view.setUint32(8, value.vipId, true);
  view.setUint32(12, value.waypointId, true);
  view.setUint8(16, value.balancing);
  view.setUint8(17, value.groupCount);
  view.setUint8(18, value.waypointTransport);
  view.setUint8(19, value.flags);
  bytes.set(value.groupSlots.subarray(0, 32), 20);
  view.setUint32(52, value.routesId, true);
  view.setUint32(56, value.graceMs, true);
  view.setUint32(60, value.maxConnections, true);
  view.setUint32(64, value.reserved, true);
  return bytes;
}

/** Byte offsets in `struct slot_key`, and its size. */
export const SlotKey = {
  BYTES: 12,
  slotsId: 0,
  group: 4,
  /** from 0. */
  slot: 8,
} as const;

/** `struct slot_key`, decoded. */
export interface SlotKeyValue {
  slotsId: number;
  group: number;
  /** from 0. */
  slot: number;
}

/** Decodes one `struct slot_key`. Throws RangeError when fewer than 12 bytes follow `offset`. */
export function decodeSlotKey(bytes: Uint8Array, offset = 0): SlotKeyValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    slotsId: view.getUint32(offset + 0, true),
    group: view.getUint32(offset + 4, true),
    slot: view.getUint32(offset + 8, true),
  };
}

/** Encodes one `struct slot_key` into 12 new bytes. */
export function encodeSlotKey(value: SlotKeyValue): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.slotsId, true);
  view.setUint32(4, value.group, true);
  view.setUint32(8, value.slot, true);
  return bytes;
}

/** Byte offsets in `struct slot`, and its size. */
export const Slot = {
  BYTES: 12,
  threshold: 0,
  endpointId: 4,
  otherEndpointId: 8,
} as const;

/** `struct slot`, decoded. */
export interface SlotValue {
  threshold: number;
  endpointId: number;
  otherEndpointId: number;
}

/** Decodes one `struct slot`. Throws RangeError when fewer than 12 bytes follow `offset`. */
export function decodeSlot(bytes: Uint8Array, offset = 0): SlotValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    threshold: view.getUint32(offset + 0, true),
    endpointId: view.getUint32(offset + 4, true),
    otherEndpointId: view.getUint32(offset + 8, true),
  };
}

/** Encodes one `struct slot` into 12 new bytes. */
export function encodeSlot(value: SlotValue): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.threshold, true);
  view.setUint32(4, value.endpointId, true);
  view.setUint32(8, value.otherEndpointId, true);
  return bytes;
}

/** Byte offsets in `struct endpoint`, and its size. */
export const Endpoint = {
  BYTES: 28,
  address: 0,
  port: 16,
  /** enum address_family, IPv4 or IPv6. */
  family: 18,
  /** enum endpoint_flag bits. */
  flags: 19,
  /** 0 for a waypoint. */
  slotsId: 20,
  weight: 24,
} as const;

/** `struct endpoint`, decoded. */
export interface EndpointValue {
  address: Uint8Array;
  port: number;
  /** enum address_family, IPv4 or IPv6. */
  family: number;
  /** enum endpoint_flag bits. */
  flags: number;
  /** 0 for a waypoint. */
  slotsId: number;
  weight: number;
}

/** Decodes one `struct endpoint`. Throws RangeError when fewer than 28 bytes follow `offset`. */
export function decodeEndpoint(bytes: Uint8Array, offset = 0): EndpointValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    address: bytes.slice(offset + 0, offset + 16),
    port: view.getUint16(offset + 16, true),
    family: view.getUint8(offset + 18),
    flags: view.getUint8(offset + 19),
    slotsId: view.getUint32(offset + 20, true),
    weight: view.getUint32(offset + 24, true),
  };
}

/** Encodes one `struct endpoint` into 28 new bytes. */
export function encodeEndpoint(value: EndpointValue): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  bytes.set(value.address.subarray(0, 16), 0);
  view.setUint16(16, value.port, true);
  view.setUint8(18, value.family);
  view.setUint8(19, value.flags);
  view.setUint32(20, value.slotsId, true);
  view.setUint32(24, value.weight, true);
  return bytes;
}

/** Byte offsets in `struct endpoint_health`, and its size. */
export const EndpointHealth = {
  BYTES: 24,
  /** 0: not set aside; clock: boottime. */
  setAsideUntilNs: 0,
  /** connects refused in a row. */
  refusals: 8,
  /** in a row; 0 again after a connect that succeeded. */
  timesSetAside: 12,
  /** steered by this node and not over. */
  openConnections: 16,
  /** 1: its time is over, and one connect tries it. */
  trying: 20,
} as const;

/** `struct endpoint_health`, decoded. */
export interface EndpointHealthValue {
  /** 0: not set aside; clock: boottime. */
  setAsideUntilNs: bigint;
  /** connects refused in a row. */
  refusals: number;
  /** in a row; 0 again after a connect that succeeded. */
  timesSetAside: number;
  /** steered by this node and not over. */
  openConnections: number;
  /** 1: its time is over, and one connect tries it. */
  trying: number;
}

/** Decodes one `struct endpoint_health`. Throws RangeError when fewer than 24 bytes follow `offset`. */
export function decodeEndpointHealth(bytes: Uint8Array, offset = 0): EndpointHealthValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    setAsideUntilNs: view.getBigUint64(offset + 0, true),
    refusals: view.getUint32(offset + 8, true),
    timesSetAside: view.getUint32(offset + 12, true),
    openConnections: view.getUint32(offset + 16, true),
    trying: view.getUint32(offset + 20, true),
  };
}

/** Encodes one `struct endpoint_health` into 24 new bytes. */
export function encodeEndpointHealth(value: EndpointHealthValue): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value.setAsideUntilNs, true);
  view.setUint32(8, value.refusals, true);
  view.setUint32(12, value.timesSetAside, true);
  view.setUint32(16, value.openConnections, true);
  view.setUint32(20, value.trying, true);
  return bytes;
}

/** Byte offsets in `struct engine_state`, and its size. */
export const EngineState = {
  BYTES: 8,
  /** enum engine. */
  engine: 0,
  generation: 4,
} as const;

/** `struct engine_state`, decoded. */
export interface EngineStateValue {
  /** enum engine. */
  engine: number;
  generation: number;
}

/** Decodes one `struct engine_state`. Throws RangeError when fewer than 8 bytes follow `offset`. */
export function decodeEngineState(bytes: Uint8Array, offset = 0): EngineStateValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    engine: view.getUint32(offset + 0, true),
    generation: view.getUint32(offset + 4, true),
  };
}

/** Encodes one `struct engine_state` into 8 new bytes. */
export function encodeEngineState(value: EngineStateValue): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.engine, true);
  view.setUint32(4, value.generation, true);
  return bytes;
}

/** Byte offsets in `struct steering`, and its size. */
export const Steering = {
  BYTES: 64,
  /** what the application asked for. */
  originalAddress: 0,
  originalPort: 16,
  /** enum address_family. */
  family: 18,
  /** enum engine. */
  engine: 19,
  serviceId: 20,
  /** of the endpoint or of the waypoint. */
  endpointId: 24,
  vipId: 28,
  generation: 32,
  /** enum steering_flag bits. */
  flags: 36,
  /** enum waypoint_transport. */
  transport: 38,
  /** known once a preface needs it. */
  socketCookie: 40,
  /** sent before the application's, and no payload. */
  prefaceBytes: 48,
  spare: 52,
} as const;

/** `struct steering`, decoded. */
export interface SteeringValue {
  /** what the application asked for. */
  originalAddress: Uint8Array;
  originalPort: number;
  /** enum address_family. */
  family: number;
  /** enum engine. */
  engine: number;
  serviceId: number;
  /** of the endpoint or of the waypoint. */
  endpointId: number;
  vipId: number;
  generation: number;
  /** enum steering_flag bits. */
  flags: number;
  /** enum waypoint_transport. */
  transport: number;
  /** known once a preface needs it. */
  socketCookie: bigint;
  /** sent before the application's, and no payload. */
  prefaceBytes: number;
  spare: Uint8Array;
}

/** Decodes one `struct steering`. Throws RangeError when fewer than 64 bytes follow `offset`. */
export function decodeSteering(bytes: Uint8Array, offset = 0): SteeringValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    originalAddress: bytes.slice(offset + 0, offset + 16),
    originalPort: view.getUint16(offset + 16, true),
    family: view.getUint8(offset + 18),
    engine: view.getUint8(offset + 19),
    serviceId: view.getUint32(offset + 20, true),
    endpointId: view.getUint32(offset + 24, true),
    vipId: view.getUint32(offset + 28, true),
    generation: view.getUint32(offset + 32, true),
    flags: view.getUint16(offset + 36, true),
    transport: view.getUint16(offset + 38, true),
    socketCookie: view.getBigUint64(offset + 40, true),
    prefaceBytes: view.getUint32(offset + 48, true),
    spare: bytes.slice(offset + 52, offset + 64),
  };
}

/** Encodes one `struct steering` into 64 new bytes. */
export function encodeSteering(value: SteeringValue): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  bytes.set(value.originalAddress.subarray(0, 16), 0);
  view.setUint16(16, value.originalPort, true);
  view.setUint8(18, value.family);
  view.setUint8(19, value.engine);
  view.setUint32(20, value.serviceId, true);
  view.setUint32(24, value.endpointId, true);
  view.setUint32(28, value.vipId, true);
  view.setUint32(32, value.generation, true);
  view.setUint16(36, value.flags, true);
  view.setUint16(38, value.transport, true);
  view.setBigUint64(40, value.socketCookie, true);
  view.setUint32(48, value.prefaceBytes, true);
  bytes.set(value.spare.subarray(0, 12), 52);
  return bytes;
}

/** Byte offsets in `struct service_name`, and its size. */
export const ServiceName = {
  BYTES: 64,
  /** of name, which ends without a zero. */
  length: 0,
  name: 1,
} as const;

/** `struct service_name`, decoded. */
export interface ServiceNameValue {
  /** of name, which ends without a zero. */
  length: number;
  name: string;
}

/** Decodes one `struct service_name`. Throws RangeError when fewer than 64 bytes follow `offset`. */
export function decodeServiceName(bytes: Uint8Array, offset = 0): ServiceNameValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    length: view.getUint8(offset + 0),
    name: readText(bytes, offset + 1, 63),
  };
}

/** Encodes one `struct service_name` into 64 new bytes. */
export function encodeServiceName(value: ServiceNameValue): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, value.length);
  writeText(bytes, 1, 63, value.name);
  return bytes;
}

/** Byte offsets in `struct mesh_node`, and its size. */
export const MeshNode = {
  BYTES: 20,
  /** of address; 96 more than IPv4 counts. */
  prefixBits: 0,
  address: 4,
} as const;

/** `struct mesh_node`, decoded. */
export interface MeshNodeValue {
  /** of address; 96 more than IPv4 counts. */
  prefixBits: number;
  address: Uint8Array;
}

/** Decodes one `struct mesh_node`. Throws RangeError when fewer than 20 bytes follow `offset`. */
export function decodeMeshNode(bytes: Uint8Array, offset = 0): MeshNodeValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    prefixBits: view.getUint32(offset + 0, true),
    address: bytes.slice(offset + 4, offset + 20),
  };
}

/** Encodes one `struct mesh_node` into 20 new bytes. */
export function encodeMeshNode(value: MeshNodeValue): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.prefixBits, true);
  bytes.set(value.address.subarray(0, 16), 4);
  return bytes;
}

/** Byte offsets in `struct mesh_totals`, and its size. */
export const MeshTotals = {
  BYTES: 184,
  /** connects to a virtual address that got an endpoint. */
  steered: 0,
  steeredToWaypoint: 8,
  /** connects to a virtual address that has none. */
  refusedNoEndpoint: 16,
  /** connects to other addresses. */
  passed: 24,
  /** connects while the engine was off. */
  passedOff: 32,
  /** times that an endpoint was. */
  setAside: 40,
  /** connects that got one nevertheless, as no other was left. */
  allSetAside: 48,
  /** refused because a map entry or storage was missing. */
  failed: 56,
  /** datagrams and connected UDP sockets. */
  datagramsSteered: 64,
  /** connections a waypoint's node took without the option that they should have had. */
  optionLost: 72,
  /** with an identifier that nobody knows. */
  optionUnknown: 80,
  /** with an option from an address that is no node of ours. */
  optionUntrusted: 88,
  optionTaken: 96,
  shortcutConnections: 104,
  shortcutBytes: 112,
  /** connects whose first request chooses the endpoint. */
  deferred: 120,
  /** that the module would not defer: they went to the default endpoint. */
  deferRefused: 128,
  /** requests that got the endpoint of a route. */
  routed: 136,
  /** that no route took, or that none was asked for: to the service's own endpoints. */
  routeDefault: 144,
  /** refused: the service has routes, and none took it. */
  routeMissed: 152,
  /** refused: a route took it that has no backend or no endpoint to give. */
  routeRejected: 160,
  /** refused: more than its route lets pass in the time. */
  routeLimited: 168,
  /** connects and first requests refused: the service has its maximum of connections. */
  refusedTooMany: 176,
} as const;

/** `struct mesh_totals`, decoded. */
export interface MeshTotalsValue {
  /** connects to a virtual address that got an endpoint. */
  steered: bigint;
  steeredToWaypoint: bigint;
  /** connects to a virtual address that has none. */
  refusedNoEndpoint: bigint;
  /** connects to other addresses. */
  passed: bigint;
  /** connects while the engine was off. */
  passedOff: bigint;
  /** times that an endpoint was. */
  setAside: bigint;
  /** connects that got one nevertheless, as no other was left. */
  allSetAside: bigint;
  /** refused because a map entry or storage was missing. */
  failed: bigint;
  /** datagrams and connected UDP sockets. */
  datagramsSteered: bigint;
  /** connections a waypoint's node took without the option that they should have had. */
  optionLost: bigint;
  /** with an identifier that nobody knows. */
  optionUnknown: bigint;
  /** with an option from an address that is no node of ours. */
  optionUntrusted: bigint;
  optionTaken: bigint;
  shortcutConnections: bigint;
  shortcutBytes: bigint;
  /** connects whose first request chooses the endpoint. */
  deferred: bigint;
  /** that the module would not defer: they went to the default endpoint. */
  deferRefused: bigint;
  /** requests that got the endpoint of a route. */
  routed: bigint;
  /** that no route took, or that none was asked for: to the service's own endpoints. */
  routeDefault: bigint;
  /** refused: the service has routes, and none took it. */
  routeMissed: bigint;
  /** refused: a route took it that has no backend or no endpoint to give. */
  routeRejected: bigint;
  /** refused: more than its route lets pass in the time. */
  routeLimited: bigint;
  /** connects and first requests refused: the service has its maximum of connections. */
  refusedTooMany: bigint;
}

/** Decodes one `struct mesh_totals`. Throws RangeError when fewer than 184 bytes follow `offset`. */
export function decodeMeshTotals(bytes: Uint8Array, offset = 0): MeshTotalsValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    steered: view.getBigUint64(offset + 0, true),
    steeredToWaypoint: view.getBigUint64(offset + 8, true),
    refusedNoEndpoint: view.getBigUint64(offset + 16, true),
    passed: view.getBigUint64(offset + 24, true),
    passedOff: view.getBigUint64(offset + 32, true),
    setAside: view.getBigUint64(offset + 40, true),
    allSetAside: view.getBigUint64(offset + 48, true),
    failed: view.getBigUint64(offset + 56, true),
    datagramsSteered: view.getBigUint64(offset + 64, true),
    optionLost: view.getBigUint64(offset + 72, true),
    optionUnknown: view.getBigUint64(offset + 80, true),
    optionUntrusted: view.getBigUint64(offset + 88, true),
    optionTaken: view.getBigUint64(offset + 96, true),
    shortcutConnections: view.getBigUint64(offset + 104, true),
    shortcutBytes: view.getBigUint64(offset + 112, true),
    deferred: view.getBigUint64(offset + 120, true),
    deferRefused: view.getBigUint64(offset + 128, true),
    routed: view.getBigUint64(offset + 136, true),
    routeDefault: view.getBigUint64(offset + 144, true),
    routeMissed: view.getBigUint64(offset + 152, true),
    routeRejected: view.getBigUint64(offset + 160, true),
    routeLimited: view.getBigUint64(offset + 168, true),
    refusedTooMany: view.getBigUint64(offset + 176, true),
  };
}

/** Encodes one `struct mesh_totals` into 184 new bytes. */
export function encodeMeshTotals(value: MeshTotalsValue): Uint8Array {
  const bytes = new Uint8Array(184);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value.steered, true);
  view.setBigUint64(8, value.steeredToWaypoint, true);
  view.setBigUint64(16, value.refusedNoEndpoint, true);
  view.setBigUint64(24, value.passed, true);
  view.setBigUint64(32, value.passedOff, true);
  view.setBigUint64(40, value.setAside, true);
  view.setBigUint64(48, value.allSetAside, true);
  view.setBigUint64(56, value.failed, true);
  view.setBigUint64(64, value.datagramsSteered, true);
  view.setBigUint64(72, value.optionLost, true);
  view.setBigUint64(80, value.optionUnknown, true);
  view.setBigUint64(88, value.optionUntrusted, true);
  view.setBigUint64(96, value.optionTaken, true);
  view.setBigUint64(104, value.shortcutConnections, true);
  view.setBigUint64(112, value.shortcutBytes, true);
  view.setBigUint64(120, value.deferred, true);
  view.setBigUint64(128, value.deferRefused, true);
  view.setBigUint64(136, value.routed, true);
  view.setBigUint64(144, value.routeDefault, true);
  view.setBigUint64(152, value.routeMissed, true);
  view.setBigUint64(160, value.routeRejected, true);
  view.setBigUint64(168, value.routeLimited, true);
  view.setBigUint64(176, value.refusedTooMany, true);
  return bytes;
}

/** Byte offsets in `struct route_table`, and its size. */
export const RouteTable = {
  BYTES: 88,
  edition: 0,
  /** for every host; 0: none. */
  group: 8,
  /** the table to ask where this one has no answer: a waypoint's; 0: none. */
  nextId: 12,
  /** 1: what neither it nor the next one takes is refused, as a service's own routes have it. */
  refuses: 16,
  reserved: 20,
  hostLengths: 24,
  suffixLengths: 56,
} as const;

/** `struct route_table`, decoded. */
export interface RouteTableValue {
  edition: bigint;
  /** for every host; 0: none. */
  group: number;
  /** the table to ask where this one has no answer: a waypoint's; 0: none. */
  nextId: number;
  /** 1: what neither it nor the next one takes is refused, as a service's own routes have it. */
  refuses: number;
  reserved: number;
  hostLengths: Uint8Array;
  suffixLengths: Uint8Array;
}

/** Decodes one `struct route_table`. Throws RangeError when fewer than 88 bytes follow `offset`. */
export function decodeRouteTable(bytes: Uint8Array, offset = 0): RouteTableValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    edition: view.getBigUint64(offset + 0, true),
    group: view.getUint32(offset + 8, true),
    nextId: view.getUint32(offset + 12, true),
    refuses: view.getUint32(offset + 16, true),
    reserved: view.getUint32(offset + 20, true),
    hostLengths: bytes.slice(offset + 24, offset + 56),
    suffixLengths: bytes.slice(offset + 56, offset + 88),
  };
}

/** Encodes one `struct route_table` into 88 new bytes. */
export function encodeRouteTable(value: RouteTableValue): Uint8Array {
  const bytes = new Uint8Array(88);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value.edition, true);
  view.setUint32(8, value.group, true);
  view.setUint32(12, value.nextId, true);
  view.setUint32(16, value.refuses, true);
  view.setUint32(20, value.reserved, true);
  bytes.set(value.hostLengths.subarray(0, 32), 24);
  bytes.set(value.suffixLengths.subarray(0, 32), 56);
  return bytes;
}

/** Byte offsets in `struct route_text_key`, and its size. */
export const RouteTextKey = {
  BYTES: 24,
  edition: 0,
  /** of the text (of a host: from its end), in two ways: bpf/include/route_hash.h. */
  hash: 8,
  otherHash: 12,
  /** of a path; 0 for hosts. */
  group: 16,
  /** enum route_text_kind. */
  kind: 20,
} as const;

/** `struct route_text_key`, decoded. */
export interface RouteTextKeyValue {
  edition: bigint;
  /** of the text (of a host: from its end), in two ways: bpf/include/route_hash.h. */
  hash: number;
  otherHash: number;
  /** of a path; 0 for hosts. */
  group: number;
  /** enum route_text_kind. */
  kind: number;
}

/** Decodes one `struct route_text_key`. Throws RangeError when fewer than 24 bytes follow `offset`. */
export function decodeRouteTextKey(bytes: Uint8Array, offset = 0): RouteTextKeyValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    edition: view.getBigUint64(offset + 0, true),
    hash: view.getUint32(offset + 8, true),
    otherHash: view.getUint32(offset + 12, true),
    group: view.getUint32(offset + 16, true),
    kind: view.getUint32(offset + 20, true),
  };
}

/** Encodes one `struct route_text_key` into 24 new bytes. */
export function encodeRouteTextKey(value: RouteTextKeyValue): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value.edition, true);
  view.setUint32(8, value.hash, true);
  view.setUint32(12, value.otherHash, true);
  view.setUint32(16, value.group, true);
  view.setUint32(20, value.kind, true);
  return bytes;
}

/** Byte offsets in `struct route_text`, and its size. */
export const RouteText = {
  BYTES: 264,
  /** a host: group; a path: match. */
  leadsTo: 0,
  length: 4,
  /** ROUTE_LIMIT_TEXT, zero behind its end. */
  text: 8,
} as const;

/** `struct route_text`, decoded. */
export interface RouteTextValue {
  /** a host: group; a path: match. */
  leadsTo: number;
  length: number;
  /** ROUTE_LIMIT_TEXT, zero behind its end. */
  text: Uint8Array;
}

/** Decodes one `struct route_text`. Throws RangeError when fewer than 264 bytes follow `offset`. */
export function decodeRouteText(bytes: Uint8Array, offset = 0): RouteTextValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    leadsTo: view.getUint32(offset + 0, true),
    length: view.getUint32(offset + 4, true),
    text: bytes.slice(offset + 8, offset + 264),
  };
}

/** Encodes one `struct route_text` into 264 new bytes. */
export function encodeRouteText(value: RouteTextValue): Uint8Array {
  const bytes = new Uint8Array(264);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.leadsTo, true);
  view.setUint32(4, value.length, true);
  bytes.set(value.text.subarray(0, 256), 8);
  return bytes;
}

/** Byte offsets in `struct route_key`, and its size. */
export const RouteKey = {
  BYTES: 16,
  edition: 0,
  /** of the group, match or rule, from 1. */
  number: 8,
  /** of the condition or the backend, from 0. */
  part: 12,
} as const;

/** `struct route_key`, decoded. */
export interface RouteKeyValue {
  edition: bigint;
  /** of the group, match or rule, from 1. */
  number: number;
  /** of the condition or the backend, from 0. */
  part: number;
}

/** Decodes one `struct route_key`. Throws RangeError when fewer than 16 bytes follow `offset`. */
export function decodeRouteKey(bytes: Uint8Array, offset = 0): RouteKeyValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    edition: view.getBigUint64(offset + 0, true),
    number: view.getUint32(offset + 8, true),
    part: view.getUint32(offset + 12, true),
  };
}

/** Encodes one `struct route_key` into 16 new bytes. */
export function encodeRouteKey(value: RouteKeyValue): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value.edition, true);
  view.setUint32(8, value.number, true);
  view.setUint32(12, value.part, true);
  return bytes;
}

/** Byte offsets in `struct route_group`, and its size. */
export const RouteGroup = {
  BYTES: 72,
  /** of those that take every path; 0: none. */
  firstMatch: 0,
  /** of the next name that the host falls under; 0: none. */
  nextGroup: 4,
  pathLengths: 8,
  prefixLengths: 40,
} as const;

/** `struct route_group`, decoded. */
export interface RouteGroupValue {
  /** of those that take every path; 0: none. */
  firstMatch: number;
  /** of the next name that the host falls under; 0: none. */
  nextGroup: number;
  pathLengths: Uint8Array;
  prefixLengths: Uint8Array;
}

/** Decodes one `struct route_group`. Throws RangeError when fewer than 72 bytes follow `offset`. */
export function decodeRouteGroup(bytes: Uint8Array, offset = 0): RouteGroupValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    firstMatch: view.getUint32(offset + 0, true),
    nextGroup: view.getUint32(offset + 4, true),
    pathLengths: bytes.slice(offset + 8, offset + 40),
    prefixLengths: bytes.slice(offset + 40, offset + 72),
  };
}

/** Encodes one `struct route_group` into 72 new bytes. */
export function encodeRouteGroup(value: RouteGroupValue): Uint8Array {
  const bytes = new Uint8Array(72);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.firstMatch, true);
  view.setUint32(4, value.nextGroup, true);
  bytes.set(value.pathLengths.subarray(0, 32), 8);
  bytes.set(value.prefixLengths.subarray(0, 32), 40);
  return bytes;
}

/** Byte offsets in `struct route_match`, and its size. */
export const RouteMatch = {
  BYTES: 24,
  /** its bytes, the first one lowest; 0: any. */
  method: 0,
  /** the next that the same path leads to, by precedence; 0: none in this group. */
  next: 8,
  /** the match's number on every node; in hits, choices and samples. */
  route: 12,
  rule: 16,
  conditionCount: 20,
} as const;

/** `struct route_match`, decoded. */
export interface RouteMatchValue {
  /** its bytes, the first one lowest; 0: any. */
  method: bigint;
  /** the next that the same path leads to, by precedence; 0: none in this group. */
  next: number;
  /** the match's number on every node; in hits, choices and samples. */
  route: number;
  rule: number;
  conditionCount: number;
}

/** Decodes one `struct route_match`. Throws RangeError when fewer than 24 bytes follow `offset`. */
export function decodeRouteMatch(bytes: Uint8Array, offset = 0): RouteMatchValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    method: view.getBigUint64(offset + 0, true),
    next: view.getUint32(offset + 8, true),
    route: view.getUint32(offset + 12, true),
    rule: view.getUint32(offset + 16, true),
    conditionCount: view.getUint32(offset + 20, true),
  };
}

/** Encodes one `struct route_match` into 24 new bytes. */
export function encodeRouteMatch(value: RouteMatchValue): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value.method, true);
  view.setUint32(8, value.next, true);
  view.setUint32(12, value.route, true);
  view.setUint32(16, value.rule, true);
  view.setUint32(20, value.conditionCount, true);
  return bytes;
}

/** Byte offsets in `struct route_condition`, and its size. */
export const RouteCondition = {
  BYTES: 196,
  /** enum route_condition_kind. */
  kind: 0,
  nameLength: 1,
  valueLength: 2,
  reserved: 3,
  /** of a header: in lower case. */
  name: 4,
  value: 68,
} as const;

/** `struct route_condition`, decoded. */
export interface RouteConditionValue {
  /** enum route_condition_kind. */
  kind: number;
  nameLength: number;
  valueLength: number;
  reserved: number;
  /** of a header: in lower case. */
  name: Uint8Array;
  value: Uint8Array;
}

/** Decodes one `struct route_condition`. Throws RangeError when fewer than 196 bytes follow `offset`. */
export function decodeRouteCondition(bytes: Uint8Array, offset = 0): RouteConditionValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    kind: view.getUint8(offset + 0),
    nameLength: view.getUint8(offset + 1),
    valueLength: view.getUint8(offset + 2),
    reserved: view.getUint8(offset + 3),
    name: bytes.slice(offset + 4, offset + 68),
    value: bytes.slice(offset + 68, offset + 196),
  };
}

/** Encodes one `struct route_condition` into 196 new bytes. */
export function encodeRouteCondition(value: RouteConditionValue): Uint8Array {
  const bytes = new Uint8Array(196);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, value.kind);
  view.setUint8(1, value.nameLength);
  view.setUint8(2, value.valueLength);
  view.setUint8(3, value.reserved);
  bytes.set(value.name.subarray(0, 64), 4);
  bytes.set(value.value.subarray(0, 128), 68);
  return bytes;
}

/** Byte offsets in `struct route_rule`, and its size. */
export const RouteRule = {
  BYTES: 24,
  /** 0: it is refused. */
  backendCount: 0,
  /** of its time in route_limits; 0: no limit. */
  limitId: 4,
  /** from one request to the next at the limit. */
  intervalNs: 8,
  /** by how much they may be ahead of that. */
  burstNs: 16,
} as const;

/** `struct route_rule`, decoded. */
export interface RouteRuleValue {
  /** 0: it is refused. */
  backendCount: number;
  /** of its time in route_limits; 0: no limit. */
  limitId: number;
  /** from one request to the next at the limit. */
  intervalNs: bigint;
  /** by how much they may be ahead of that. */
  burstNs: bigint;
}

/** Decodes one `struct route_rule`. Throws RangeError when fewer than 24 bytes follow `offset`. */
export function decodeRouteRule(bytes: Uint8Array, offset = 0): RouteRuleValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    backendCount: view.getUint32(offset + 0, true),
    limitId: view.getUint32(offset + 4, true),
    intervalNs: view.getBigUint64(offset + 8, true),
    burstNs: view.getBigUint64(offset + 16, true),
  };
}

/** Encodes one `struct route_rule` into 24 new bytes. */
export function encodeRouteRule(value: RouteRuleValue): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.backendCount, true);
  view.setUint32(4, value.limitId, true);
  view.setBigUint64(8, value.intervalNs, true);
  view.setBigUint64(16, value.burstNs, true);
  return bytes;
}

/** Byte offsets in `struct route_backend`, and its size. */
export const RouteBackend = {
  BYTES: 24,
  threshold: 0,
  /** part of the entry that shares it. */
  other: 4,
  /** of the backend in its rule, from 1. */
  number: 8,
  /** of the pool in each family; 0: none. */
  slotsIdV4: 12,
  slotsIdV6: 16,
  serviceId: 20,
} as const;

/** `struct route_backend`, decoded. */
export interface RouteBackendValue {
  threshold: number;
  /** part of the entry that shares it. */
  other: number;
  /** of the backend in its rule, from 1. */
  number: number;
  /** of the pool in each family; 0: none. */
  slotsIdV4: number;
  slotsIdV6: number;
  serviceId: number;
}

/** Decodes one `struct route_backend`. Throws RangeError when fewer than 24 bytes follow `offset`. */
export function decodeRouteBackend(bytes: Uint8Array, offset = 0): RouteBackendValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    threshold: view.getUint32(offset + 0, true),
    other: view.getUint32(offset + 4, true),
    number: view.getUint32(offset + 8, true),
    slotsIdV4: view.getUint32(offset + 12, true),
    slotsIdV6: view.getUint32(offset + 16, true),
    serviceId: view.getUint32(offset + 20, true),
  };
}

/** Encodes one `struct route_backend` into 24 new bytes. */
export function encodeRouteBackend(value: RouteBackendValue): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.threshold, true);
  view.setUint32(4, value.other, true);
  view.setUint32(8, value.number, true);
  view.setUint32(12, value.slotsIdV4, true);
  view.setUint32(16, value.slotsIdV6, true);
  view.setUint32(20, value.serviceId, true);
  return bytes;
}

/** Byte offsets in `struct pool`, and its size. */
export const Pool = {
  BYTES: 40,
  serviceId: 0,
  /** enum balancing. */
  balancing: 4,
  /** MESH_LIMIT_GROUPS at most. */
  groupCount: 5,
  reserved: 6,
  /** as in struct service. */
  groupSlots: 8,
} as const;

/** `struct pool`, decoded. */
export interface PoolValue {
  serviceId: number;
  /** enum balancing. */
  balancing: number;
  /** MESH_LIMIT_GROUPS at most. */
  groupCount: number;
  reserved: Uint8Array;
  /** as in struct service. */
  groupSlots: Uint8Array;
}

/** Decodes one `struct pool`. Throws RangeError when fewer than 40 bytes follow `offset`. */
export function decodePool(bytes: Uint8Array, offset = 0): PoolValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    serviceId: view.getUint32(offset + 0, true),
    balancing: view.getUint8(offset + 4),
    groupCount: view.getUint8(offset + 5),
    reserved: bytes.slice(offset + 6, offset + 8),
    groupSlots: bytes.slice(offset + 8, offset + 40),
  };
}

/** Encodes one `struct pool` into 40 new bytes. */
export function encodePool(value: PoolValue): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.serviceId, true);
  view.setUint8(4, value.balancing);
  view.setUint8(5, value.groupCount);
  bytes.set(value.reserved.subarray(0, 2), 6);
  bytes.set(value.groupSlots.subarray(0, 32), 8);
  return bytes;
}

/** Byte offsets in `struct route_choice`, and its size. */
export const RouteChoice = {
  BYTES: 36,
  /** 0: nowhere; before the first request the default. */
  endpointId: 0,
  /** where requests go that cannot be read; 0: nowhere. */
  defaultId: 4,
  /** the one that was asked for. */
  serviceId: 8,
  /** of that service. */
  slotsId: 12,
  /** 0: none took it. */
  route: 16,
  /** its number in the route's rule; 0: none. */
  backend: 20,
  /** of the service. */
  maxConnections: 24,
  /** enum address_family, IPv4 or IPv6. */
  family: 28,
  /** 1: the socket is one of IPv6, whatever it asked for. */
  socketV6: 29,
  reserved: 30,
  /** what was asked for. */
  vipId: 32,
} as const;

/** `struct route_choice`, decoded. */
export interface RouteChoiceValue {
  /** 0: nowhere; before the first request the default. */
  endpointId: number;
  /** where requests go that cannot be read; 0: nowhere. */
  defaultId: number;
  /** the one that was asked for. */
  serviceId: number;
  /** of that service. */
  slotsId: number;
  /** 0: none took it. */
  route: number;
  /** its number in the route's rule; 0: none. */
  backend: number;
  /** of the service. */
  maxConnections: number;
  /** enum address_family, IPv4 or IPv6. */
  family: number;
  /** 1: the socket is one of IPv6, whatever it asked for. */
  socketV6: number;
  reserved: Uint8Array;
  /** what was asked for. */
  vipId: number;
}

/** Decodes one `struct route_choice`. Throws RangeError when fewer than 36 bytes follow `offset`. */
export function decodeRouteChoice(bytes: Uint8Array, offset = 0): RouteChoiceValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    endpointId: view.getUint32(offset + 0, true),
    defaultId: view.getUint32(offset + 4, true),
    serviceId: view.getUint32(offset + 8, true),
    slotsId: view.getUint32(offset + 12, true),
    route: view.getUint32(offset + 16, true),
    backend: view.getUint32(offset + 20, true),
    maxConnections: view.getUint32(offset + 24, true),
    family: view.getUint8(offset + 28),
    socketV6: view.getUint8(offset + 29),
    reserved: bytes.slice(offset + 30, offset + 32),
    vipId: view.getUint32(offset + 32, true),
  };
}

/** Encodes one `struct route_choice` into 36 new bytes. */
export function encodeRouteChoice(value: RouteChoiceValue): Uint8Array {
  const bytes = new Uint8Array(36);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.endpointId, true);
  view.setUint32(4, value.defaultId, true);
  view.setUint32(8, value.serviceId, true);
  view.setUint32(12, value.slotsId, true);
  view.setUint32(16, value.route, true);
  view.setUint32(20, value.backend, true);
  view.setUint32(24, value.maxConnections, true);
  view.setUint8(28, value.family);
  view.setUint8(29, value.socketV6);
  bytes.set(value.reserved.subarray(0, 2), 30);
  view.setUint32(32, value.vipId, true);
  return bytes;
}

/** Byte offsets in `struct route_hit_key`, and its size. */
export const RouteHitKey = {
  BYTES: 8,
  /** 0: no route took it, of a service that has some. */
  route: 0,
  /** 0: refused before one was chosen. */
  backend: 4,
} as const;

/** `struct route_hit_key`, decoded. */
export interface RouteHitKeyValue {
  /** 0: no route took it, of a service that has some. */
  route: number;
  /** 0: refused before one was chosen. */
  backend: number;
}

/** Decodes one `struct route_hit_key`. Throws RangeError when fewer than 8 bytes follow `offset`. */
export function decodeRouteHitKey(bytes: Uint8Array, offset = 0): RouteHitKeyValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    route: view.getUint32(offset + 0, true),
    backend: view.getUint32(offset + 4, true),
  };
}

/** Encodes one `struct route_hit_key` into 8 new bytes. */
export function encodeRouteHitKey(value: RouteHitKeyValue): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.route, true);
  view.setUint32(4, value.backend, true);
  return bytes;
}

/** Byte offsets in `struct route_hits`, and its size. */
export const RouteHits = {
  BYTES: 24,
  /** that got an endpoint. */
  requests: 0,
  rejected: 8,
  limited: 16,
} as const;

/** `struct route_hits`, decoded. */
export interface RouteHitsValue {
  /** that got an endpoint. */
  requests: bigint;
  rejected: bigint;
  limited: bigint;
}

/** Decodes one `struct route_hits`. Throws RangeError when fewer than 24 bytes follow `offset`. */
export function decodeRouteHits(bytes: Uint8Array, offset = 0): RouteHitsValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    requests: view.getBigUint64(offset + 0, true),
    rejected: view.getBigUint64(offset + 8, true),
    limited: view.getBigUint64(offset + 16, true),
  };
}

/** Encodes one `struct route_hits` into 24 new bytes. */
export function encodeRouteHits(value: RouteHitsValue): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value.requests, true);
  view.setBigUint64(8, value.rejected, true);
  view.setBigUint64(16, value.limited, true);
  return bytes;
}
