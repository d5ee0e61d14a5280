// SPDX-License-Identifier: Apache-2.0
import type { MeshRoute, NativeNode, RouteBackend } from '@undermesh/schema';

/** A route with one of its backends; routes without any have one row. */
export interface RouteRow {
  key: string;
  route: MeshRoute;
  backend: RouteBackend | null;
  /** The first row of its route: the others leave out what they share. */
  isFirst: boolean;
}

/** How routes are ordered. Backends stay with their route. */
export const ROUTE_ORDERS = ['service', 'rate', 'requests', 'rejected', 'limited'] as const;
export type RouteOrder = (typeof ROUTE_ORDERS)[number];

/** What a route is called where only one line is left: its match, or its number where nobody tells what it is. */
export const routeName = ({ match, number }: Pick<MeshRoute, 'match' | 'number'>): string =>
  match === null ? `route ${number}` : match === '' ? 'every request' : match;

/** `shop/canary, rule 2`, counted from 1 as people do. */
export const ruleName = ({ route, rule }: Pick<MeshRoute, 'route' | 'rule'>): string | null =>
  route === null ? null : `${route}, rule ${(rule ?? 0) + 1}`;

export const rowKey = (route: MeshRoute, backend: RouteBackend | null): string =>
  `${route.number} ${backend?.backend ?? ''}`;

const figureOf: Record<Exclude<RouteOrder, 'service'>, (route: MeshRoute) => number> = {
  rate: (route) => route.perSecond ?? -1,
  requests: (route) => route.requests,
  rejected: (route) => route.rejected,
  limited: (route) => route.limited,
};

/** Routes whose names hold every word of a text. */
function findRoutes(routes: readonly MeshRoute[], find: string): readonly MeshRoute[] {
  const words = find
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return routes;
  return routes.filter((route) => {
    const text = [
      route.service,
      routeName(route),
      ruleName(route),
      ...route.backends.map(({ backend }) => backend ?? 'no backend'),
    ]
      .join(' ')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The table's rows: what a text finds, in order. The answer comes by service; among equals that order stays. */
export function routeRows(
  routes: readonly MeshRoute[],
  { find, order }: { find: string; order: RouteOrder },
): RouteRow[] {
  const found = findRoutes(routes, find);
  const figure = order === 'service' ? null : figureOf[order];
  const sorted = figure === null ? found : [...found].sort((a, b) => figure(b) - figure(a));
  return sorted.flatMap((route) => {
    const backends = route.backends.length === 0 ? [null] : route.backends;
    return backends.map((backend, at) => ({
      key: rowKey(route, backend),
      route,
      backend,
      isFirst: at === 0,
    }));
  });
}

/** Less traffic than this says nothing about shares: requests in a minute. */
const ENOUGH = 200;

/**
 * Whether a backend gets clearly more or less than its weight asks for: beyond four standard errors of a fair draw, and
 * beyond two percent.
 */
export function isOffWeight(route: MeshRoute, { seenShare, wantedShare }: RouteBackend): boolean {
  if (seenShare === null || wantedShare === null || route.perSecond === null) return false;
  const requests = route.perSecond * 60;
  if (requests < ENOUGH) return false;
  const error = Math.sqrt((wantedShare * (1 - wantedShare)) / requests);
  return Math.abs(seenShare - wantedShare) > Math.max(4 * error, 0.02);
}

/** Services that some kernel cannot choose for, with the reason and the nodes that say so. */
export interface Unexpressed {
  service: string;
  reason: string;
  nodes: string[];
}

export function unexpressed(nodes: readonly NativeNode[]): Unexpressed[] {
  const found = new Map<string, Unexpressed>();
  for (const { node, notExpressible } of nodes) {
    for (const { service, reason } of notExpressible) {
      const key = `${service} ${reason}`;
      const known = found.get(key) ?? { service, reason, nodes: [] };
      found.set(key, { ...known, nodes: [...known.nodes, node] });
    }
  }
  return [...found.values()].sort((a, b) => (a.service < b.service ? -1 : 1));
}

/** How many nodes have kernel-native in force, of those that tell of it. */
export const nativeCount = (nodes: readonly NativeNode[]): number =>
  nodes.filter(({ engine }) => engine === 'kernel-native').length;
