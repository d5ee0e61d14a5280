// SPDX-License-Identifier: Apache-2.0
// An API server with no more than control state, and logs and collectors that share it.
import { ClusterConnection, openAccess } from '@undermesh/mesh/cluster';
import { onTestFinished } from 'vitest';
import { ApiServer, type KubernetesObject } from '../../../../../packages/mesh/test/cluster/api-server.js';
import { SharedLog } from '../../../src/control/cluster/shared-log.js';

export const NAMESPACE = 'undermesh';
export const NAME = 'undermesh-control';

/** Quick where the real ones are patient. */
const TIMES = { durationMs: 3_000, renewMs: 300, waitMs: 1_500 };

export async function startedServer(): Promise<ApiServer> {
  const server = await ApiServer.start();
  onTestFinished(() => server.remove());
  return server;
}

/** A log, not yet opened. */
export async function sharedLog(server: ApiServer, identity: string): Promise<SharedLog> {
  const log = new SharedLog({
    connection: new ClusterConnection(await openAccess(server.serviceAccount())),
    namespace: NAMESPACE,
    name: NAME,
    identity,
    times: TIMES,
    patience: { maxPauseMs: 50 },
  });
  onTestFinished(() => log.close());
  return log;
}

export const chunkOf = (server: ApiServer, number = 1): KubernetesObject => {
  const name = `${NAME}-${String(number).padStart(5, '0')}`;
  const found = server.stored({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: NAMESPACE },
  });
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

export const textOf = (chunk: KubernetesObject): string =>
  (chunk.data as Record<string, string>)['change-log.jsonl'] ?? '';

/** Somebody edits a ConfigMap. */
export function edit(server: ApiServer, change: (text: string) => string): void {
  const chunk = chunkOf(server);
  server.apply({ ...chunk, data: { 'change-log.jsonl': change(textOf(chunk)) } });
}

export const leaseOf = (server: ApiServer): KubernetesObject => {
  const metadata = { name: NAME, namespace: NAMESPACE };
  const found = server.stored({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata });
  if (found === undefined) throw new Error('there is no Lease');
  return found;
};
