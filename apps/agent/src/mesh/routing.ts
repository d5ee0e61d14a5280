// SPDX-License-Identifier: Apache-2.0
import {
  type HttpRoute,
  type MatchCandidate,
  type Mesh,
  type ObjectKey,
  objectKey,
  orderMatches,
  type Service,
  type Waypoint,
  type WeightedBackend,
} from '@undermesh/mesh';
import { type MeshMap, type newTables, ROUTE_MAPS } from './contents.js';
import { layoutOf } from './layout.js';
import { conditionsOf, pathProblem, ruleProblem } from './route-conditions.js';
import { layOutTable, type OutlinedMatch, type OutlinedRule } from './route-table.js';

/** A service whose routes the kernel cannot go by: it is served by its waypoint, or without routes. */
export interface NotExpressible {
  readonly service: ObjectKey;
  readonly reason: string;
}

/** Numbers that tables of routes are written with. */
export interface RouteNumbers {
  /** Of slot sets, by their key. */
  readonly slotSets: ReadonlyMap<string, number>;
  readonly services: ReadonlyMap<ObjectKey, number>;
  /** Of tables, by {@link portTable} and {@link waypointTable}. */
  readonly routeTables: ReadonlyMap<string, number>;
  /** Of the matches of routes, by {@link routeNames}. */
  readonly routes: ReadonlyMap<string, number>;
}

/** Names of the tables of routes: of a service's port, and of a waypoint. */
export const portTable = (service: Service, port: number): string => `${objectKey(service)} ${port}`;
export const waypointTable = (waypoint: Waypoint): string => `waypoint ${objectKey(waypoint)}`;

/** `namespace/name#rule#match`, both from 1. */
export const routeName = (route: HttpRoute, rule: number, match: number): string =>
  `${objectKey(route)}#${rule}#${match}`;

const names = new WeakMap<HttpRoute, readonly string[]>();

/** The names of a route's matches. */
export function routeNames(route: HttpRoute): readonly string[] {
  const known = names.get(route);
  if (known !== undefined) return known;
  const all = route.rules.flatMap(({ matches }, rule) =>
    matches.map((_, match) => routeName(route, rule + 1, match + 1)),
  );
  names.set(route, all);
  return all;
}

/** A table of routes in all maps, and which families it can serve. */
export interface RouteTable {
  readonly routesId: number;
  readonly tables: ReturnType<typeof newTables>;
  readonly families: Families;
}

type Families = { readonly v4: boolean; readonly v6: boolean };

/** What a table is made for. */
export interface TableRequest {
  readonly name: string;
  readonly routes: readonly HttpRoute[];
  /** Host names count: its parent is a waypoint. */
  readonly byHostname: boolean;
  readonly nextId: number;
  readonly refuses: boolean;
}

/** Lays a table of routes out for the kernel; or says why it cannot be. */
export function compileTable(request: TableRequest, mesh: Mesh, numbers: RouteNumbers): RouteTable | string {
  const { name, routes, byHostname, nextId, refuses } = request;
  const routesId = numbers.routeTables.get(name) ?? 0;
  const candidates = orderMatches(routes, { byHostname });
  const rules = new Map<MatchCandidate['rule'], { readonly index: number; readonly outline: OutlinedRule }>();
  const matches: OutlinedMatch[] = [];
  const families = { v4: true, v6: true };
  for (const { route, rule, match, hostname } of candidates) {
    const problem = pathProblem(match.path) ?? ruleProblem(rule);
    const conditions = conditionsOf(match);
    const number = route.rules.indexOf(rule) + 1;
    const where = `route ${objectKey(route)}, rule ${number}: `;
    if (problem !== null) return where + problem;
    if (typeof conditions === 'string') return where + conditions;
    let known = rules.get(rule);
    if (known === undefined) {
      const outline = outlineRule({ route, number }, mesh, numbers);
      if (typeof outline === 'string') return where + outline;
      known = { index: rules.size, outline };
      rules.set(rule, known);
      for (const { slotsIds } of outline.backends)
        for (const family of ['v4', 'v6'] as const) families[family] &&= slotsIds[family] > 0;
    }
    const routeId = numbers.routes.get(routeName(route, number, rule.matches.indexOf(match) + 1)) ?? 0;
    const path = { kind: match.path.kind === 'exact' ? 'exact' : 'prefix', value: match.path.value } as const;
    matches.push({ hostname, path, method: match.method, conditions, routeId, rule: known.index });
  }
  const outlines = [...rules.values()].map(({ outline }) => outline);
  const tables = layOutTable({ name, routesId, nextId, refuses, matches, rules: outlines });
  return typeof tables === 'string' ? tables : { routesId, tables, families };
}

