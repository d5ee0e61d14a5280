// SPDX-License-Identifier: Apache-2.0
// A mesh with routes of every kind that the kernel-native engine takes. Each backend answers with its own name.

/** Backends of routes. Each is a service with one endpoint of each family. */
export const BACKENDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Services that clients ask for, in the order of their virtual addresses. Their own endpoints answer what no route takes. */
export const SERVICES = ['front', 'strict', 'hosts', 'metered', 'crowded', 'beyond'];

/** What `metered` and `crowded` are limited to. The burst is of a second: clients on a busy machine stand still at times. */
export const LIMITS = { requestsPerS: 200, burst: 200, connections: 100 };

/** Of `/weighted`, by backend. */
export const WEIGHTS = { b: 1, c: 3, d: 6 };

export const PORT = 80;
export const BACKEND_PORT = 8080;
const GATEWAY = 'gateway.networking.k8s.io/v1';

const names = [...SERVICES, ...BACKENDS];
const placeOf = (name) => names.indexOf(name) + 10;

/** The virtual addresses of a service. */
export const virtualOf = (name) => ({ IPv4: `10.98.0.${placeOf(name)}`, IPv6: `fd98::${placeOf(name)}` });

/** The addresses of the endpoint that answers with this name. */
export const endpointOf = (name) => ({ IPv4: `10.99.2.${placeOf(name)}`, IPv6: `fd99::2:${placeOf(name)}` });

/** All names that answer, by endpoint. */
export const answering = names;

/** Every object, for one file each. */
export function manifests() {
  return [
    ...names.flatMap((name) => [serviceOf(name), ...slicesOf(name)]),
    gateway,
    routeTo('front', frontRules),
    routeTo('strict', [rule({ path: prefix('/known') }, 'a')]),
    hostRoute('one', ['one.example'], 'a'),
    hostRoute('any', ['*.example'], 'b'),
    hostRoute('shops', ['*.shop.example'], 'c'),
    routeTo('metered', [rule({ path: prefix('/') }, 'a')], {
      'undermesh.io/rate-limit': `${LIMITS.requestsPerS}/s burst ${LIMITS.burst}`,
    }),
    routeTo('crowded', [rule({ path: prefix('/') }, 'a')]),
    routeTo('beyond', [rule({ path: { type: 'RegularExpression', value: '/[0-9]+' } }, 'a')]),
  ];
}

const exact = (value) => ({ type: 'Exact', value });
const prefix = (value) => ({ type: 'PathPrefix', value });
const backend = ([name, weight]) => ({ name, port: PORT, weight });

/** Without a backend it is a rule that rejects. */
const rule = (match, ...backends) => ({
  matches: [match],
  backendRefs: backends.map((one) => backend([one].flat())),
});

const frontRules = [
  rule({ path: prefix('/') }, 'a'),
  rule({ path: exact('/exact') }, 'b'),
  rule({ path: prefix('/shop') }, 'c'),
  rule({ path: prefix('/shop/cart') }, 'd'),
  rule({ path: prefix('/shop'), method: 'POST' }, 'e'),
  rule({ headers: [{ name: 'X-Edition', value: 'preview' }] }, 'f'),
  rule({ queryParams: [{ name: 'color', value: 'red' }] }, 'g'),
  rule({ headers: [{ type: 'RegularExpression', name: 'x-channel', value: 'beta-.*' }] }, 'h'),
  rule({ path: prefix('/weighted') }, ...Object.entries(WEIGHTS)),
  rule({ path: prefix('/nowhere') }),
];

const gateway = {
  apiVersion: GATEWAY,
  kind: 'Gateway',
  metadata: { name: 'way', namespace: 'shop' },
  spec: {
    gatewayClassName: 'undermesh-waypoint',
    addresses: [{ value: '10.99.2.200' }, { value: 'fd99::2:200' }],
    listeners: [{ name: 'mesh', port: 15008, protocol: 'HTTP' }],
  },
};

const ANNOTATIONS = { crowded: { 'undermesh.io/max-connections': `${LIMITS.connections}` } };

const serviceOf = (name) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name,
    namespace: 'shop',
    labels: name === 'hosts' ? { 'istio.io/use-waypoint': 'way' } : {},
    annotations: ANNOTATIONS[name] ?? {},
  },
  spec: {
    clusterIP: virtualOf(name).IPv4,
    clusterIPs: Object.values(virtualOf(name)),
    ipFamilies: ['IPv4', 'IPv6'],
    ports: [{ name: 'http', port: PORT, targetPort: BACKEND_PORT, protocol: 'TCP' }],
  },
});

const slicesOf = (name) =>
  Object.entries(endpointOf(name)).map(([addressType, address]) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${addressType.toLowerCase()}`,
      namespace: 'shop',
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType,
    ports: [{ name: 'http', port: BACKEND_PORT, protocol: 'TCP' }],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  }));

const routeTo = (name, rules, annotations = {}) => ({
  apiVersion: GATEWAY,
  kind: 'HTTPRoute',
  metadata: { name, namespace: 'shop', annotations },
  spec: { parentRefs: [{ group: '', kind: 'Service', name, port: PORT }], rules },
});

const hostRoute = (name, hostnames, to) => ({
  apiVersion: GATEWAY,
  kind: 'HTTPRoute',
  metadata: { name: `host-${name}`, namespace: 'shop' },
  spec: {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'way' }],
    hostnames,
    rules: [rule({ path: prefix('/') }, to)],
  },
});
