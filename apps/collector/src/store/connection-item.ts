// SPDX-License-Identifier: Apache-2.0
import { AddressFamily, CloseReason, RecordEvent } from '@undermesh/bpf-abi';
import type { Connection, Engine, Peer } from '@undermesh/schema';
import { formatAddress } from '../aggregate/address.js';
import { endId } from './connection-id.js';
import { isOver, isSource, type ReportedEnd } from './end.js';
import { protocolOf } from './protocol.js';
import type { Workload } from './store.js';

/** Finds a workload by its id. */
export type WorkloadNames = (id: number) => Workload | undefined;

/** What stands for a workload that nobody could name (id 0). */
export const UNKNOWN_WORKLOAD: Workload = {
  id: 0,
  cluster: '',
  namespace: '',
  name: 'unknown',
  version: null,
  kind: 'unknown',
  system: false,
  external: true,
};

const ENGINE_NAMES: readonly Engine[] = ['off', 'dual-engine', 'kernel-native'];

/** Reasons by their number in the ABI. */
export const REASON_NAMES: Readonly<Record<number, NonNullable<Connection['reason']>>> = {
  [CloseReason.LOCAL_FIN]: 'local_fin',
  [CloseReason.PEER_FIN]: 'peer_fin',
  [CloseReason.LOCAL_RESET]: 'local_reset',
  [CloseReason.PEER_RESET]: 'peer_reset',
  [CloseReason.TIMED_OUT]: 'timed_out',
  [CloseReason.KILLED]: 'killed',
  [CloseReason.UNREACHABLE]: 'unreachable',
  [CloseReason.REFUSED]: 'refused',
  [CloseReason.CONNECT_TIMED_OUT]: 'connect_timed_out',
  [CloseReason.CONNECT_ABORTED]: 'connect_aborted',
  [CloseReason.CONNECT_UNREACHABLE]: 'connect_unreachable',
  [CloseReason.NO_ENDPOINT]: 'no_endpoint',
  [CloseReason.NO_ENDPOINT_NEAR]: 'no_endpoint_near',
  [CloseReason.NO_WAYPOINT]: 'no_waypoint',
  [CloseReason.NOT_STEERED]: 'not_steered',
  [CloseReason.TOO_MANY]: 'too_many',
  [CloseReason.NO_ROUTE]: 'no_route',
  [CloseReason.ROUTE_REJECTS]: 'route_rejects',
  [CloseReason.RATE_LIMITED]: 'rate_limited',
};

/** The same end of a connection seen from its other side: who closed is mirrored. */
export const MIRRORED_REASONS: Readonly<Record<number, number>> = {
  [CloseReason.LOCAL_FIN]: CloseReason.PEER_FIN,
  [CloseReason.PEER_FIN]: CloseReason.LOCAL_FIN,
  [CloseReason.LOCAL_RESET]: CloseReason.PEER_RESET,
  [CloseReason.PEER_RESET]: CloseReason.LOCAL_RESET,
};

export const engineName = (engine: number): Engine => ENGINE_NAMES[engine] ?? 'off';
export const isoTime = (ns: bigint): string => new Date(Number(ns / 1_000_000n)).toISOString();