function outlineRule(
  { route, number }: { readonly route: HttpRoute; readonly number: number },
  mesh: Mesh,
  numbers: RouteNumbers,
): OutlinedRule | string {
  const backends: OutlinedRule['backends'][number][] = [];
  for (const [at, backend] of (route.rules[number - 1]?.backends ?? []).entries()) {
    if (backend.weight === 0) continue;
    const key = objectKey(backend.service);
    const service = mesh.services.get(key);
    const slotsIds = service === undefined ? NOWHERE : slotsOf(service, backend, numbers);
    if (slotsIds.v4 === 0 && slotsIds.v6 === 0)
      return `its backend ${key} has no address at port ${backend.port}`;
    backends.push({
      number: at + 1,
      weight: backend.weight,
      serviceId: numbers.services.get(key) ?? 0,
      slotsIds,
    });
  }
  const id = numbers.routes.get(routeName(route, number, 1)) ?? 0;
  return { backends, limit: route.rateLimit === null ? null : { ...route.rateLimit, id } };
}

const NOWHERE = { v4: 0, v6: 0 };

/** Numbers of the slot sets that a backend's requests go to. */
function slotsOf(service: Service, { port }: WeightedBackend, { slotSets }: RouteNumbers): typeof NOWHERE {
  const { virtualAddresses } = layoutOf(service);
  const idOf = (family: 'v4' | 'v6'): number => {
    const at = virtualAddresses.find(
      (each) => each.family === family && each.port.port === port && each.port.protocol === 'tcp',
    );
    return (at && slotSets.get(at.slotSet.key)) ?? 0;
  };
  return { v4: idOf('v4'), v6: idOf('v6') };
}

/** Whether a route is for a port of a service. */
export const isFor = (route: HttpRoute, service: Service, port: number): boolean =>
  route.parents.some(
    (parent) =>
      parent.kind === 'service' &&
      objectKey(parent) === objectKey(service) &&
      (parent.port === null || parent.port === port),
  );

/** The tables that a service's requests are asked for by, by port; and why a port has none although it has routes. */
export interface ServiceRouting {
  readonly tables: ReadonlyMap<number, RouteTable>;
  readonly notExpressible: string | null;
}

/**
 * Finds tables for what a mesh says: each is laid out once for the same routes and numbers. The maps have room for so many
 * entries of each kind: waypoints are given it first, then services as they are asked for, each once.
 */
export class Router {
  readonly #mesh: Mesh;
  readonly #numbers: RouteNumbers;
  readonly #room: Map<MeshMap, number>;
  readonly #waypoints = new Map<ObjectKey, RouteTable | string>();

  constructor(mesh: Mesh, numbers: RouteNumbers, room: number) {
    this.#mesh = mesh;
    this.#numbers = numbers;
    this.#room = new Map(ROUTE_MAPS.map((map) => [map, room]));
    for (const [key, waypoint] of mesh.waypoints) {
      const table = this.#ofWaypoint(waypoint);
      if (table === null) continue;
      const fits = typeof table === 'string' || this.#take([table]);
      this.#waypoints.set(key, fits ? table : NO_ROOM);
    }
  }

