// SPDX-License-Identifier: Apache-2.0

import { image, listenAddress, pod } from './program.mjs';
import { settings } from './settings.mjs';
import { flag, foreign, group, list, text, whole } from './shapes.mjs';

const poolName = '^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$';

/** Values below `agent`. */
export const agent = group({
  enabled: flag('Run an agent on each node'),
  image,
  config: settings.agent,
  pools: {
    type: 'object',
    additionalProperties: false,
    patternProperties: {
      [poolName]: {
        ...group({
          nodeSelector: { ...pod.nodeSelector, minProperties: 1 },
          tolerations: pod.tolerations,
          resources: pod.resources,
          config: settings.agent,
        }),
        required: ['nodeSelector'],
      },
    },
    description:
      'A DaemonSet for each, in the place of one for all nodes, with `nodeSelector`, `tolerations`, `resources` and `config` of its own; no node may be in two',
  },
  collectorUrl: text('Collector that is not of this chart, e.g. `wss://mesh.example:7070/ingest/v1`', {
    pattern: '^((ws|http)s?://.+)?$',
  }),
  credentials: group({
    secretName: text(
      'With `tls.mode: off`: Secret with a key for each node, its name, that holds the output of `undermesh-collector credential --node NAME`',
    ),
  }),
  joinTokens: group({
    secretName: text(
      'With a collector elsewhere: Secret with a key for each node, its name, that holds the output of `undermesh agents add NAME`',
    ),
  }),
  listenAddress,
  metricsPort: whole('Port of `/metrics`, `/healthz` and `/readyz` at the address of the pod', 1, 65_535),
  stateDirectory: text('On the host: spool, newest order, key and certificate', { pattern: '^/.+' }),
  bpffs: group({
    mount: flag(
      'Mount a bpffs on `/sys/fs/bpf` of hosts that have none, by a privileged container that ends at once; systemd mounts one at boot',
    ),
  }),
  resourceQuota: group({
    enabled: flag('A quota of pods of that priority, where clusters ask for one, as GKE does'),
    pods: whole('So many, in the namespace', 1, 100_000),
  }),
  updateStrategy: foreign('DaemonSetUpdateStrategy', 'How agents are replaced; traffic is steered meanwhile'),
  capabilities: list('Of the container, all others dropped', { type: 'string', pattern: '^[A-Z_]+$' }),
  adoptWaypoints: flag(
    'Take in waypoints that listened before the agent came, for which it enters their network namespaces: adds `SYS_ADMIN` and `SYS_PTRACE`. Else start such waypoints anew once',
  ),
  seccompProfile: foreign(
    'SeccompProfile',
    'Has to let `bpf()` through to who has CAP_BPF; CRI-O: `type: Unconfined`',
  ),
  appArmorProfile: foreign('AppArmorProfile', 'Has to let the agent write below `/sys/fs/bpf`'),
  seLinuxOptions: foreign('SELinuxOptions', 'Where SELinux confines containers: `type: spc_t`'),
  ...pod,
});
