// SPDX-License-Identifier: Apache-2.0
/** The bookshop's services: a virtual address in front of each, as Kubernetes manifests and as address translation. Pure. */
import { demoPlace, nodes, outside, type Place, type Workload, workloads } from './plan.js';
import { waypoint, waypointManifests } from './waypoint.js';

/** A service under its virtual addresses. */
export interface VirtualService {
  readonly name: string;
  readonly namespace: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly port: number;
  readonly http: boolean;
  readonly members: readonly Workload[];
}

/** All virtual addresses; nothing has them, so that a connect that is not steered goes nowhere. */
export const virtualRanges = { ipv4: '10.98.0.0/16', ipv6: 'fd98::/64' } as const;

const versionName = ({ service, version }: Workload): string => `${service}-${version ?? ''}`;

/** Every service in the order of the plan, then every version of one: `10.98.0.N` and `fd98::N`. */
export const virtualServices: readonly VirtualService[] = [
  ...new Set(workloads.map(({ service }) => service).filter((service) => service !== 'shoppers')),
  ...workloads.filter(({ version }) => version !== undefined).map(versionName),
].map((name, index) => {
  const members = workloads.filter((one) => one.service === name || versionName(one) === name);
  const [{ namespace, port } = { namespace: '', port: 0 }] = members;
  const http = port === 8080;
  return {
    name,
    namespace,
    ipv4: `10.98.0.${index + 1}`,
    ipv6: `fd98::${index + 1}`,
    port: http ? 80 : port,
    http,
    members,
  };
});

/** Where callers that are part of the mesh reach a service. */
export function virtualPlace(service: string): Place {
  const found = virtualServices.find(({ name }) => name === service);
  if (found === undefined) throw new Error(`The bookshop has no service "${service}".`);
  return { ipv4: found.ipv4, ipv6: found.ipv6, port: found.port };
}

/** Whether a workload calls services by their virtual addresses: where no agent is, nobody would steer it. */
export const callsVirtually = ({ node }: Workload): boolean => node !== outside;

/** Kubernetes manifests of the mesh, an object each: Nodes, Services, EndpointSlices of both families, the waypoint. */
export function manifests(placeOf: (id: string) => Place = demoPlace): readonly object[] {
  return [
    ...nodes.map(nodeManifest),
    ...virtualServices.flatMap((service) => serviceManifests(service, placeOf)),
    ...waypointManifests(),
  ];
}

function nodeManifest(name: string, index: number): object {
  const labels = {
    'topology.kubernetes.io/region': 'demo',
    'topology.kubernetes.io/zone': `demo-${index + 1}`,
  };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
}

function serviceManifests(service: VirtualService, placeOf: (id: string) => Place): readonly object[] {
  const { name, namespace } = service;
  const portName = service.http ? 'http' : 'tcp';
  const port = { name: portName, port: service.port, protocol: 'TCP' };
  const [first] = service.members;
  const targetPort = first === undefined ? service.port : placeOf(first.id).port;
  const labels = name === waypoint.service ? { labels: { 'istio.io/use-waypoint': waypoint.name } } : {};
  const slices = (['IPv4', 'IPv6'] as const).flatMap((family) =>
    service.members.flatMap((member) => {
      const { ipv4, ipv6 } = placeOf(member.id);
      const address = family === 'IPv4' ? ipv4 : ipv6;
      if (address === undefined) return [];
      const nodeName = member.node === outside ? {} : { nodeName: member.node };
      return [
        {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: {
            name: [name, member.version, family.toLowerCase()].filter(Boolean).join('-'),
            namespace,
            labels: { 'kubernetes.io/service-name': name },
            annotations: { 'undermesh.io/weight': String(member.weight) },
          },
          addressType: family,
          ports: [{ name: portName, port: targetPort, protocol: 'TCP' }],
          endpoints: [{ addresses: [address], conditions: { ready: true }, ...nodeName }],
        },
      ];
    }),
  );
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace, ...labels },
      spec: {
        clusterIP: service.ipv4,
        clusterIPs: [service.ipv4, service.ipv6],
        ipFamilies: ['IPv4', 'IPv6'],
        ports: [{ ...port, targetPort }],
      },
    },
    ...slices,
  ];
}

/**
 * What stands in for a cluster's own service routing where no engine steers: rules for `nft -f -` that translate virtual
 * addresses, once per connection, by weight.
 */
export function translationRules(placeOf: (id: string) => Place = demoPlace): string {
  const table = (family: 'ip' | 'ip6'): string => {
    const rules = virtualServices.map((service) => {
      const shares = sharesOf(service, family, placeOf);
      const target = (place: string): string => (family === 'ip6' ? `[${place}]` : place);
      const at = family === 'ip' ? service.ipv4 : service.ipv6;
      const match = `${family} daddr ${at} tcp dport ${service.port}`;
      const [only] = shares;
      if (shares.length === 1 && only !== undefined) {
        return `    ${match} dnat to ${target(only.address)}:${only.port}`;
      }
      let from = 0;
      const ranges = shares.map(({ address, weight }) => {
        const range = `${from}-${from + weight - 1} : ${address}`;
        from += weight;
        return range;
      });
      return `    ${match} dnat to numgen random mod ${from} map { ${ranges.join(', ')} } : ${only?.port ?? 0}`;
    });
    return `table ${family} undermesh_demo {\n  chain out {\n    type nat hook output priority -100;\n${rules.join('\n')}\n  }\n}`;
  };
  return `${table('ip')}\n${table('ip6')}\n`;
}

function sharesOf(
  { members }: VirtualService,
  family: 'ip' | 'ip6',
  placeOf: (id: string) => Place,
): readonly { address: string; port: number; weight: number }[] {
  return members.flatMap(({ id, weight }) => {
    const { ipv4, ipv6, port } = placeOf(id);
    const address = family === 'ip' ? ipv4 : ipv6;
    return address === undefined ? [] : [{ address, port, weight }];
  });
}
