// SPDX-License-Identifier: Apache-2.0
import { UndermeshError } from '@undermesh/core';
import {
  type Connection,
  type Connections,
  type Edge,
  ENGINES,
  type Engine,
  type MeshRoute,
  type Node,
  REFUSAL_REASONS,
  type Topology,
  type Vertex,
  type Window,
} from '@undermesh/schema';
import type { Client } from '../api/client.js';
import { byCount } from '../words/traffic.js';
import { findWorkload, fullName } from './find-workload.js';

/** Two edges that link source and destination over a third workload. */
export interface Hops {
  readonly via: Vertex;
  readonly first: Edge;
  readonly second: Edge;
}

/** Connections of the forward edge that failed or broke for one reason. */
export interface Failure {
  readonly reason: string;
  readonly count: number;
  /** Start of the step in which the first of this window came; `null` when the store no longer has it. */
  readonly since: string | null;
  readonly last: Connection | null;
}

/** A node of either side whose figures are missing. */
export interface SilentNode {
  readonly name: string;
  readonly lastSeenAt: string | null;
}

/** Connections among the newest that one engine steered. */
export interface Steering {
  readonly engine: Engine;
  readonly connections: number;
  /** Where their sources asked to be connected to when they were steered elsewhere; at most three. */
  readonly askedFor: readonly string[];
}

/** A route, and the requests between both workloads that took it since the collector started. */
export interface TakenRoute extends Pick<MeshRoute, 'number' | 'service' | 'route' | 'rule' | 'match'> {
  readonly requests: number;
  readonly backends: readonly { readonly backend: string | null; readonly weight: number }[];
}

/** Everything that is known between two workloads: what `explain -o json` prints. */
export interface Facts {
  readonly source: Vertex;
  readonly destination: Vertex;
  readonly window: Window;
  /** Source to destination, and the other way round. */
  readonly forward: Edge | null;
  readonly backward: Edge | null;
  /** When there is no forward edge: ways over one other workload, busiest first. */
  readonly through: readonly Hops[];
  readonly failures: readonly Failure[];
  /** By what the newest connections were steered, most first. */
  readonly steering: readonly Steering[];
  /** Routes that kernels took requests of the forward edge by, most taken first. */
  readonly routes: readonly TakenRoute[];
  readonly silent: readonly SilentNode[];
}

/** As many as the API gives: explaining needs all that is known, not what is drawn. */
const EVERYTHING = { maxVertices: 2000, maxEdges: 10_000 } as const;
const MOST_WAYS = 5;
/** Connections of which the engine is looked at. */
const NEWEST = 200;
/** Ends that are no failures. */
const NORMAL = new Set(['local_fin', 'peer_fin']);
/** What was refused went nowhere. */
const REFUSALS: ReadonlySet<string | null> = new Set(REFUSAL_REASONS);

export interface Question {
  /** `name` or `namespace/name`. */
  readonly source: string;
  readonly destination: string;
  /** Seconds. */
  readonly window: number;
}

/** Asks the collector for all that is known between two workloads. Throws `workload_unknown`, `workload_ambiguous`. */
export async function gatherFacts(client: Client, { source, destination, window }: Question): Promise<Facts> {
  const topology = await client.get('topology', {
    window,
    level: 'workload',
    system: true,
    legs: true,
    ...EVERYTHING,
  });
  const from = findWorkload(topology.vertices, source);
  const to = findWorkload(topology.vertices, destination);
  const edge = async (a: Vertex, b: Vertex): Promise<Edge | null> => {
    const query = { window, level: 'workload', system: true, legs: true, source: a.id, destination: b.id };
    const { items } = await client.get('edges', query);
    // Connections say more than requests alone.
    return items.find(({ via }) => via === null) ?? items[0] ?? null;
  };
  const [forward, backward, { items: nodes }] = await Promise.all([
    edge(from, to),
    from.id === to.id ? null : edge(to, from),
    client.get('nodes'),
  ]);
  return {
    source: from,
    destination: to,
    window: topology.window,
    forward,
    backward,
    through: forward === null ? waysThrough(topology, from, to) : [],
    failures: forward === null ? [] : await failuresOf(client, { from, to, edge: forward, window }),
    steering: forward === null ? [] : await steeringOf(client, { from, to, window }),
    routes: forward === null ? [] : await routesOf(client, from, to),
    silent: silentAmong(nodes, topology.missingNodes, [from, to]),
  };
}

