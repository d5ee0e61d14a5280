// SPDX-License-Identifier: Apache-2.0
import { closest } from './closest.js';
import type { Declaration, Origin } from './declaration.js';
import { readEndpointSlice } from './endpoint-slice.js';
import type { Field } from './field.js';
import { readGateway } from './gateway.js';
import { readHttpRoute } from './http-route.js';
import { readNamespace } from './namespace.js';
import { readNode } from './node.js';
import { readService } from './service.js';

interface Kind {
  readonly apiVersions: readonly [string, ...string[]];
  readonly top: readonly string[];
  read(object: Field, origin: Origin): Declaration | null;
}

const COMMON = ['apiVersion', 'kind', 'metadata'];
const WHOLE = [...COMMON, 'spec', 'status'];
const GATEWAY_API = ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'] as const;

const KINDS: Readonly<Record<Declaration['kind'], Kind>> = {
  Service: { apiVersions: ['v1'], top: WHOLE, read: readService },
  EndpointSlice: {
    apiVersions: ['discovery.k8s.io/v1'],
    top: [...COMMON, 'addressType', 'endpoints', 'ports'],
    read: readEndpointSlice,
  },
  HTTPRoute: { apiVersions: GATEWAY_API, top: WHOLE, read: readHttpRoute },
  Gateway: { apiVersions: GATEWAY_API, top: WHOLE, read: readGateway },
  Namespace: { apiVersions: ['v1'], top: WHOLE, read: readNamespace },
  Node: { apiVersions: ['v1'], top: WHOLE, read: readNode },
};
const NAMES = Object.keys(KINDS) as Declaration['kind'][];

/** `List`, `ServiceList` and the like hold objects in `items`. */
export const isList = (object: Field): boolean => {
  const { value } = object.get('kind');
  return value === 'List' || NAMES.some((name) => value === `${name}List`);
};

/** `Service shop/cart`, as far as the object says so. */
export function describe(object: Field): string {
  const word = (field: Field): string => (typeof field.value === 'string' ? field.value : '');
  const metadata = object.get('metadata');
  const namespace = word(metadata.get('namespace'));
  const name = word(metadata.get('name'));
  return `${word(object.get('kind'))} ${namespace === '' ? name : `${namespace}/${name}`}`.trim();
}

/** Reads one object. `null` for one that is of no use to the mesh, which has been reported. */
export function readObject(object: Field, origin: Origin): Declaration | null {
  const field = object.get('kind');
  const name = NAMES.find((known) => known === field.value);
  if (name === undefined) {
    const near = typeof field.value === 'string' ? closest(field.value, NAMES) : null;
    if (near !== null) field.wrong(`write ${near}`);
    else if (typeof field.value === 'string' && field.value !== '')
      field.warn(
        `objects of kind ${field.value} are not looked at`,
        `the mesh is made of ${NAMES.join(', ')}`,
      );
    else field.wrong(`say what this is: one of ${NAMES.join(', ')}, List`);
    return null;
  }
  const kind = KINDS[name];
  object.get('apiVersion').oneOf(kind.apiVersions);
  return kind.read(object.map(kind.top), origin);
}
