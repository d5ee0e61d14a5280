// SPDX-License-Identifier: Apache-2.0
import type { EndpointSliceDeclaration, Origin, SliceEndpoint, SlicePort } from './declaration.js';
import type { Field } from './field.js';
import { type MetadataRules, readMetadata } from './metadata.js';
import { readProtocol } from './service.js';
import { address, label, portName, portNumber, subdomain } from './values.js';

/** Names the service that a slice belongs to. */
export const SERVICE_NAME = 'kubernetes.io/service-name';
const WEIGHT = 'undermesh.io/weight';
const MAXIMUM_WEIGHT = 65_535;

const METADATA: MetadataRules = { namespaced: true, shortName: false, annotations: [WEIGHT], labels: [] };
const PORT = ['name', 'port', 'protocol', 'appProtocol'];
const ENDPOINT = ['addresses conditions nodeName zone hostname hints targetRef deprecatedTopology'].flatMap(
  (line) => line.split(' '),
);

/** An `EndpointSlice` of `discovery.k8s.io/v1`. */
export function readEndpointSlice(object: Field, origin: Origin): EndpointSliceDeclaration {
  const { namespace, name, labels, annotations } = readMetadata(object, METADATA);
  const service = labels.get(SERVICE_NAME);
  const family = object.get('addressType').oneOf(['IPv4', 'IPv6']) === 'IPv4' ? 'v4' : 'v6';
  return {
    kind: 'EndpointSlice',
    namespace,
    name,
    origin,
    service: { namespace, name: label(service) },
    ports: readPorts(object.get('ports')),
    endpoints: object
      .get('endpoints')
      .list()
      .flatMap((item) => readEndpoint(item.map(ENDPOINT), family)),
    weight: annotations.get(WEIGHT).or(1, readWeight),
  };
}

function readPorts(field: Field): SlicePort[] {
  const ports: SlicePort[] = [];
  for (const item of field.list()) {
    const name = item.map(PORT).get('name');
    const protocol = readProtocol(item.get('protocol'));
    if (protocol === null) continue;
    ports.push({
      name: name.value === '' ? '' : name.or('', portName),
      port: portNumber(item.get('port')),
      protocol,
    });
  }
  return ports;
}

/** Only the first address counts, as in Kubernetes: the others are of the same endpoint. */
function readEndpoint(item: Field, family: 'v4' | 'v6'): SliceEndpoint[] {
  const [first] = item.get('addresses').list();
  if (first === undefined) {
    item
      .get('addresses')
      .error(`${item.get('addresses').name} holds no address`, 'give a list of one address');
    return [];
  }
  const parsed = address(first);
  if (parsed.family !== family)
    first.wrong(`give an ${family === 'v4' ? 'IPv4' : 'IPv6'} address, or another addressType`);
  const conditions = item.get('conditions').map(['ready', 'serving', 'terminating']);
  const condition = (name: string, absent: boolean): boolean =>
    conditions.get(name).or(absent, (field) => field.boolean());
  const ready = condition('ready', true);
  return [
    {
      address: parsed.text,
      family,
      ready,
      serving: condition('serving', ready),
      terminating: condition('terminating', false),
      node: item.get('nodeName').or(null, subdomain),
      zone: item.get('zone').or(null, (field) => field.text()),
    },
  ];
}

function readWeight(field: Field): number {
  const text = field.matching(/^[0-9]{1,5}$/, WEIGHT_MEND);
  if (Number(text) <= MAXIMUM_WEIGHT) return Number(text);
  field.wrong(WEIGHT_MEND);
  return 1;
}

const WEIGHT_MEND = `give a whole number from 0 (drains) to ${MAXIMUM_WEIGHT}, in quotes`;
