// SPDX-License-Identifier: Apache-2.0

/** What is followed, by kind; pods twice: those of this node, and those anywhere that name a waypoint. */
export const KINDS = [
  'Namespace',
  'Node',
  'Service',
  'EndpointSlice',
  'Gateway',
  'HTTPRoute',
  'Pod',
  'WaypointUser',
] as const;
export type ClusterKind = (typeof KINDS)[number];

/** Where objects of one kind are. */
export interface Resource<Kind extends string = string> {
  readonly kind: Kind;
  /** What its objects say of themselves. */
  readonly objectKind: string;
  /** API versions, the one to ask for first. */
  readonly apiVersions: readonly [string, ...string[]];
  /** Last part of the path. */
  readonly plural: string;
  /** Only those of this namespace; absent: wherever they are. */
  readonly namespace?: string;
  /** A cluster may do without it. */
  readonly optional: boolean;
}

const GATEWAY_API = ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'] as const;

const RESOURCES: Readonly<
  Record<ClusterKind, Omit<Resource, 'kind' | 'objectKind'> & { objectKind?: string }>
> = {
  Namespace: { apiVersions: ['v1'], plural: 'namespaces', optional: false },
  Node: { apiVersions: ['v1'], plural: 'nodes', optional: false },
  Service: { apiVersions: ['v1'], plural: 'services', optional: false },
  EndpointSlice: { apiVersions: ['discovery.k8s.io/v1'], plural: 'endpointslices', optional: false },
  Gateway: { apiVersions: GATEWAY_API, plural: 'gateways', optional: true },
  HTTPRoute: { apiVersions: GATEWAY_API, plural: 'httproutes', optional: true },
  Pod: { apiVersions: ['v1'], plural: 'pods', optional: false },
  WaypointUser: { objectKind: 'Pod', apiVersions: ['v1'], plural: 'pods', optional: false },
};

export const resourceOf = (kind: ClusterKind): Resource<ClusterKind> => ({
  kind,
  objectKind: kind,
  ...RESOURCES[kind],
});

/** Path of all objects of a resource, of one namespace or of whatever namespace. */
export const pathOf = (
  apiVersion: string,
  { plural, namespace }: Pick<Resource, 'plural' | 'namespace'>,
): string => {
  const where = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}${where}/${plural}`;
};
