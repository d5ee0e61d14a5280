// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';

const Place = (description: string) => Type.String({ maxLength: 253, default: '', description });

/** `agent.mesh` of undermesh.yaml: what is steered on this node. */
export const MeshConfig = Type.Object(
  {
    manifests: Type.String({
      default: '',
      description:
        'Directory of Kubernetes manifests that describe the mesh; empty, and without `kubernetes`: nothing is steered',
    }),
    kubernetes: Type.Object(
      {
        enabled: Type.Boolean({
          default: false,
          description:
            'The mesh is the one of a Kubernetes cluster, in the place of manifests; `agent.node` is what the node is called there',
        }),
        kubeconfig: Type.String({
          default: '',
          description:
            'File that says where the API server is and who asks; empty: the service account of the pod',
        }),
        context: Type.String({ default: '', description: 'Context of that file; empty: its current one' }),
        daemonSet: Type.String({
          default: '',
          pattern: '^$|^[a-z0-9-]{1,63}/[a-z0-9.-]{1,253}$',
          description:
            'DaemonSet that runs the agent, `namespace/name`: stopped because that is deleted, or no longer for this node, the agent takes the engine out of the kernel; empty: only `uninstall` does',
        }),
      },
      { default: {}, additionalProperties: false },
    ),
    enrol: Type.Array(Type.String(), {
      default: [],
      description:
        'Cgroups whose workloads are steered, at or below `agent.cgroup`: paths below the cgroup2 mount, `*` matches within a component',
    }),
    locality: Type.Object(
      {
        node: Place('What endpoints call this node; default: its name'),
        zone: Place('Zone of this node; default: as a manifest says of it'),
        region: Place('Region of this node; default: as a manifest says of it'),
      },
      { default: {}, additionalProperties: false },
    ),
    limits: Type.Object(
      {
        services: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 32_768,
          description: 'Ports at virtual addresses that the kernel has room for',
        }),
        endpoints: Type.Integer({
          minimum: 1,
          maximum: 10_000_000,
          default: 131_072,
          description: 'Endpoints at ports of services that the kernel has room for',
        }),
        routes: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 32_768,
          description:
            'Matches of routes that the kernel has room for, for the kernel-native engine: of each that many paths, conditions, rules and backends too',
        }),
      },
      { default: {}, additionalProperties: false },
    ),
    waypoints: Type.Object(
      {
        cgroups: Type.Array(Type.String(), {
          default: [],
          description: 'Cgroups that waypoints of this node run in; written as those to enrol',
        }),
        run: Type.Array(Type.String({ pattern: '^([a-z0-9.-]+/)?([a-z0-9.-]+|\\*)$' }), {
          default: [],
          description:
            'Waypoints that this agent runs, by HAProxy: `namespace/name`, `namespace/*` or `*`; of these, those whose Gateway names this node or none',
        }),
        cgroup: Type.String({
          default: '',
          pattern: '^(/.*)?$',
          description:
            'Cgroup in which they are run, a path below the cgroup2 mount at or below `agent.cgroup`, made if need be; empty: that of the agent, which takes no option on the SYN',
        }),
        networkNamespace: Type.String({
          default: '',
          description: 'File of the network namespace in which they are run; empty: that of the agent',
        }),
        joinRequests: Type.Boolean({
          default: true,
          description:
            'Have them tell of each request, so that its way from client to server is known; needs a `cgroup` of their own',
        }),
        program: Type.String({ minLength: 1, default: 'haproxy', description: 'HAProxy, 2.6 or later' }),
        trusted: Type.Array(Type.String({ pattern: '^[0-9a-f.:]+(/[0-9]{1,3})?$' }), {
          default: [],
          description:
            "Addresses and prefixes of workloads whose connections a waypoint here believes, besides the addresses of the mesh's nodes and endpoints",
        }),
      },
      { default: {}, additionalProperties: false },
    ),
  },
  { default: {}, additionalProperties: false },
);
export type MeshConfig = Static<typeof MeshConfig>;
