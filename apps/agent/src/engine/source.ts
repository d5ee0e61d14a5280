// SPDX-License-Identifier: Apache-2.0
import { createLogger } from '@undermesh/core';
import { type ClusterAccess, KubernetesSource, ManifestSource, type MeshSource } from '@undermesh/mesh';
import type { AgentConfig } from '../config/schema.js';
import { environment } from '../environment.js';

/** Whether anything is to be steered. */
export const steers = ({ mesh }: AgentConfig): boolean => mesh.manifests !== '' || mesh.kubernetes.enabled;

/** The cluster that the mesh is of, if it is one's. */
export function makeCluster(config: AgentConfig): KubernetesSource | undefined {
  const { kubernetes, locality } = config.mesh;
  if (!kubernetes.enabled) return undefined;
  return new KubernetesSource({
    access: accessOf(kubernetes),
    node: locality.node || config.node,
    log: createLogger('mesh'),
  });
}

/** Where the mesh is described: in a cluster, else on disk. */
export const sourceOf = ({ mesh }: AgentConfig, cluster: KubernetesSource | undefined): MeshSource =>
  cluster ?? new ManifestSource({ directory: mesh.manifests, log: createLogger('mesh') });

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Where the API server is. Without a kubeconfig: what Kubernetes tells every pod. */
export function accessOf({ kubeconfig, context }: AgentConfig['mesh']['kubernetes']): ClusterAccess {
  if (kubeconfig !== '') return { kubeconfig, context };
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    directory: SERVICE_ACCOUNT,
  };
}
