// SPDX-License-Identifier: Apache-2.0
import type { Addresses, LocalityPolicy, LocalityScope, ServicePort } from '../model.js';
import type { Origin, ServiceDeclaration } from './declaration.js';
import type { Field } from './field.js';
import { type MetadataRules, readMetadata } from './metadata.js';
import { address, byFamily, portName, portNumber } from './values.js';
import { readWaypointChoice } from './waypoint-choice.js';

const BALANCING = 'undermesh.io/balancing';
const LOCALITY = 'undermesh.io/locality';
const MAX_CONNECTIONS = 'undermesh.io/max-connections';

/** How kube-proxy was told to go by hints, before there was `spec.trafficDistribution`. */
const TOPOLOGY_MODES = ['service.kubernetes.io/topology-mode', 'service.kubernetes.io/topology-aware-hints'];

const METADATA: MetadataRules = {
  namespaced: true,
  shortName: true,
  annotations: [BALANCING, LOCALITY, MAX_CONNECTIONS],
  labels: [],
};

const SPEC = [
  'type clusterIP clusterIPs ports selector publishNotReadyAddresses trafficDistribution internalTrafficPolicy',
  'sessionAffinity sessionAffinityConfig ipFamilies ipFamilyPolicy externalIPs externalName externalTrafficPolicy',
  'loadBalancerIP loadBalancerClass loadBalancerSourceRanges healthCheckNodePort allocateLoadBalancerNodePorts',
].flatMap((line) => line.split(' '));

const PORT = ['name', 'port', 'protocol', 'appProtocol', 'targetPort', 'nodePort'];

/** Values of `appProtocol` that are HTTP/1.1, or begin as such. */
const HTTP_PROTOCOLS = ['http', 'kubernetes.io/ws'];

