// SPDX-License-Identifier: Apache-2.0
import type {
  MeshRoute,
  NativeNode,
  NativeRoute,
  NodeEngine,
  RouteBackend,
  Routes,
  RoutesQuery,
} from '@undermesh/schema';
import type { EdgeTable } from '../aggregate/edges.js';
import { groupOf } from '../aggregate/grouping.js';
import { toTime } from '../aggregate/mesh-view.js';
import { isNamed } from '../aggregate/named.js';
import type { PairDurations } from '../aggregate/pair-durations.js';
import type { Placements } from '../aggregate/placements.js';
import type { Agents } from '../ingest/agents.js';
import type { NativeRow } from '../native/node-native.js';
import { cursorOffset, offsetCursor } from './offset-cursor.js';

export interface RouteParts {
  readonly agents: Agents;
  /** Requests by route as their sources saw them. */
  readonly taken: PairDurations;
  readonly edges: EdgeTable;
  readonly placements: Placements;
  /** Read back from a node's kernel. */
  readonly engineOf: (node: string) => NodeEngine['observed'];
}

const DEFAULT_LIMIT = 1_000;

/** Whether a key is one of those that a query names, by `name` or `namespace/name`; none: all. */
const isOneOf = (wanted: string | undefined, key: string): boolean =>
  wanted === undefined ||
  wanted === '' ||
  wanted.split(',').some((one) => key === one || key.endsWith(`/${one}`));

/** Adds up what may not be known; `null` where none is. */
const plus = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b);

/** The answer of GET /routes. Throws CollectorError `cursor_invalid`. */
export function routesAnswer(parts: RouteParts, query: RoutesQuery, now: number): Routes {
  const start = cursorOffset(query.cursor);
  const limit = query.limit ?? DEFAULT_LIMIT;
  const isNodeWanted = nodeTest(query.node);
  const told = toldRoutes(parts, query, { now, isNodeWanted });
  const asked = query.source !== undefined || query.destination !== undefined;
  const taken = takenRoutes(parts, query);
  // Of numbers that nobody names no node and no service is known.
  if (query.node === undefined && query.service === undefined) {
    for (const [number, requests] of taken)
      if (!told.has(number)) told.set(number, unnamed(number, requests));
  }
  const items = [...told.values()]
    .filter(({ number }) => !asked || taken.has(number))
    .map((route) => (asked ? { ...route, between: { requests: taken.get(route.number) ?? 0 } } : route))
    .sort(inOrder);
  return {
    items: items.slice(start, start + limit),
    next: start + limit < items.length ? offsetCursor(start + limit) : null,
    total: items.length,
    nodes: nativeNodes(parts, query.service, { now, isNodeWanted }),
  };
}

function nodeTest(wanted: string | undefined): (node: string) => boolean {
  if (wanted === undefined || wanted === '') return () => true;
  const names = new Set(wanted.split(','));
  return (node) => names.has(node);
}

interface At {
  readonly now: number;
  readonly isNodeWanted: (node: string) => boolean;
}

/** Routes by number as nodes tell of them. */
function toldRoutes({ agents }: RouteParts, query: RoutesQuery, at: At): Map<number, MeshRoute> {
  const routes = new Map<number, Gathered>();
  for (const [node, native] of agents.native.nodes()) {
    if (!at.isNodeWanted(node)) continue;
    const isHere = agents.isReporting(node, at.now);
    for (const row of native.rows()) {
      const { route } = row;
      if (!isOneOf(query.service, route.service)) continue;
      let gathered = routes.get(route.number);
      if (gathered === undefined) {
        gathered = { route, nodes: new Set(), backends: new Map() };
        routes.set(route.number, gathered);
      }
      gathered.nodes.add(node);
      addRow(gathered, row, isHere ? row.perSecond(at.now) : null);
    }
  }
  return new Map([...routes].map(([number, gathered]) => [number, routeOf(gathered)]));
}

