// SPDX-License-Identifier: Apache-2.0
import { ROUTE_ORDERS, type RouteOrder } from './rows';

export const ROUTE_VIEWS = [
  { id: 'routes', name: 'Routes' },
  { id: 'nodes', name: 'Nodes and fallbacks' },
] as const;
export type RouteViewId = (typeof ROUTE_VIEWS)[number]['id'];

/** What the routes page shows, as it stands in the URL. */
export interface RoutesView {
  view: RouteViewId;
  find: string;
  /** Asked of the collector, comma-separated. */
  service: string | null;
  node: string | null;
  order: RouteOrder;
  /** Number of the route in the panel. */
  route: number | null;
}

/** Anything unknown becomes the default. */
export const routesViewOf = (parameters: URLSearchParams): RoutesView => ({
  view: ROUTE_VIEWS.find(({ id }) => id === parameters.get('view'))?.id ?? 'routes',
  find: parameters.get('find') ?? '',
  service: parameters.get('service'),
  node: parameters.get('node'),
  order: ROUTE_ORDERS.find((order) => order === parameters.get('sort')) ?? 'service',
  route: /^[1-9]\d{0,9}$/.test(parameters.get('route') ?? '') ? Number(parameters.get('route')) : null,
});
