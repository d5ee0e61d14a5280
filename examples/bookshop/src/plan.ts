// SPDX-License-Identifier: Apache-2.0
/** What the bookshop consists of: who runs where, under which address, and who calls whom. Pure data. */

/** A process of the bookshop. */
export interface Workload {
  /** `reviews@v2`, or the bare name where there is one version only. */
  readonly id: string;
  readonly service: string;
  readonly version?: string;
  readonly namespace: string;
  /** The node that it runs on; `outside` has no agent. */
  readonly node: string;
  readonly port: number;
  /** Share of its service's connections, among all versions. */
  readonly weight: number;
}

/** Where a process listens and which addresses its connections come from. */
export interface Place {
  readonly ipv4: string;
  /** Absent on loopback. */
  readonly ipv6?: string;
  readonly port: number;
}

/** One address behind a service. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}

/** All that one process needs to know. Handed over as JSON in the environment variable `BOOKSHOP`. */
export interface Assignment {
  readonly workload: Workload;
  readonly place: Place;
  readonly endpoints: Readonly<Record<string, readonly Endpoint[]>>;
  /** A file that the process writes its own counts to, once a second and at its end. */
  readonly countsFile?: string;
  /** Requests per second that the shoppers make on average. */
  readonly rate: number;
}

/** The nodes that run an agent. */
export const nodes = ['shop-1', 'shop-2', 'shop-3'] as const;
/** The node without one of its own: the agent of the whole host sees it. */
export const outside = 'outside';

const workload = (id: string, namespace: string, node: string, weight = 1): Workload => {
  const [service = id, version] = id.split('@');
  return {
    id,
    service,
    ...(version === undefined ? {} : { version }),
    namespace,
    node,
    port: service === 'orders-db' ? 6380 : 8080,
    weight,
  };
};

/** Every process, callees before their callers. */
export const workloads: readonly Workload[] = [
  workload('bank-api', 'bank', outside),
  workload('catalogue-db', 'data', 'shop-2'),
  workload('orders-db', 'data', 'shop-3'),
  workload('ratings', 'shop', 'shop-2'),
  workload('reviews@v1', 'shop', 'shop-1', 80),
  workload('reviews@v2', 'shop', 'shop-2', 20),
  workload('payments', 'checkout', 'shop-3'),
  workload('catalogue', 'shop', 'shop-2'),
  workload('orders', 'checkout', 'shop-3'),
  workload('front', 'shop', 'shop-1'),
  workload('ingress', 'edge', 'shop-1'),
  workload('shoppers', 'internet', outside),
];

/** Who calls whom, as services. */
export const calls: readonly (readonly [caller: string, callee: string])[] = [
  ['shoppers', 'ingress'],
  ['ingress', 'front'],
  ['front', 'catalogue'],
  ['front', 'reviews'],
  ['front', 'orders'],
  ['catalogue', 'catalogue-db'],
  ['reviews', 'ratings'],
  ['orders', 'orders-db'],
  ['orders', 'payments'],
  ['payments', 'bank-api'],
];

/** Services that are called over IPv6 where the network has it. */
const overIpv6 = new Set(['catalogue-db', 'payments']);

/** A retired service whose address swallows every packet: connecting to it times out. */
export const retired = { service: 'fraud-check', ipv4: '10.99.255.1', port: 8080 } as const;

/**
 * Addresses in the demo's network: `10.99.N.M` and `fd99::N:M`, N by node and M by workload. All of it is one link:
 * the prefixes are /16 and /64.
 */
export function demoPlace(id: string): Place {
  const { node, port } = find(id);
  const network = node === outside ? 9 : nodes.indexOf(node as (typeof nodes)[number]) + 1;
  const host = workloads.filter((other) => other.node === node).findIndex((other) => other.id === id) + 1;
  return { ipv4: `10.99.${network}.${host}`, ipv6: `fd99::${network}:${host}`, port };
}

/** Addresses on loopback: every workload its own port from `firstPort`. */
export function loopbackPlace(id: string, firstPort = 18_080): Place {
  return { ipv4: '127.0.0.1', port: firstPort + workloads.indexOf(find(id)) };
}

export interface AssignmentOptions {
  readonly placeOf: (id: string) => Place;
  /** Where to call a service instead of its processes: at its virtual address. */
  readonly virtualPlaceOf?: ((service: string) => Place) | undefined;
  readonly rate?: number;
  readonly countsFile?: string;
  readonly retiredAddress?: boolean;
}

/** What to hand to the process `id`, given where everything is. */
export function assignment(id: string, options: AssignmentOptions): Assignment {
  const endpoints: Record<string, Endpoint[]> = {};
  const endpointAt = (service: string, place: Place, weight: number): Endpoint => {
    const host = (overIpv6.has(service) ? place.ipv6 : undefined) ?? place.ipv4;
    return { host, port: place.port, weight };
  };
  for (const { id: other, service, weight } of workloads) {
    const virtual = service === 'shoppers' ? undefined : options.virtualPlaceOf?.(service);
    endpoints[service] =
      virtual === undefined
        ? [...(endpoints[service] ?? []), endpointAt(service, options.placeOf(other), weight)]
        : [endpointAt(service, virtual, 1)];
  }
  if (options.retiredAddress === true) {
    endpoints[retired.service] = [{ host: retired.ipv4, port: retired.port, weight: 1 }];
  }
  return {
    workload: find(id),
    place: options.placeOf(id),
    endpoints,
    rate: options.rate ?? 60,
    ...(options.countsFile === undefined ? {} : { countsFile: options.countsFile }),
  };
}

function find(id: string): Workload {
  const found = workloads.find((one) => one.id === id);
  if (found === undefined) {
    throw new Error(`The bookshop has no "${id}"; it has ${workloads.map((one) => one.id).join(', ')}.`);
  }
  return found;
}