/** One route as it is added up over nodes. */
interface Gathered {
  readonly route: NativeRoute;
  readonly nodes: Set<string>;
  readonly backends: Map<string, Omit<RouteBackend, 'wantedShare' | 'seenShare'>>;
}

function addRow({ backends }: Gathered, { route, total }: NativeRow, perSecond: number | null): void {
  const key = route.backend ?? '';
  const before = backends.get(key);
  backends.set(key, {
    backend: route.backend,
    weight: route.weight,
    requests: (before?.requests ?? 0) + total.requests,
    perSecond: plus(before?.perSecond ?? null, perSecond),
    rejected: (before?.rejected ?? 0) + total.rejected,
    limited: (before?.limited ?? 0) + total.limited,
  });
}

function routeOf({ route, nodes, backends }: Gathered): MeshRoute {
  const rows = [...backends.values()].sort((a, b) => b.weight - a.weight || b.requests - a.requests);
  const weights = rows.reduce((sum, { weight }) => sum + weight, 0);
  const perSecond = rows.reduce<number | null>((sum, row) => plus(sum, row.perSecond), null);
  const sum = (read: (row: (typeof rows)[number]) => number): number =>
    rows.reduce((total, row) => total + read(row), 0);
  return {
    number: route.number,
    service: route.service,
    route: route.route,
    rule: route.rule,
    match: route.match,
    backends: rows.map((row) => ({
      ...row,
      wantedShare: weights > 0 && row.backend !== null ? row.weight / weights : null,
      seenShare: perSecond !== null && perSecond > 0 ? (row.perSecond ?? 0) / perSecond : null,
    })),
    nodes: [...nodes].sort(),
    between: null,
    requests: sum((row) => row.requests),
    perSecond,
    rejected: sum((row) => row.rejected),
    limited: sum((row) => row.limited),
  };
}

/** A route that requests took and no node tells of. */
const unnamed = (number: number, requests: number): MeshRoute => ({
  number,
  service: null,
  route: null,
  rule: null,
  match: null,
  backends: [],
  nodes: [],
  between: null,
  requests,
  perSecond: null,
  rejected: 0,
  limited: 0,
});

/** By number the requests that took a route, between the workloads of a query where it names some. */
function takenRoutes({ taken, edges, placements }: RouteParts, query: RoutesQuery): Map<number, number> {
  const routes = new Map<number, number>();
  for (let slot = 0; slot < taken.count; slot++) {
    const pair = taken.pair(slot);
    const isEnd = (wanted: string | undefined, workload: number): boolean =>
      isNamed(wanted, groupOf('workload', placements.get(workload), ''));
    if (!isEnd(query.source, edges.pairs.source(pair))) continue;
    if (!isEnd(query.destination, edges.pairs.destination(pair))) continue;
    const number = taken.number(slot);
    routes.set(number, (routes.get(number) ?? 0) + taken.requests(slot));
  }
  return routes;
}

/** Those without a name last. */
const inOrder = (a: MeshRoute, b: MeshRoute): number =>
  compare(a.service, b.service) ||
  compare(a.route, b.route) ||
  (a.rule ?? 0) - (b.rule ?? 0) ||
  compare(a.match, b.match) ||
  a.number - b.number;

const compare = (a: string | null, b: string | null): number =>
  a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1;

function nativeNodes(
  { agents, engineOf }: RouteParts,
  service: string | undefined,
  { now, isNodeWanted }: At,
): NativeNode[] {
  const nodes: NativeNode[] = [];
  for (const [node, native] of agents.native.nodes()) {
    if (!isNodeWanted(node)) continue;
    const { module, routes, routesTotal, notExpressible, notExpressibleTotal } = native.report;
    nodes.push({
      node,
      state: agents.stateOf(node, now),
      engine: engineOf(node),
      at: toTime(native.at),
      module,
      routesTold: routes.length,
      routesTotal,
      fallbacks: native.fallbacks(now),
      notExpressible: notExpressible.filter((one) => isOneOf(service, one.service)),
      notExpressibleTotal,
    });
  }
  return nodes.sort((a, b) => (a.node < b.node ? -1 : 1));
}