/** A collector from before there were routes has none. */
async function routesOf(client: Client, from: Vertex, to: Vertex): Promise<TakenRoute[]> {
  const query = { source: fullName(from), destination: fullName(to) };
  const { items } = await client.get('routes', query).catch((error: unknown) => {
    if (error instanceof UndermeshError && error.code === 'not_found') return { items: [] };
    throw error;
  });
  return items
    .map(({ number, service, route, rule, match, between, backends }) => ({
      number,
      service,
      route,
      rule,
      match,
      requests: between?.requests ?? 0,
      backends: backends.map(({ backend, weight }) => ({ backend, weight })),
    }))
    .sort((a, b) => b.requests - a.requests);
}

/** Ways from one workload to another over a third, busiest first: as busy as the slower of their edges. */
export function waysThrough({ vertices, edges }: Topology, from: Vertex, to: Vertex): Hops[] {
  const byId = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  const toDestination = new Map(
    edges.filter((edge) => edge.destination === to.id).map((edge) => [edge.source, edge]),
  );
  const volume = ({ traffic }: Edge): number => traffic.opened + traffic.failed.total + traffic.open;
  return edges
    .filter((edge) => edge.source === from.id && edge.destination !== from.id && edge.destination !== to.id)
    .flatMap((first): Hops[] => {
      const second = toDestination.get(first.destination);
      const via = byId.get(first.destination);
      return second === undefined || via === undefined ? [] : [{ via, first, second }];
    })
    .sort((a, b) => Math.min(volume(b.first), volume(b.second)) - Math.min(volume(a.first), volume(a.second)))
    .slice(0, MOST_WAYS);
}

function failuresOf(
  client: Client,
  { from, to, edge, window }: { from: Vertex; to: Vertex; edge: Edge; window: number },
): Promise<Failure[]> {
  const { failed, broken } = edge.traffic;
  const reasons = byCount({ ...failed.reasons, ...broken.reasons }).filter(([reason]) => !NORMAL.has(reason));
  return Promise.all(
    reasons.map(async ([reason, count]) => {
      const query = { source: fullName(from), destination: fullName(to), reason, window, limit: 1 };
      const answer = await client.get('connections', { ...query, system: true, histogram: true });
      return { reason, count, since: firstOf(answer), last: answer.items[0] ?? null };
    }),
  );
}

/** Looks at the newest connections. */
async function steeringOf(
  client: Client,
  { from, to, window }: { from: Vertex; to: Vertex; window: number },
): Promise<Steering[]> {
  const query = { source: fullName(from), destination: fullName(to), window, system: true, limit: NEWEST };
  const { items } = await client.get('connections', { ...query, state: 'all' });
  return ENGINES.map((engine): Steering => {
    const own = items.filter((one) => one.engine === engine && !REFUSALS.has(one.reason));
    const asked = own.map(askedForWords).filter((words) => words !== null);
    return { engine, connections: own.length, askedFor: [...new Set(asked)].slice(0, 3) };
  })
    .filter(({ connections }) => connections > 0)
    .sort((a, b) => b.connections - a.connections);
}

/** `shop/cart (10.96.0.31:80)`; the address alone where nobody knows the service. */
function askedForWords({ askedFor, service }: Connection): string | null {
  if (askedFor === null) return null;
  const { address, port } = askedFor;
  const place = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  return service === null ? place : `${service.namespace}/${service.name} (${place})`;
}

/** Start of the first step of a histogram that holds anything. */
function firstOf({ histogram }: Connections): string | null {
  if (histogram === null) return null;
  const { from, stepSeconds, ended, failed } = histogram;
  const step = ended.findIndex((count, index) => (count ?? 0) + (failed[index] ?? 0) > 0);
  return step === -1 ? null : new Date(Date.parse(from) + step * stepSeconds * 1000).toISOString();
}

function silentAmong(
  nodes: readonly Node[],
  missing: readonly string[],
  sides: readonly Vertex[],
): SilentNode[] {
  const theirs = new Set(sides.flatMap((vertex) => vertex.nodes));
  return missing
    .filter((name) => theirs.has(name))
    .map((name) => ({ name, lastSeenAt: nodes.find((node) => node.name === name)?.lastSeenAt ?? null }));
}
