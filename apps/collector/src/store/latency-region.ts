// SPDX-License-Identifier: Apache-2.0
import { HttpMethod } from '@undermesh/bpf-abi';
import {
  type CONTRASTS,
  type LatencyConnections,
  type LatencyConnectionsQuery,
  type LatencyMeasure,
  type Reporter as ReporterName,
  STATUS_CLASSES,
} from '@undermesh/schema';
import { groupOf } from '../aggregate/grouping.js';
import { isNamed } from '../aggregate/named.js';
import { CollectorError } from '../errors.js';
import { connectionOf, pairOf, UNKNOWN_WORKLOAD, type WorkloadNames } from './connection-item.js';
import type { StoredEnd } from './end-source.js';
import type { Workload } from './store.js';

/** A region of a heat map, and whose samples are looked at. */
export interface RegionRequest {
  readonly measure: LatencyMeasure;
  /** Unix ns; `toNs` is not included. */
  readonly fromNs: bigint;
  readonly toNs: bigint;
  /** µs; `min` is not included, as with the rows of a heat map, unless it is 0. */
  readonly minUs: number;
  readonly maxUs: number;
  /** Ids of workloads; `null`: all. */
  readonly sources: readonly number[] | null;
  readonly destinations: readonly number[] | null;
  /** Nodes of the two sides, and of the end that reports. */
  readonly sourceNodes: ReadonlySet<string> | null;
  readonly destinationNodes: ReadonlySet<string> | null;
  readonly nodes: ReadonlySet<string> | null;
  /** Ids of workloads none of which may be on either side. */
  readonly without: readonly number[];
  /** Places in STATUS_CLASSES; `null`: all. */
  readonly classes: readonly number[] | null;
  /** `null`: the source where it reported, else the destination. */
  readonly reporter: ReporterName | null;
  readonly limit: number;
}

/** A connection with samples in the region. */
export interface RegionConnection {
  readonly end: StoredEnd;
  readonly partner: StoredEnd | null;
  readonly requests: number;
  readonly slowestUs: number;
  /** Bits by place in STATUS_CLASSES; 0 for measures without. */
  readonly classes: number;
}

/** Samples that have all of this in common; `null` where it is not known or does not apply. */
export interface RegionGroup {
  readonly sourceNode: string | null;
  readonly destinationNode: string | null;
  readonly destination: number;
  readonly port: number;
  readonly method: number | null;
  /** Place in STATUS_CLASSES. */
  readonly status: number | null;
  /** Segments were sent again on the connection. */
  readonly resent: boolean;
  readonly inside: number;
  readonly outside: number;
}

/** What a driver finds of a region. */
export interface Region {
  /** Slowest first. */
  readonly connections: readonly RegionConnection[];
  /** All connections with samples in it. */
  readonly matched: number;
  readonly groups: readonly RegionGroup[];
}

export interface RegionSource {
  region(request: RegionRequest): Promise<Region>;
}

/** Place of a status in STATUS_CLASSES; 0 is no answer. */
export const statusClass = (status: number): number =>
  status === 0 ? STATUS_CLASSES.indexOf('none') : Math.floor(status / 100) - 1;

const DEFAULT_LIMIT = 50;
const MOST_CONTRASTS = 20;
/** Differences of shares below this are no contrast. */
const LEAST_DIFFERENCE = 0.02;
const METHOD_NAMES = new Map(Object.entries(HttpMethod).map(([name, number]) => [number as number, name]));

/** Answers GET /latency/connections. Throws CollectorError `request_invalid`. */
export async function latencyConnections(
  source: RegionSource,
  query: LatencyConnectionsQuery,
  workloads: readonly Workload[],
): Promise<LatencyConnections> {
  const byId = new Map(workloads.map((workload) => [workload.id, workload]));
  const names: WorkloadNames = (id) => byId.get(id);
  const found = await source.region(regionRequest(query, workloads));
  const sum = (of: 'inside' | 'outside'): number =>
    found.groups.reduce((total, group) => total + group[of], 0);
  return {
    items: found.connections.map(({ end, partner, requests, slowestUs, classes }) => ({
      connection: connectionOf(pairOf(end, partner), names),
      requests,
      slowestUs,
      statusClasses: STATUS_CLASSES.filter((_, at) => (classes & (1 << at)) !== 0),
    })),
    inside: sum('inside'),
    outside: sum('outside'),
    contrasts: contrastsOf(found.groups, names),
    more: found.matched - found.connections.length,
  };
}

