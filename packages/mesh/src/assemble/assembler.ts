// SPDX-License-Identifier: Apache-2.0
import type { Declaration } from '../kubernetes/declaration.js';
import {
  type HttpRoute,
  type Mesh,
  type ObjectKey,
  objectKey,
  type Service,
  type Waypoint,
} from '../model.js';
import type { Problem } from '../problem.js';
import { Catalogue } from './catalogue.js';
import { type Places, placesOf } from './endpoints.js';
import { attachRoutes } from './routes.js';
import { type BuiltServices, buildServices } from './services.js';
import { share, shareMap, sorted } from './share.js';

/** What an error costs. */
export interface AssemblerOptions {
  /** `everything`: there is no mesh then; `its service`: what the object belongs to stays as it was last without error. */
  readonly errorsCost: 'everything' | 'its service';
}

/** What declarations come to. */
export interface Assembly {
  /** `null` where a problem is an error that costs everything. */
  readonly mesh: Mesh | null;
  readonly problems: readonly Problem[];
}

/** The last mesh, and what its services were made of. */
interface Standing {
  readonly mesh: Mesh;
  readonly places: Places;
  readonly services: BuiltServices;
}

/**
 * Puts declarations together to a mesh, in whatever order they come. It remembers the last mesh, whose unchanged
 * objects the next one is made of; with nothing changed it is the same mesh.
 */
export class Assembler {
  readonly #options: AssemblerOptions;
  #standing: Standing | undefined;

  constructor(options: AssemblerOptions) {
    this.#options = options;
  }

  assemble(declarations: Iterable<Declaration>): Assembly {
    const before = this.#standing;
    const catalogue = new Catalogue(declarations);
    const nodes = nodesOf(catalogue, before?.mesh.nodes);
    const places = before?.places.nodes === nodes ? before.places : placesOf(nodes);
    const routes = attachRoutes(catalogue, routesOf(before?.mesh));
    const declared = waypointsOf(catalogue, routes.ofWaypoints, before?.mesh.waypoints);
    const services = buildServices(before?.services ?? new Map(), {
      catalogue,
      places,
      waypoints: declared,
      routes: routes.ofServices,
    });
    const { problems } = catalogue;
    const wrong = problems.some((problem) => problem.severity === 'error');
    if (wrong && this.#options.errorsCost === 'everything') return { mesh: null, problems };
    const waypoints = wrong && before !== undefined ? retain(services, declared, before) : declared;
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

/** Routes that services and waypoints have, by key. */
function routesOf(mesh: Mesh | undefined): ReadonlyMap<ObjectKey, HttpRoute> {
  const known = new Map<ObjectKey, HttpRoute>();
  for (const { routes } of [...(mesh?.services.values() ?? []), ...(mesh?.waypoints.values() ?? [])])
    for (const route of routes) known.set(objectKey(route), route);
  return known;
}

/**
 * What stayed as it was may refer to what is gone: that stays too. Adds backends of routes to `services`; returns all
 * waypoints.
 */
function retain(services: BuiltServices, waypoints: Mesh['waypoints'], before: Standing): Mesh['waypoints'] {
  const all = new Map(waypoints);
  const seen = new Set<ObjectKey>();
  const keepBackends = (routes: readonly HttpRoute[]): void => {
    for (const { service } of routes.flatMap(({ rules }) => rules.flatMap(({ backends }) => backends))) {
      const key = objectKey(service);
      const old = services.has(key) ? undefined : before.services.get(key);
      if (old === undefined) continue;
      services.set(key, old);
      keep(old.service);
    }
  };
  const keep = ({ waypoint, routes }: Service): void => {
    keepBackends(routes);
    if (waypoint === null || seen.has(objectKey(waypoint))) return;
    seen.add(objectKey(waypoint));
    const found = all.get(objectKey(waypoint)) ?? before.mesh.waypoints.get(objectKey(waypoint));
    if (found === undefined) return;
    all.set(objectKey(waypoint), found);
    keepBackends(found.routes);
  };
  for (const { service } of [...services.values()]) keep(service);
  return shareMap(before.mesh.waypoints, all.size === waypoints.size ? waypoints : sorted(all));
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
