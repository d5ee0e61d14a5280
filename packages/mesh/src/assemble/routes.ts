// SPDX-License-Identifier: Apache-2.0
import type { HttpRouteDeclaration } from '../kubernetes/declaration.js';
import { type HttpRoute, type ObjectKey, objectKey, type RouteParent } from '../model.js';
import type { Catalogue } from './catalogue.js';

/** Routes by the key of their parent, oldest first, then by key. */
export interface AttachedRoutes {
  readonly ofServices: ReadonlyMap<ObjectKey, readonly HttpRoute[]>;
  readonly ofWaypoints: ReadonlyMap<ObjectKey, readonly HttpRoute[]>;
}

/** Attaches each route to those of its parents that are of this mesh; what it refers to in vain is a problem. */
export function attachRoutes(
  catalogue: Catalogue,
  routes: ReadonlyMap<ObjectKey, HttpRoute>,
): AttachedRoutes {
  const ofServices = new Map<ObjectKey, HttpRoute[]>();
  const ofWaypoints = new Map<ObjectKey, HttpRoute[]>();
  for (const [key, route] of routes) {
    const declaration = catalogue.routes.get(key);
    if (declaration === undefined) continue;
    checkBackends(catalogue, declaration);
    const attached = new Set<string>();
    route.parents.forEach((parent, at) => {
      const parentKey = objectKey(parent);
      if (!checkParent(catalogue, declaration, at) || attached.has(`${parent.kind} ${parentKey}`)) return;
      attached.add(`${parent.kind} ${parentKey}`);
      const index = parent.kind === 'service' ? ofServices : ofWaypoints;
      const list = index.get(parentKey);
      if (list === undefined) index.set(parentKey, [route]);
      else list.push(route);
    });
    warnOfHostnames(catalogue, declaration);
  }
  for (const list of [...ofServices.values(), ...ofWaypoints.values()]) list.sort(oldestFirst);
  return { ofServices, ofWaypoints };
}

const oldestFirst = (one: HttpRoute, other: HttpRoute): number =>
  one.createdAtMs - other.createdAtMs || (objectKey(one) < objectKey(other) ? -1 : 1);

function checkParent(catalogue: Catalogue, declaration: HttpRouteDeclaration, at: number): boolean {
  const parent = declaration.route.parents[at];
  if (parent === undefined) return false;
  if (parent.kind === 'service') return checkService(catalogue, declaration, { parent, at });
  const gateway = catalogue.gateways.get(objectKey(parent));
  if (gateway === undefined)
    catalogue.error(
      declaration,
      ['spec', 'parentRefs', at, 'name'],
      [`there is no Gateway ${objectKey(parent)}`, 'name one that is declared, or write kind: Service'],
    );
  return gateway !== undefined && gateway.waypoint !== null;
}

function checkService(
  catalogue: Catalogue,
  declaration: HttpRouteDeclaration,
  { parent, at }: { readonly parent: RouteParent; readonly at: number },
): boolean {
  const key = objectKey(parent);
  const service = catalogue.services.get(key);
  if (service === undefined) {
    catalogue.error(
      declaration,
      ['spec', 'parentRefs', at, 'name'],
      [`there is no Service ${key}`, 'name one that is declared'],
    );
    return false;
  }
  const ports = service.ports.filter((port) => parent.port === null || port.port === parent.port);
  if (ports.some((port) => port.http)) return true;
  const which = parent.port === null ? `no port of Service ${key}` : `port ${parent.port} of Service ${key}`;
  catalogue.error(
    declaration,
    ['spec', 'parentRefs', at, parent.port === null ? 'name' : 'port'],
    ports.length === 0
      ? [
          `there is no ${which.replace(/^no /, '')}`,
          `give one of ${service.ports.map((port) => port.port).join(', ')}`,
        ]
      : [
          parent.port === null
            ? `${which} is declared to speak HTTP`
            : `${which} is not declared to speak HTTP`,
          'give the port appProtocol: http',
        ],
  );
  return false;
}

function checkBackends(catalogue: Catalogue, declaration: HttpRouteDeclaration): void {
  declaration.route.rules.forEach((rule, ruleAt) => {
    rule.backends.forEach((backend, at) => {
      const path = ['spec', 'rules', ruleAt, 'backendRefs', at];
      const key = objectKey(backend.service);
      const service = catalogue.services.get(key);
      if (service === undefined)
        catalogue.error(
          declaration,
          [...path, 'name'],
          [`there is no Service ${key}`, 'name one that is declared'],
        );
      else if (!service.ports.some((port) => port.port === backend.port && port.protocol === 'tcp'))
        catalogue.error(
          declaration,
          [...path, 'port'],
          [
            `Service ${key} has no TCP port ${backend.port}`,
            `give one of ${service.ports.map((port) => port.port).join(', ')}`,
          ],
        );
    });
  });
}

function warnOfHostnames(catalogue: Catalogue, declaration: HttpRouteDeclaration): void {
  const { hostnames, parents } = declaration.route;
  if (hostnames.length === 0 || parents.some((parent) => parent.kind === 'waypoint')) return;
  catalogue.warn(
    declaration,
    ['spec', 'hostnames'],
    ['spec.hostnames is not looked at', 'a route of a Service goes by the address; use a Gateway as parent'],
  );
}
