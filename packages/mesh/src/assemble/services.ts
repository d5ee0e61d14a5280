// SPDX-License-Identifier: Apache-2.0
import type {
  Declaration,
  EndpointSliceDeclaration,
  ServiceDeclaration,
  WaypointChoice,
} from '../kubernetes/declaration.js';
import { USE_WAYPOINT } from '../kubernetes/waypoint-choice.js';
import {
  type HttpRoute,
  type ObjectKey,
  type ObjectName,
  objectKey,
  type Service,
  type Waypoint,
} from '../model.js';
import type { Catalogue } from './catalogue.js';
import { endpointsOf, type Places } from './endpoints.js';
import { share, shareItems } from './share.js';

/** A service as it was put together, and out of what. */
export interface Built {
  readonly inputs: readonly unknown[];
  readonly service: Service;
}

/** What all services are put together with. */
export interface Surroundings {
  readonly catalogue: Catalogue;
  readonly places: Places;
  readonly waypoints: ReadonlyMap<ObjectKey, Waypoint>;
  readonly routes: ReadonlyMap<ObjectKey, readonly HttpRoute[]>;
}

const NONE: readonly never[] = [];

/** Services by key, with what the next build needs to know of them. */
export type BuiltServices = Map<ObjectKey, Built>;

/**
 * Checks all services of a catalogue and puts them together, anew only where what they are made of has changed. One whose
 * slices do not fit it stays as it was; one whose waypoint cannot be used keeps the one it had, or is left out.
 */
export function buildServices(
  before: ReadonlyMap<ObjectKey, Built>,
  surroundings: Surroundings,
): BuiltServices {
  const { catalogue, places } = surroundings;
  const built = new Map<ObjectKey, Built>();
  for (const [key, declaration] of catalogue.services) {
    const slices = catalogue.slices.get(key) ?? NONE;
    const routes = surroundings.routes.get(key) ?? NONE;
    const old = before.get(key);
    const chosen = waypointOf(declaration, surroundings);
    checkPorts(catalogue, declaration, slices);
    if (old !== undefined && slices.some((slice) => catalogue.isFaulty(slice))) {
      built.set(key, old);
      continue;
    }
    if (chosen === undefined && old === undefined) continue;
    const waypoint = chosen === undefined ? (old?.service.waypoint ?? null) : chosen;
    warnOfRoutes(catalogue, routes, { key, waypoint });
    const inputs = [declaration, places, waypoint && objectKey(waypoint), ...slices, ...routes];
    if (old !== undefined && sameInputs(old.inputs, inputs)) {
      built.set(key, old);
      continue;
    }
    const endpoints = endpointsOf(declaration, slices, places);
    const service = put(declaration, {
      waypoint,
      endpoints: old === undefined ? endpoints : shareItems(old.service.endpoints, endpoints),
      routes,
    });
    built.set(key, { inputs, service: share(old?.service, service) });
  }
  for (const key of checkAddresses(catalogue, before)) {
    const old = before.get(key);
    if (old === undefined) built.delete(key);
    else built.set(key, old);
  }
  return built;
}

function put(
  declaration: ServiceDeclaration,
  rest: Pick<Service, 'waypoint' | 'endpoints' | 'routes'>,
): Service {
  const { namespace, name, addresses, ports, balancing, locality, maxConnections } = declaration;
  return { namespace, name, addresses, ports, balancing, locality, maxConnections, ...rest };
}

const sameInputs = (before: readonly unknown[], now: readonly unknown[]): boolean =>
  before.length === now.length && before.every((input, at) => input === now[at]);

/** The service's own choice, else its namespace's; `undefined` for one that cannot be used, which is reported where it is named. */
function waypointOf(
  service: ServiceDeclaration,
  { catalogue, waypoints }: Surroundings,
): ObjectName | null | undefined {
  const namespace = catalogue.namespaces.get(`/${service.namespace}`);
  const [choice, chooser]: [WaypointChoice, Declaration] =
    service.waypoint === null && namespace !== undefined
      ? [namespace.waypoint, namespace]
      : [service.waypoint, service];
  if (choice === null || choice === 'none') return null;
  const path = ['metadata', 'labels', USE_WAYPOINT];
  const waypoint = waypoints.get(objectKey(choice));
  if (waypoint === undefined) {
    catalogue.error(chooser, path, [
      `there is no waypoint ${objectKey(choice)}`,
      'declare a Gateway of that name with gatewayClassName: undermesh-waypoint, or write none',
    ]);
    return undefined;
  }
  let fits = true;
  for (const [family, word] of [
    ['v4', 'IPv4'],
    ['v6', 'IPv6'],
  ] as const)
    if (service.addresses[family].length > 0 && waypoint.addresses[family].length === 0) {
      fits = false;
      catalogue.error(chooser, path, [
        `Service ${objectKey(service)} has an ${word} address, but its waypoint ${objectKey(choice)} has none`,
        `give the Gateway an ${word} address too`,
      ]);
    }
  return fits ? { namespace: waypoint.namespace, name: waypoint.name } : undefined;
}

function checkPorts(
  catalogue: Catalogue,
  service: ServiceDeclaration,
  slices: readonly EndpointSliceDeclaration[],
): void {
  for (const slice of slices)
    slice.ports.forEach((port, at) => {
      if (service.ports.some(({ name, protocol }) => name === port.name && protocol === port.protocol))
        return;
      const what = port.name === '' ? 'port without a name' : `port named ${port.name}`;
      const known = service.ports.map(
        ({ name, protocol }) => `${name === '' ? '(no name)' : name}/${protocol}`,
      );
      catalogue.error(
        slice,
        ['ports', at, 'name'],
        [
          `Service ${objectKey(service)} has no ${port.protocol.toUpperCase()} ${what}`,
          `give one of ${known.join(', ')}`,
        ],
      );
    });
}

function warnOfRoutes(
  catalogue: Catalogue,
  routes: readonly HttpRoute[],
  { key, waypoint }: { readonly key: ObjectKey; readonly waypoint: ObjectName | null },
): void {
  if (waypoint !== null) return;
  for (const route of routes) {
    const declaration = catalogue.routes.get(objectKey(route));
    if (declaration === undefined) continue;
    catalogue.warn(
      declaration,
      ['spec', 'parentRefs'],
      [
        `Service ${key} has no waypoint: only the kernel-native engine routes by it`,
        `label the Service ${USE_WAYPOINT}`,
      ],
    );
  }
}

/** Each address, port and protocol belongs to one service, to one that was there before if any. Returns who loses. */
function checkAddresses(catalogue: Catalogue, before: ReadonlyMap<ObjectKey, Built>): Set<ObjectKey> {
  const losers = new Set<ObjectKey>();
  const owners = new Map<string, ServiceDeclaration>();
  const age = ([key]: readonly [ObjectKey, unknown]): number => (before.has(key) ? 0 : 1);
  for (const [key, service] of [...catalogue.services].sort((one, other) => age(one) - age(other)))
    for (const address of [...service.addresses.v4, ...service.addresses.v6])
      for (const { port, protocol } of service.ports) {
        const place = `${address} port ${port}/${protocol}`;
        const owner = owners.get(place);
        if (owner === undefined) owners.set(place, service);
        else {
          losers.add(key);
          catalogue.error(
            service,
            ['spec', 'clusterIP'],
            [
              `${place} is Service ${objectKey(owner)}'s already (${owner.origin.place})`,
              'give another address or port',
            ],
          );
        }
      }
  return losers;
}
