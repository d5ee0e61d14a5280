// SPDX-License-Identifier: Apache-2.0
import type { Declaration } from '../kubernetes/declaration.js';
import { type HttpRoute, type Mesh, type ObjectKey, objectKey, type Waypoint } from '../model.js';
import type { Problem } from '../problem.js';
import { Catalogue } from './catalogue.js';
import { type Places, placesOf } from './endpoints.js';
import { attachRoutes } from './routes.js';
import { type BuiltServices, buildServices } from './services.js';
import { share, shareMap, sorted } from './share.js';

/** What declarations come to. */
export interface Assembly {
  /** `null` where a problem is an error. */
  readonly mesh: Mesh | null;
  readonly problems: readonly Problem[];
}

/** The last mesh without errors, and what its services were made of. */
interface Standing {
  readonly mesh: Mesh;
  readonly places: Places;
  readonly services: BuiltServices;
}

/**
 * Puts declarations together to a mesh, in whatever order they come. It remembers the last good mesh, whose unchanged
 * objects the next one is made of; with nothing changed it is the same mesh.
 */
export class Assembler {
  #standing: Standing | undefined;

  assemble(declarations: Iterable<Declaration>): Assembly {
    const before = this.#standing;
    const catalogue = new Catalogue(declarations);
    const nodes = nodesOf(catalogue, before?.mesh.nodes);
    const places = before?.places.nodes === nodes ? before.places : placesOf(nodes);
    const routes = attachRoutes(catalogue, routesOf(catalogue, before?.mesh));
    const waypoints = waypointsOf(catalogue, routes.ofWaypoints, before?.mesh.waypoints);
    const services = buildServices(before?.services ?? new Map(), {
      catalogue,
      places,
      waypoints,
      routes: routes.ofServices,
    });
    const { problems } = catalogue;
    if (problems.some((problem) => problem.severity === 'error')) return { mesh: null, problems };
    const entries = [...services].map(([key, { service }]) => [key, service] as const);
    const mesh = shareMesh(before?.mesh, {
      services: shareMap(before?.mesh.services, sorted(entries)),
      waypoints,
      nodes,
    });
    this.#standing = { mesh, places, services };
    return { mesh, problems };
  }
}

const shareMesh = (before: Mesh | undefined, now: Mesh): Mesh =>
  before?.services === now.services && before.waypoints === now.waypoints && before.nodes === now.nodes
    ? before
    : now;

function nodesOf(catalogue: Catalogue, before: Mesh['nodes'] | undefined): Mesh['nodes'] {
  const nodes = [...catalogue.nodes.values()].map(
    ({ name, node }) => [name, share(before?.get(name), node)] as const,
  );
  return shareMap(before, sorted(nodes));
}

/** Routes by key; one that a service or waypoint of before has, if it is equal. */
function routesOf(catalogue: Catalogue, before: Mesh | undefined): ReadonlyMap<ObjectKey, HttpRoute> {
  const known = new Map<ObjectKey, HttpRoute>();
  for (const { routes } of [...(before?.services.values() ?? []), ...(before?.waypoints.values() ?? [])])
    for (const route of routes) known.set(objectKey(route), route);
  return new Map([...catalogue.routes].map(([key, { route }]) => [key, share(known.get(key), route)]));
}

function waypointsOf(
  catalogue: Catalogue,
  routes: ReadonlyMap<ObjectKey, readonly HttpRoute[]>,
  before: Mesh['waypoints'] | undefined,
): Mesh['waypoints'] {
  const waypoints: [ObjectKey, Waypoint][] = [];
  for (const { namespace, name, waypoint } of catalogue.gateways.values()) {
    if (waypoint === null) continue;
    const key = objectKey({ namespace, name });
    const now = { namespace, name, ...waypoint, routes: routes.get(key) ?? [] };
    waypoints.push([key, share(before?.get(key), now)]);
  }
  return shareMap(before, sorted(waypoints));
}
