// SPDX-License-Identifier: Apache-2.0
import type { WaypointListener, WaypointTransport } from '../model.js';
import type { GatewayDeclaration, Origin } from './declaration.js';
import type { Field } from './field.js';
import { type MetadataRules, readMetadata } from './metadata.js';
import { address, byFamily, portName, portNumber, subdomain } from './values.js';

/** The class of Gateways that are waypoints of this mesh. */
export const WAYPOINT_CLASS = 'undermesh-waypoint';

const TRANSPORT = 'undermesh.io/transport';
const NODE = 'undermesh.io/node';

const METADATA: MetadataRules = {
  namespaced: true,
  shortName: false,
  annotations: [TRANSPORT, NODE],
  labels: [],
};
const LISTENER = ['name', 'port', 'protocol', 'hostname', 'allowedRoutes', 'tls'];

/** What a listener speaks before the request; the second name is Istio's. */
const TRANSPORT_OF = {
  HTTP: 'syn-option',
  'undermesh.io/PROXY': 'proxy-v2',
  'istio.io/PROXY': 'proxy-v2',
  'undermesh.io/KMESH': 'kmesh-tlv',
} as const satisfies Record<string, WaypointTransport>;
const PROTOCOLS = ['HTTP', 'undermesh.io/PROXY', 'istio.io/PROXY', 'undermesh.io/KMESH'] as const;

/** Cheapest first. */
const TRANSPORTS: readonly WaypointTransport[] = ['syn-option', 'proxy-v2', 'kmesh-tlv'];

/** A `Gateway` of `gateway.networking.k8s.io`; one of another class keeps its name only. */
export function readGateway(object: Field, origin: Origin): GatewayDeclaration {
  const spec = object.get('spec');
  if (spec.get('gatewayClassName').text() !== WAYPOINT_CLASS) {
    const { namespace, name } = readMetadata(object, METADATA);
    return { kind: 'Gateway', namespace, name, origin, waypoint: null };
  }
  const { namespace, name, annotations } = readMetadata(object, METADATA);
  spec.map(['gatewayClassName', 'addresses', 'listeners', 'infrastructure', 'allowedListeners']);
  return {
    kind: 'Gateway',
    namespace,
    name,
    origin,
    waypoint: {
      addresses: byFamily(readAddresses(spec.get('addresses'))),
      listeners: readListeners(spec.get('listeners'), annotations.get(TRANSPORT)),
      node: annotations.get(NODE).or(null, subdomain),
    },
  };
}

function readAddresses(field: Field): ReturnType<typeof address>[] {
  const items = field.list();
  if (items.length === 0)
    field.error(
      `${field.name} holds no address`,
      'give the address that the waypoint listens on: - value: 10.0.0.5',
    );
  return items.map((item) => {
    item
      .map(['type', 'value'])
      .get('type')
      .or('IPAddress', (type) => type.oneOf(['IPAddress']));
    return address(item.get('value'));
  });
}

function readListeners(field: Field, preference: Field): readonly WaypointListener[] {
  const items = field.list();
  if (items.length === 0) field.error(`${field.name} holds no listener`, 'give one of protocol HTTP');
  const listeners: WaypointListener[] = [];
  for (const item of items) {
    const listener = readListener(item.map(LISTENER));
    const twin = listeners.find((other) => other.port === listener.port || other.name === listener.name);
    if (twin?.port === listener.port)
      item.get('port').wrong(`give another port: listener ${twin.name} has it`);
    else if (twin !== undefined) item.get('name').wrong('give every listener a name of its own');
    if (listeners.some((other) => other.transport === listener.transport))
      item.get('protocol').wrong(`remove one of the listeners for ${listener.transport}`);
    listeners.push(listener);
  }
  return inOrder(listeners, preference);
}

function readListener(item: Field): WaypointListener {
  for (const key of ['tls', 'hostname'])
    if (item.get(key).present)
      item.get(key).error(`${item.get(key).name} is not supported by waypoints`, 'remove it');
  return {
    name: portName(item.get('name')),
    port: portNumber(item.get('port')),
    transport: TRANSPORT_OF[item.get('protocol').oneOf(PROTOCOLS)],
  };
}

/** In the order of the annotation, then of cost. */
function inOrder(listeners: readonly WaypointListener[], preference: Field): readonly WaypointListener[] {
  const words = preference
    .or('', (field) => field.text())
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  const wanted = TRANSPORTS.filter((transport) => words.includes(transport));
  if (wanted.length !== words.length)
    preference.wrong(`give a list out of ${TRANSPORTS.join(', ')}, each once`);
  const lacking = wanted.find((transport) => !listeners.some((listener) => listener.transport === transport));
  if (lacking !== undefined) preference.wrong(`add a listener for ${lacking}, or leave that out`);
  const rank = ({ transport }: WaypointListener): number => {
    const place = words.indexOf(transport);
    return place >= 0 ? place : words.length + TRANSPORTS.indexOf(transport);
  };
  return [...listeners].sort((one, other) => rank(one) - rank(other));
}