/** Canonical text (RFC 5952) of an address of a record; IPv4-mapped ones as IPv4. */
export function addressText(bytes: Uint8Array, family: number): string {
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  if (family !== AddressFamily.IPV6) return `${a}.${b}.${c}.${d}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return formatAddress(
    Uint32Array.of(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)),
  );
}

/** Both ends of a connection, at least one of which has reported. */
export interface EndPair {
  readonly source: ReportedEnd | null;
  readonly destination: ReportedEnd | null;
}

/** The pair that an end and its partner make. */
export const pairOf = (end: ReportedEnd, partner: ReportedEnd | null): EndPair =>
  isSource(end) ? { source: end, destination: partner } : { source: partner, destination: end };

/** The end that stands for the connection: the source, unless only the destination has reported. */
export function leadOf(pair: EndPair): ReportedEnd {
  const lead = pair.source ?? pair.destination;
  if (lead === null) throw new RangeError('a connection without ends');
  return lead;
}

/**
 * One connection as the API shows it, from the source's side. An open one has lived until its last record by its node's
 * clock, and since then by ours: clocks are never subtracted from each other. What an end says of itself always wins over what the
 * other end says of it. `reason` of a lone destination is mirrored, its sent and received bytes are swapped;
 * `retransmittedSegments` is the sum of the ends that reported, because each counts one direction only.
 */
export function connectionOf(pair: EndPair, names: WorkloadNames): Connection {
  const lead = leadOf(pair);
  const { source, destination } = pair;
  const { value } = lead;
  const over = isOver(value.event);
  const failed = value.event === RecordEvent.FAILED;
  const reason = source === null ? (MIRRORED_REASONS[value.reason] ?? value.reason) : value.reason;
  const sinceUs = over || lead.updatedAtMs === null ? 0 : Math.max(0, Date.now() - lead.updatedAtMs) * 1000;
  return {
    id: endId(lead),
    state: over ? (failed ? 'failed' : 'closed') : 'open',
    reason: REASON_NAMES[reason] ?? null,
    openedAt: isoTime(lead.openedNs),
    endedAt: over ? isoTime(lead.timeNs) : null,
    lifetimeUs: Math.max(0, Math.round(Number((value.timeNs - value.openedNs) / 1000n) + sinceUs)),
    connectUs: source !== null && !failed ? source.value.connectUs : null,
    roundTripUs: value.srttUs || destination?.value.srttUs || null,
    source: peerOf(source, destination, names),
    destination: peerOf(destination, source, names),
    askedFor: source === null ? null : askedForOf(source),
    service: serviceOf(lead, names),
    sentBytes: failed ? null : Number(source === null ? value.receivedBytes : value.sentBytes),
    receivedBytes: failed ? null : Number(source === null ? value.sentBytes : value.receivedBytes),
    retransmittedSegments: failed
      ? null
      : (source?.value.retransmittedSegments ?? 0) + (destination?.value.retransmittedSegments ?? 0),
    engine: engineName(value.engine),
    seenBy: source === null ? 'destination' : destination === null ? 'source' : 'both',
    protocol: protocolOf(value.flags),
  };
}

function peerOf(own: ReportedEnd | null, other: ReportedEnd | null, names: WorkloadNames): Peer {
  const id = own !== null ? own.localWorkload : (other?.peerWorkload ?? 0);
  const workload = names(id) ?? UNKNOWN_WORKLOAD;
  const name = {
    workload: workload.name,
    namespace: workload.namespace,
    version: workload.version,
    kind: workload.kind,
    system: workload.system,
  };
  if (own !== null) {
    const { value } = own;
    return {
      ...name,
      node: own.node,
      address: addressText(value.localAddress, value.family),
      port: value.localPort,
      process: value.process === '' ? null : value.process,
      pid: value.pid === 0 ? null : value.pid,
    };
  }
  if (other === null) throw new RangeError('a connection without ends');
  return {
    ...name,
    node: null,
    address: addressText(other.value.peerAddress, other.value.family),
    port: other.value.peerPort,
    process: null,
    pid: null,
  };
}

function serviceOf({ value }: ReportedEnd, names: WorkloadNames): Connection['service'] {
  const service = value.serviceId === 0 ? undefined : names(value.serviceId);
  return service === undefined ? null : { namespace: service.namespace, name: service.name };
}

function askedForOf(end: ReportedEnd): Connection['askedFor'] {
  const { originalAddress, peerAddress, originalPort, peerPort, family } = end.value;
  const empty = originalPort === 0 && originalAddress.every((byte) => byte === 0);
  if (empty || (originalPort === peerPort && Buffer.compare(originalAddress, peerAddress) === 0)) return null;
  return { address: addressText(originalAddress, family), port: originalPort };
}
