// SPDX-License-Identifier: Apache-2.0
import type { MeshRoute, RouteBackend } from '@undermesh/schema';
import type { Line } from '../output/line.js';
import type { Column } from '../output/table.js';
import { ABSENT, formatNumber, formatRate, formatShare } from './figures.js';

/** A route with one of its backends; routes that no node names have none. */
export interface RouteRow {
  readonly route: MeshRoute;
  readonly backend: RouteBackend | null;
  /** The others leave out what a route's rows share. */
  readonly isFirst: boolean;
}

/** One row a backend. */
export const routeRows = (routes: readonly MeshRoute[]): RouteRow[] =>
  routes.flatMap((route) => {
    const backends = route.backends.length === 0 ? [null] : route.backends;
    return backends.map((backend, at) => ({ route, backend, isFirst: at === 0 }));
  });

/** What a route takes, or its number where no node tells what it is. */
export const routeName = ({ match, number }: Pick<MeshRoute, 'match' | 'number'>): string =>
  match === null ? `route ${number}` : match === '' ? 'every request' : match;

/** `shop/canary, rule 2`, counted from 1. */
export const ruleName = ({ route, rule }: Pick<MeshRoute, 'route' | 'rule'>): string =>
  route === null ? ABSENT : `${route}, rule ${(rule ?? 0) + 1}`;

const once =
  (of: (route: MeshRoute) => string) =>
  ({ route, isFirst }: RouteRow): Line => [isFirst ? of(route) : ''];
const refused = (count: number): Line => [count === 0 ? '0' : { text: formatNumber(count), style: 'yellow' }];
const hits = ({ route, backend }: RouteRow): MeshRoute | RouteBackend => backend ?? route;

/** Columns of `undermesh routes`. */
export const ROUTE_COLUMNS: readonly Column<RouteRow>[] = [
  { header: 'Service', elastic: true, cell: once(({ service }) => service ?? ABSENT) },
  { header: 'Request', elastic: true, cell: once(routeName) },
  { header: 'Route', elastic: true, minor: 3, cell: once(ruleName) },
  {
    header: 'Backend',
    elastic: true,
    cell: ({ backend }) => [backend === null ? ABSENT : (backend.backend ?? 'none: refused')],
  },
  {
    header: 'Share',
    align: 'right',
    minor: 1,
    cell: ({ backend }) => [formatShare(backend?.seenShare)],
  },
  {
    header: 'Of weight',
    align: 'right',
    minor: 2,
    cell: ({ backend }) => [formatShare(backend?.wantedShare)],
  },
  { header: 'Requests/s', align: 'right', cell: (row) => [formatRate(hits(row).perSecond)] },
  { header: 'Total', align: 'right', cell: (row) => [formatNumber(hits(row).requests)] },
  { header: 'Rejected', align: 'right', cell: (row) => refused(hits(row).rejected) },
  { header: 'Limited', align: 'right', cell: (row) => refused(hits(row).limited) },
];