  /** The tables of all waypoints that have routes the kernel can go by. */
  ofWaypoints(): RouteTable[] {
    return [...this.#waypoints.values()].filter((table) => typeof table !== 'string');
  }

  ofService(service: Service): ServiceRouting {
    const next = service.waypoint === null ? undefined : this.#waypoints.get(objectKey(service.waypoint));
    if (service.routes.length === 0 && next === undefined) return UNROUTED;
    if (typeof next === 'string') return { ...UNROUTED, notExpressible: next };
    const known = routings.get(service);
    const isKnown = known?.numbers === this.#numbers && known.next === next;
    const routing = isKnown ? known.routing : this.#route(service, next ?? null);
    if (!isKnown) routings.set(service, { numbers: this.#numbers, next, routing });
    return this.#take([...routing.tables.values()]) ? routing : { ...UNROUTED, notExpressible: NO_ROOM };
  }

  /** Whether there is room for these, which is theirs then. */
  #take(tables: readonly RouteTable[]): boolean {
    const needs = ROUTE_MAPS.map(
      (map) => [map, tables.reduce((sum, table) => sum + table.tables[map].size, 0)] as const,
    );
    if (needs.some(([map, need]) => need > (this.#room.get(map) ?? 0))) return false;
    for (const [map, need] of needs) this.#room.set(map, (this.#room.get(map) ?? 0) - need);
    return true;
  }

  #route(service: Service, next: RouteTable | null): ServiceRouting {
    const tables = new Map<number, RouteTable>();
    let notExpressible: string | null = null;
    for (const { port, http } of service.ports) {
      const routes = service.routes.filter((route) => isFor(route, service, port));
      if (!http || (routes.length === 0 && next === null)) continue;
      const table = this.#ofPort(service, { port, routes, next });
      if (typeof table === 'string') notExpressible ??= table;
      else tables.set(port, table);
    }
    return { tables, notExpressible };
  }

  #ofPort(
    service: Service,
    of: { readonly port: number; readonly routes: readonly HttpRoute[]; readonly next: RouteTable | null },
  ): RouteTable | string {
    const { port, routes, next } = of;
    const request = {
      name: portTable(service, port),
      routes,
      byHostname: false,
      nextId: next?.routesId ?? 0,
      refuses: routes.length > 0,
    };
    const table = compileTable(request, this.#mesh, this.#numbers);
    if (typeof table === 'string') return table;
    for (const [family, word] of [
      ['v4', 'IPv4'],
      ['v6', 'IPv6'],
    ] as const)
      if (
        service.addresses[family].length > 0 &&
        !(table.families[family] && (next?.families[family] ?? true))
      )
        return `it has an ${word} address, and a backend of its routes has none`;
    return table;
  }

  /** `null`: it has no routes. */
  #ofWaypoint(waypoint: Waypoint): RouteTable | string | null {
    if (waypoint.routes.length === 0) return null;
    const known = waypointTables.get(waypoint);
    if (known?.numbers === this.#numbers) return known.table;
    const { routes } = waypoint;
    const request = { name: waypointTable(waypoint), routes, byHostname: true, nextId: 0, refuses: false };
    const table = compileTable(request, this.#mesh, this.#numbers);
    waypointTables.set(waypoint, { numbers: this.#numbers, table });
    return table;
  }
}

const NO_ROOM = 'the kernel has no room for its routes: raise agent.mesh.limits.routes';
const UNROUTED: ServiceRouting = { tables: new Map(), notExpressible: null };

const routings = new WeakMap<
  Service,
  {
    readonly numbers: RouteNumbers;
    readonly next: RouteTable | undefined;
    readonly routing: ServiceRouting;
  }
>();
const waypointTables = new WeakMap<
  Waypoint,
  { readonly numbers: RouteNumbers; readonly table: RouteTable | string }
>();
