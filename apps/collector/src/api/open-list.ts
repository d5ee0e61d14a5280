// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, Reporter } from '@undermesh/bpf-abi';
import type { Connection, ConnectionDetail } from '@undermesh/schema';
import type { OpenConnections, OpenEnd } from '../aggregate/open-connections.js';
import { connectionDetail } from '../store/connection-detail.js';
import { type ConnectionFilter, matchesFilter } from '../store/connection-filter.js';
import { encodeEndId, parseEndId } from '../store/connection-id.js';
import {
  connectionOf,
  type EndPair,
  UNKNOWN_WORKLOAD,
  type WorkloadNames,
} from '../store/connection-item.js';
import { reportedEnd } from '../store/end.js';

/** Place in the order "opened last first". */
export interface OpenKey {
  /** Unix ns. */
  readonly openedNs: bigint;
  readonly id: string;
}

export interface OpenPage {
  readonly items: readonly Connection[];
  readonly next: OpenKey | null;
  readonly matched: number;
}

interface OpenRequest {
  readonly filter: ConnectionFilter;
  readonly after: OpenKey | null;
  readonly limit: number;
}

/** Lists and finds what is open now. Records are decoded only where a filter or the page needs them. */
export class OpenList {
  readonly #open: OpenConnections;
  readonly #names: WorkloadNames;

  constructor(open: OpenConnections, names: WorkloadNames) {
    this.#open = open;
    this.#names = names;
  }

  /** Connections that match, opened last first. */
  page({ filter, after, limit }: OpenRequest): OpenPage {
    const found: OpenEnd[] = [];
    for (const end of this.#open.list()) {
      if (end.partner !== null && !isSource(end)) continue;
      if (filter.toNs !== null && openedNsOf(end) >= filter.toNs) continue;
      if (this.#matches(end, filter)) found.push(end);
    }
    const rest = found
      .map((end) => ({ end, key: { openedNs: openedNsOf(end), id: idOf(end) } }))
      .filter(({ key }) => after === null || compareOpen(key, after) > 0)
      .sort((a, b) => compareOpen(a.key, b.key));
    return {
      items: rest.slice(0, limit).map(({ end }) => connectionOf(pairOf(end), this.#names)),
      next: rest.length > limit ? (rest[limit - 1]?.key ?? null) : null,
      matched: found.length,
    };
  }

  /** By the id of either end. */
  find(id: string): ConnectionDetail | null {
    const identity = parseEndId(id);
    if (identity === null) return null;
    for (const end of this.#open.list()) {
      if (!end.streamId.startsWith(identity.streamPrefix)) continue;
      const view = viewOf(end);
      if (view.getBigUint64(Field.socketCookie, true) !== identity.socketCookie) continue;
      if (view.getBigUint64(Field.openedNs, true) !== identity.openedNs) continue;
      return connectionDetail(pairOf(end), this.#names);
    }
    return null;
  }

  #matches(end: OpenEnd, filter: ConnectionFilter): boolean {
    const { addresses, ports, processes, reasons } = filter;
    if (reasons !== null) return false;
    const needsRecord = addresses !== null || ports !== null || processes !== null;
    if (needsRecord) return matchesFilter(connectionOf(pairOf(end), this.#names), filter);
    return matchesFilter(this.#sketch(end), filter);
  }

  /** What can be said of a connection without reading its record. */
  #sketch(end: OpenEnd): Connection {
    const other = end.partner;
    const own = this.#side(end.localWorkload, end.node);
    const seen =
      other === null ? this.#side(end.peerWorkload, null) : this.#side(other.localWorkload, other.node);
    const [source, destination] = isSource(end) ? [own, seen] : [seen, own];
    return { ...SKETCH, source, destination };
  }

  #side(workload: number, node: string | null): Connection['source'] {
    const { name, namespace, version, kind, system } = this.#names(workload) ?? UNKNOWN_WORKLOAD;
    return {
      workload: name,
      namespace,
      version,
      kind,
      system,
      node,
      address: '',
      port: 0,
      process: null,
      pid: null,
    };
  }
}

const SKETCH: Omit<Connection, 'source' | 'destination'> = {
  id: '',
  state: 'open',
  reason: null,
  openedAt: '',
  endedAt: null,
  lifetimeUs: 0,
  connectUs: null,
  roundTripUs: null,
  askedFor: null,
  service: null,
  sentBytes: null,
  receivedBytes: null,
  retransmittedSegments: null,
  engine: 'off',
  seenBy: 'source',
  protocol: null,
};

const viewOf = ({ record }: OpenEnd): DataView =>
  new DataView(record.buffer, record.byteOffset, record.byteLength);
const isSource = (end: OpenEnd): boolean => end.record[Field.reporter] === Reporter.SOURCE;
const openedNsOf = (end: OpenEnd): bigint =>
  viewOf(end).getBigUint64(Field.openedNs, true) + end.realtimeOffsetNs;
/** Negative when `a` is listed before `b`. */
function compareOpen(a: OpenKey, b: OpenKey): number {
  if (a.openedNs !== b.openedNs) return a.openedNs > b.openedNs ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function idOf(end: OpenEnd): string {
  const view = viewOf(end);
  return encodeEndId({
    streamPrefix: end.streamId.slice(0, 16),
    socketCookie: view.getBigUint64(Field.socketCookie, true),
    openedNs: view.getBigUint64(Field.openedNs, true),
  });
}

function pairOf(end: OpenEnd): EndPair {
  const own = reportedEnd(end, end.updatedAtMs);
  const other = end.partner === null ? null : reportedEnd(end.partner, end.partner.updatedAtMs);
  return isSource(end) ? { source: own, destination: other } : { source: other, destination: own };
}
