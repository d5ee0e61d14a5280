// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type {
  Declaration,
  EndpointSliceDeclaration,
  Origin,
  ServiceDeclaration,
} from '../kubernetes/declaration.js';
import { Field } from '../kubernetes/field.js';
import { readMetadata } from '../kubernetes/metadata.js';
import { describe } from '../kubernetes/read.js';
import { readProtocol } from '../kubernetes/service.js';
import { type Address, byFamily, parseAddress } from '../kubernetes/values.js';
import { readWaypointChoice } from '../kubernetes/waypoint-choice.js';
import type { ServicePort } from '../model.js';
import { originOf } from './declared.js';
import { readPod } from './pod.js';

/** What a pod that names a waypoint declares; nothing where it has no address of its own, no port, or no waypoint after all. */
export interface PodService {
  readonly declarations: readonly Declaration[];
}

const NOTHING: PodService = { declarations: [] };

/**
 * A pod that names a waypoint is a service of its own, at its own addresses, of which it is the only endpoint: who connects
 * to it by address goes through that waypoint. Who connects to a service in front of it goes by that service's choice.
 */
export function readPodService(value: unknown, before: PodService | undefined): PodService {
  const now = read(value);
  return before !== undefined && isDeepStrictEqual(plain(before), plain(now)) ? before : now;
}

const plain = ({ declarations }: PodService): object[] =>
  declarations.map((declaration) => ({ ...declaration, origin: null }));

function read(value: unknown): PodService {
  const object = new Field(value, [], { report: () => {}, unknownFields: 'passed over' });
  const metadata = readMetadata(object, { namespaced: true, shortName: false, annotations: [], labels: [] });
  const { hostNetwork, finished, gateway } = readPod(value);
  const waypoint = readWaypointChoice(metadata, metadata.namespace);
  const addresses = addressesOf(object);
  const ports = portsOf(object);
  const none = waypoint === null || waypoint === 'none' || addresses.length === 0 || ports.length === 0;
  if (none || hostNetwork || finished || gateway !== null) return NOTHING;
  const { namespace } = metadata;
  const name = `${metadata.name}.pod`;
  const origin: Origin = originOf(describe(object));
  const service: ServiceDeclaration = {
    kind: 'Service',
    namespace,
    name,
    origin,
    addresses: byFamily(addresses),
    ports,
    balancing: 'weighted-random',
    locality: { mode: 'none', scopes: [] },
    maxConnections: null,
    waypoint,
    publishNotReady: true,
  };
  const node = object.get('spec').get('nodeName').value;
  const slice: EndpointSliceDeclaration = {
    kind: 'EndpointSlice',
    namespace,
    name,
    origin,
    service: { namespace, name },
    ports: ports.map(({ name: port, port: number, protocol }) => ({ name: port, port: number, protocol })),
    endpoints: addresses.map(({ text, family }) => ({
      address: text,
      family,
      ready: true,
      serving: true,
      terminating: false,
      node: typeof node === 'string' ? node : null,
      zone: null,
    })),
    weight: 1,
  };
  return { declarations: [service, slice] };
}

function addressesOf(pod: Field): Address[] {
  const texts = pod
    .get('status')
    .get('podIPs')
    .list()
    .map((item) => item.get('ip').value);
  return texts.flatMap((text) => {
    const address = typeof text === 'string' ? parseAddress(text) : null;
    return address === null ? [] : [address];
  });
}

/** Ports that containers declare, named by protocol and number, as containers may give one name to several. */
function portsOf(pod: Field): ServicePort[] {
  const ports = new Map<string, ServicePort>();
  for (const container of pod.get('spec').get('containers').list())
    for (const item of container.get('ports').list()) {
      const protocol = readProtocol(item.get('protocol'));
      const port = item.get('containerPort').integer(1, 65_535);
      if (protocol === null) continue;
      const http = protocol === 'tcp' && /^http(-|$)/.test(String(item.get('name').value ?? ''));
      const name = `${protocol}-${port}`;
      ports.set(name, { name, port, protocol, appProtocol: null, http, targetPort: port });
    }
  return [...ports.values()].sort(
    (one, other) => one.port - other.port || (one.protocol < other.protocol ? -1 : 1),
  );
}
