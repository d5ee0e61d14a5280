// SPDX-License-Identifier: Apache-2.0
import {
  CLOSE_REASONS,
  type Connection,
  type ConnectionsQuery,
  FAILURE_REASONS,
  type Peer,
} from '@undermesh/schema';
import { formatAddress, parseAddress } from '../aggregate/address.js';
import { namesOf } from '../aggregate/named.js';
import { CollectorError } from '../errors.js';
import type { Workload } from './store.js';

/** A workload as a query names it, with or without `@version`; any namespace when `namespace` is null. */
export interface WorkloadPattern {
  readonly namespace: string | null;
  readonly name: string;
}

/** A parsed ConnectionsQuery. `null`: no such condition. */
export interface ConnectionFilter {
  readonly open: boolean;
  readonly closed: boolean;
  readonly failed: boolean;
  readonly source: readonly WorkloadPattern[] | null;
  readonly destination: readonly WorkloadPattern[] | null;
  readonly workload: readonly WorkloadPattern[] | null;
  readonly namespaces: ReadonlySet<string> | null;
  readonly nodes: ReadonlySet<string> | null;
  /** Canonical text. */
  readonly addresses: ReadonlySet<string> | null;
  readonly ports: ReadonlySet<number> | null;
  readonly processes: ReadonlySet<string> | null;
  readonly reasons: ReadonlySet<string> | null;
  /** Also connections of which one side is Undermesh's own. */
  readonly system: boolean;
  /** When it ended, Unix ns; `from` is included, `to` is not. */
  readonly fromNs: bigint | null;
  readonly toNs: bigint | null;
}

const REASONS: ReadonlySet<string> = new Set([...CLOSE_REASONS, ...FAILURE_REASONS]);
/** Values that one filter may list. */
const MAX_VALUES = 64;

/** Reads a query. Throws CollectorError `request_invalid` when a value cannot be meant. */
export function parseFilter(query: ConnectionsQuery, nowMs = Date.now()): ConnectionFilter {
  const state = query.state ?? 'all';
  const toMs = query.to === undefined ? null : timeMs('to', query.to);
  let fromMs = query.from === undefined ? null : timeMs('from', query.from);
  if (fromMs === null && query.window !== undefined) fromMs = (toMs ?? nowMs) - query.window * 1000;
  return {
    open: state === 'open' || state === 'all',
    closed: state === 'closed' || state === 'ended' || state === 'all',
    failed: state === 'failed' || state === 'ended' || state === 'all',
    source: patterns(query.source),
    destination: patterns(query.destination),
    workload: patterns(query.workload),
    namespaces: setOf(query.namespace),
    nodes: setOf(query.node),
    addresses: addresses(query.address),
    ports: ports(query.port),
    processes: setOf(query.process),
    reasons: reasons(query.reason),
    system: query.system ?? false,
    fromNs: fromMs === null ? null : BigInt(Math.round(fromMs)) * 1_000_000n,
    toNs: toMs === null ? null : BigInt(Math.round(toMs)) * 1_000_000n,
  };
}

/** Whether a workload is one that a query names. */
export const isNamed = (
  workload: Pick<Workload, 'namespace' | 'name' | 'version'>,
  named: readonly WorkloadPattern[],
): boolean =>
  named.some(
    ({ namespace, name }) =>
      namesOf(workload).includes(name) && (namespace === null || namespace === workload.namespace),
  );

/** Whether a connection passes, time aside. The stores answer as this function does. */
export function matchesFilter(connection: Connection, filter: ConnectionFilter): boolean {
  const { source, destination } = connection;
  const either = (test: (peer: Peer) => boolean): boolean => test(source) || test(destination);
  const named = (peer: Peer, wanted: readonly WorkloadPattern[]): boolean =>
    isNamed({ name: peer.workload, namespace: peer.namespace, version: peer.version }, wanted);
  const {
    source: from,
    destination: to,
    workload,
    namespaces,
    nodes,
    addresses,
    processes,
    reasons,
  } = filter;
  return (
    filter[connection.state] &&
    (filter.system || !(source.system || destination.system)) &&
    (from === null || named(source, from)) &&
    (to === null || named(destination, to)) &&
    (workload === null || either((peer) => named(peer, workload))) &&
    (namespaces === null || either((peer) => namespaces.has(peer.namespace))) &&
    (nodes === null || either((peer) => peer.node !== null && nodes.has(peer.node))) &&
    (addresses === null || either((peer) => addresses.has(peer.address))) &&
    (filter.ports === null || filter.ports.has(destination.port)) &&
    (processes === null || either((peer) => peer.process !== null && processes.has(peer.process))) &&
    (reasons === null || (connection.reason !== null && reasons.has(connection.reason)))
  );
}

/** Whether the moment a connection ended lies in the window. */
export const isInWindow = (timeNs: bigint, filter: ConnectionFilter): boolean =>
  (filter.fromNs === null || timeNs >= filter.fromNs) && (filter.toNs === null || timeNs < filter.toNs);

function values(name: string, text: string | undefined): string[] | null {
  if (text === undefined) return null;
  const list = text
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '');
  if (list.length === 0) return null;
  if (list.length > MAX_VALUES)
    throw invalid(`${name} lists ${list.length} values: at most ${MAX_VALUES} are taken`);
  return list;
}

const setOf = (text: string | undefined): ReadonlySet<string> | null => {
  const list = values('a filter', text);
  return list === null ? null : new Set(list);
};

function patterns(text: string | undefined): WorkloadPattern[] | null {
  const list = values('a workload filter', text);
  if (list === null) return null;
  return list.flatMap((value): WorkloadPattern[] => {
    const slash = value.indexOf('/');
    const whole = { namespace: null, name: value };
    return slash < 0 ? [whole] : [whole, { namespace: value.slice(0, slash), name: value.slice(slash + 1) }];
  });
}

function addresses(text: string | undefined): ReadonlySet<string> | null {
  const list = values('address', text);
  if (list === null) return null;
  return new Set(
    list.map((value) => {
      const words = parseAddress(value);
      if (words === null) throw invalid(`"${value}" is not an IPv4 or IPv6 address`);
      return formatAddress(words);
    }),
  );
}

function ports(text: string | undefined): ReadonlySet<number> | null {
  const list = values('port', text);
  if (list === null) return null;
  return new Set(
    list.map((value) => {
      const port = Number(value);
      if (!Number.isInteger(port) || port < 0 || port > 65_535) throw invalid(`"${value}" is not a port`);
      return port;
    }),
  );
}

function reasons(text: string | undefined): ReadonlySet<string> | null {
  const list = values('reason', text);
  if (list === null) return null;
  for (const value of list) {
    if (!REASONS.has(value))
      throw invalid(`"${value}" is not a reason: use one of ${[...REASONS].join(', ')}`);
  }
  return new Set(list);
}

function timeMs(name: string, text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw invalid(`${name} is not an RFC 3339 time`);
  return ms;
}

const invalid = (message: string): CollectorError => new CollectorError('request_invalid', message);
