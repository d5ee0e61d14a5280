// SPDX-License-Identifier: Apache-2.0
import type { HttpRouteDeclaration } from '../kubernetes/declaration.js';
import { type HttpRoute, type ObjectKey, objectKey, type RouteParent } from '../model.js';
import type { Catalogue } from './catalogue.js';
import { share } from './share.js';

/** Routes by the key of their parent, oldest first, then by key. */
export interface AttachedRoutes {
  readonly ofServices: ReadonlyMap<ObjectKey, readonly HttpRoute[]>;
  readonly ofWaypoints: ReadonlyMap<ObjectKey, readonly HttpRoute[]>;
}

/**
 * Attaches each route to those of its parents that are of this mesh; what it refers to in vain is a problem, and the route
 * then as it was before, if it was. Routes of other classes' Gateways only are not looked at.
 */
export function attachRoutes(
  catalogue: Catalogue,
  before: ReadonlyMap<ObjectKey, HttpRoute>,
): AttachedRoutes {
  const ofServices = new Map<ObjectKey, HttpRoute[]>();
  const ofWaypoints = new Map<ObjectKey, HttpRoute[]>();
  for (const [key, declaration] of catalogue.routes) {
    if (isElsewhere(catalogue, declaration)) continue;
    checkBackends(catalogue, declaration);
    checkParents(catalogue, declaration);
    warnOfHostnames(catalogue, declaration);
    const old = before.get(key);
    const route = catalogue.isFaulty(declaration) ? old : share(old, declaration.route);
    if (route === undefined) continue;
    const attached = new Set<string>();
    for (const parent of route.parents) {
      const parentKey = objectKey(parent);
      if (!isOfMesh(catalogue, parent) || attached.has(`${parent.kind} ${parentKey}`)) continue;
      attached.add(`${parent.kind} ${parentKey}`);
      const index = parent.kind === 'service' ? ofServices : ofWaypoints;
      const list = index.get(parentKey);
      if (list === undefined) index.set(parentKey, [route]);
      else list.push(route);
    }
  }
  for (const list of [...ofServices.values(), ...ofWaypoints.values()]) list.sort(oldestFirst);
  return { ofServices, ofWaypoints };
}

const oldestFirst = (one: HttpRoute, other: HttpRoute): number =>
  one.createdAtMs - other.createdAtMs || (objectKey(one) < objectKey(other) ? -1 : 1);

/** Whether all its parents are Gateways of other classes: whoever runs those understands it. */
export const isElsewhere = (
  { gateways }: Pick<Catalogue, 'gateways'>,
  { route }: HttpRouteDeclaration,
): boolean =>
  route.parents.length > 0 &&
  route.parents.every(
    (parent) => parent.kind === 'waypoint' && gateways.get(objectKey(parent))?.waypoint === null,
  );

function isOfMesh({ services, gateways }: Catalogue, parent: RouteParent): boolean {
  const key = objectKey(parent);
  return parent.kind === 'service' ? services.has(key) : (gateways.get(key)?.waypoint ?? null) !== null;
}

function checkParents(catalogue: Catalogue, declaration: HttpRouteDeclaration): void {
  declaration.route.parents.forEach((parent, at) => {
    if (parent.kind === 'service') checkService(catalogue, declaration, { parent, at });
    else if (!catalogue.gateways.has(objectKey(parent)))
      catalogue.error(
        declaration,
        ['spec', 'parentRefs', at, 'name'],
        [`there is no Gateway ${objectKey(parent)}`, 'name one that is declared, or write kind: Service'],
      );
  });
}

function checkService(
  catalogue: Catalogue,
  declaration: HttpRouteDeclaration,
  { parent, at }: { readonly parent: RouteParent; readonly at: number },
): void {
  const key = objectKey(parent);
  const service = catalogue.services.get(key);
  if (service === undefined) {
    catalogue.error(
      declaration,
      ['spec', 'parentRefs', at, 'name'],
      [`there is no Service ${key}`, 'name one that is declared'],
    );
    return;
  }
  const ports = service.ports.filter((port) => parent.port === null || port.port === parent.port);
  if (ports.some((port) => port.http)) return;
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