/** Reads a query. */
function regionRequest(query: LatencyConnectionsQuery, workloads: readonly Workload[]): RegionRequest {
  const measure = query.measure ?? 'first_byte';
  const level = query.level ?? 'service';
  const idsOf = (wanted: string | undefined): number[] | null =>
    wanted === undefined || wanted === '' || level === 'node'
      ? null
      : [UNKNOWN_WORKLOAD, ...workloads]
          .filter((workload) => isNamed(wanted, groupOf(level, workload, '')))
          .map(({ id }) => id);
  const nodesOf = (wanted: string | undefined): ReadonlySet<string> | null =>
    level === 'node' ? setOf(wanted?.replaceAll(/(^|,)node:[^/,]*\//g, '$1')) : null;
  const [fromMs, toMs] = [timeOf('from', query.from), timeOf('to', query.to)];
  if (fromMs >= toMs) throw invalid('from must lie before to');
  if (query.minUs > query.maxUs) throw invalid('minUs must not be above maxUs');
  return {
    measure,
    fromNs: BigInt(fromMs) * 1_000_000n,
    toNs: BigInt(toMs) * 1_000_000n,
    minUs: query.minUs,
    maxUs: query.maxUs,
    sources: idsOf(query.source),
    destinations: idsOf(query.destination),
    sourceNodes: nodesOf(query.source),
    destinationNodes: nodesOf(query.destination),
    nodes: setOf(query.node),
    without: query.system === true ? [] : workloads.filter(({ system }) => system).map(({ id }) => id),
    classes: classesOf(query.status, measure),
    reporter: query.reporter ?? null,
    limit: query.limit ?? DEFAULT_LIMIT,
  };
}

function classesOf(status: string | undefined, measure: LatencyMeasure): number[] | null {
  const wanted = setOf(status);
  if (wanted === null) return null;
  if (!isHttpMeasure(measure)) throw invalid(`status goes with HTTP measures only, not with ${measure}`);
  return [...wanted].map((name) => {
    const at = (STATUS_CLASSES as readonly string[]).indexOf(name);
    if (at < 0) throw invalid(`"${name}" is not one of ${STATUS_CLASSES.join(', ')}`);
    return at;
  });
}

export const isHttpMeasure = (measure: LatencyMeasure): boolean =>
  measure === 'first_byte' || measure === 'last_byte';

function setOf(text: string | undefined): ReadonlySet<string> | null {
  const values = (text ?? '').split(',').filter((value) => value !== '');
  return values.length === 0 ? null : new Set(values);
}

function timeOf(name: string, text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw invalid(`${name} is not an RFC 3339 time`);
  return Math.round(ms);
}

const invalid = (message: string): CollectorError => new CollectorError('request_invalid', `${message}.`);

type Attribute = (typeof CONTRASTS)[number];

/** How often each value occurs inside and outside, the largest differences first. */
function contrastsOf(groups: readonly RegionGroup[], names: WorkloadNames): LatencyConnections['contrasts'] {
  const totals = new Map<Attribute, { inside: number; outside: number }>();
  const values = new Map<string, { attribute: Attribute; value: string; inside: number; outside: number }>();
  for (const group of groups) {
    for (const [attribute, value] of attributesOf(group, names)) {
      const total = totals.get(attribute) ?? { inside: 0, outside: 0 };
      totals.set(attribute, total);
      const key = `${attribute}\n${value}`;
      const counted = values.get(key) ?? { attribute, value, inside: 0, outside: 0 };
      values.set(key, counted);
      for (const counts of [total, counted]) {
        counts.inside += group.inside;
        counts.outside += group.outside;
      }
    }
  }
  return [...values.values()]
    .map(({ attribute, value, inside, outside }) => {
      const total = totals.get(attribute) ?? { inside: 0, outside: 0 };
      return {
        attribute,
        value,
        inside: total.inside === 0 ? 0 : inside / total.inside,
        outside: total.outside === 0 ? 0 : outside / total.outside,
      };
    })
    .filter(({ inside, outside }) => Math.abs(inside - outside) >= LEAST_DIFFERENCE)
    .sort(
      (a, b) =>
        Math.abs(b.inside - b.outside) - Math.abs(a.inside - a.outside) ||
        (`${a.attribute}${a.value}` < `${b.attribute}${b.value}` ? -1 : 1),
    )
    .slice(0, MOST_CONTRASTS);
}

function attributesOf(group: RegionGroup, names: WorkloadNames): [Attribute, string][] {
  const found: [Attribute, string | null | undefined][] = [
    ['source_node', group.sourceNode],
    ['destination_node', group.destinationNode],
    ['version', names(group.destination)?.version],
    ['method', group.method === null ? null : METHOD_NAMES.get(group.method)],
    ['status', group.status === null ? null : STATUS_CLASSES[group.status]],
    ['retransmits', group.resent ? 'yes' : 'no'],
    ['port', String(group.port)],
  ];
  return found.filter((one): one is [Attribute, string] => one[1] != null);
}