/** A `Service` of API version `v1`; `null` for one without an address by its nature (`ExternalName`). */
export function readService(object: Field, origin: Origin): ServiceDeclaration | null {
  const metadata = readMetadata(object, METADATA);
  const spec = object.get('spec').map(SPEC);
  const type = spec
    .get('type')
    .or('ClusterIP', (field) => field.oneOf(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']));
  if (type === 'ExternalName') {
    spec.get('type').warn('a service of type ExternalName is left out', 'it has no address to be steered by');
    return null;
  }
  if (spec.get('sessionAffinity').value === 'ClientIP')
    spec.get('sessionAffinity').warn('spec.sessionAffinity is not kept to', 'set it to None');
  const { namespace, name, annotations } = metadata;
  for (const mode of TOPOLOGY_MODES)
    if (/^auto$/i.test(String(annotations.get(mode).value ?? '')))
      annotations
        .get(mode)
        .warn(
          `the annotation ${mode} is not kept to: hints of slices are not looked at`,
          'set spec.trafficDistribution: PreferClose',
        );
  return {
    kind: 'Service',
    namespace,
    name,
    origin,
    addresses: readAddresses(spec),
    ports: readPorts(spec.get('ports')),
    balancing: annotations
      .get(BALANCING)
      .or('weighted-random', (field) => field.oneOf(['weighted-random', 'round-robin', 'least-connections'])),
    locality: readLocality(annotations.get(LOCALITY), spec),
    maxConnections: annotations.get(MAX_CONNECTIONS).or(null, readMaxConnections),
    waypoint: readWaypointChoice(metadata, namespace),
    publishNotReady: spec.get('publishNotReadyAddresses').or(false, (field) => field.boolean()),
  };
}

function readMaxConnections(field: Field): number {
  const text = field.matching(/^[1-9]\d{0,8}$/, 'give a number of connections from 1 on, such as "100"');
  return Number.parseInt(text, 10) || 1;
}

function readAddresses(spec: Field): Addresses {
  const first = spec.get('clusterIP');
  const all = spec.get('clusterIPs');
  if (!first.present && !all.present) {
    first.wrong('give the virtual address, such as 10.96.0.10, or None for a service without one');
    return { v4: [], v6: [] };
  }
  const items = all.present ? all.list() : [first];
  if (first.present && all.present && items[0]?.value !== first.value)
    first.wrong('give the same address as the first of spec.clusterIPs, or leave it out');
  if (items.length === 1 && items[0]?.value === 'None') return { v4: [], v6: [] };
  return byFamily(items.map(address));
}

function readPorts(field: Field): readonly ServicePort[] {
  const items = field.list();
  const names = new Set<string>();
  const numbers = new Set<string>();
  const ports: ServicePort[] = [];
  for (const item of items) {
    const port = readPort(item.map(PORT), items.length === 1);
    if (port === null) continue;
    if (names.has(port.name)) item.get('name').wrong('give every port a name of its own');
    names.add(port.name);
    const number = `${port.port}/${port.protocol}`;
    if (numbers.has(number)) item.get('port').wrong(`give another number: port ${number} is declared above`);
    numbers.add(number);
    ports.push(port);
  }
  return ports.sort((one, other) => one.port - other.port || (one.protocol < other.protocol ? -1 : 1));
}

function readPort(item: Field, alone: boolean): ServicePort | null {
  const port = portNumber(item.get('port'));
  const protocol = readProtocol(item.get('protocol'));
  const named = item.get('name');
  const name = alone && !named.present ? '' : portName(named);
  const appProtocol = item.get('appProtocol').or(null, (field) => field.text());
  const http =
    protocol === 'tcp' &&
    (appProtocol === null ? /^http(-|$)/.test(name) : HTTP_PROTOCOLS.includes(appProtocol.toLowerCase()));
  const targetPort = item
    .get('targetPort')
    .or(port, (field) => (typeof field.value === 'string' ? portName(field) : portNumber(field)));
  return protocol === null ? null : { name, port, protocol, appProtocol, http, targetPort };
}

/** `null` for SCTP, which is left as it is. */
export function readProtocol(field: Field): 'tcp' | 'udp' | null {
  const protocol = field.or('TCP', (given) => given.oneOf(['TCP', 'UDP', 'SCTP']));
  if (protocol !== 'SCTP') return protocol === 'TCP' ? 'tcp' : 'udp';
  field.warn('a port of protocol SCTP is left out', 'only TCP and UDP are steered');
  return null;
}

const SCOPES: readonly LocalityScope[] = ['node', 'zone', 'region'];
const ANYWHERE: LocalityPolicy = { mode: 'none', scopes: [] };

/** The annotation, else `spec.internalTrafficPolicy: Local`, else `spec.trafficDistribution`. */
function readLocality(annotation: Field, spec: Field): LocalityPolicy {
  const local = spec.get('internalTrafficPolicy').or('Cluster', (field) => field.oneOf(['Cluster', 'Local']));
  const distribution = spec
    .get('trafficDistribution')
    .or('', (field) => field.oneOf(['PreferClose', 'PreferSameZone', 'PreferSameNode']));
  if (annotation.present) return parseLocality(annotation);
  if (local === 'Local') return { mode: 'strict', scopes: ['node'] };
  if (distribution === '') return ANYWHERE;
  return { mode: 'failover', scopes: distribution === 'PreferSameNode' ? ['node', 'zone'] : ['zone'] };
}

/** `none`, `strict SCOPE`, or `failover SCOPE, ...`, nearest first. */
function parseLocality(field: Field): LocalityPolicy {
  const [mode = '', ...words] = field
    .text()
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  const scopes = SCOPES.filter((scope) => words.includes(scope));
  const known = words.length === scopes.length && words.every((word, at) => word === scopes[at]);
  if (mode === 'none' && words.length === 0) return ANYWHERE;
  if (mode === 'strict' && known && scopes.length === 1) return { mode, scopes };
  if (mode === 'failover' && known && scopes.length > 0) return { mode, scopes };
  field.wrong(
    'write "none", "strict zone", or "failover node, zone, region" (scopes nearest first; strict takes one)',
  );
  return ANYWHERE;
}
