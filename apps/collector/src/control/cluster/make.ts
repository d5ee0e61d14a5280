// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UndermeshError } from '@undermesh/core';
import { ClusterConnection, openAccess } from '@undermesh/mesh/cluster';
import type { JoinConfig } from '../../tls/config.js';
import type { ControlConfig } from '../config.js';
import type { ServiceAccountReview } from '../joining.js';
import { AuthorityMap } from './authority-map.js';
import { ServiceAccounts } from './service-accounts.js';
import { SharedLog } from './shared-log.js';

/** What Kubernetes gives to every pod. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The API server by the name that every cluster has for it. */
const SERVER = 'https://kubernetes.default.svc';

/**
 * The change log that collectors of a cluster share, not yet read; `null` where the data directory has it. Throws
 * UndermeshError `cluster_access_invalid` or `config_invalid`.
 */
export async function makeSharedLog({ kubernetes }: ControlConfig): Promise<SharedLog | null> {
  const { enabled, kubeconfig, context, namespace, name, identity } = kubernetes;
  if (!enabled) return null;
  return new SharedLog({
    connection: await connect({ kubeconfig, context }, 'collector.control.kubernetes.kubeconfig'),
    namespace: namespace || ownNamespace(),
    name,
    // Never that of the run before: what that one held is not ours.
    identity: `${identity || hostname()}_${randomBytes(4).toString('hex')}`,
  });
}

/** What an API server is asked for so that agents can join by their service accounts. */
export interface ClusterJoining {
  readonly review: ServiceAccountReview;
  /** `null` where agents are told otherwise whom to trust. */
  readonly authority: AuthorityMap | null;
}

/** `null` where agents of no cluster join. Throws UndermeshError `cluster_access_invalid`. */
export async function makeClusterJoining(
  { kubernetes }: JoinConfig,
  trusted: () => string | null,
): Promise<ClusterJoining | null> {
  const { enabled, kubeconfig, audience, serviceAccount, caConfigMap } = kubernetes;
  if (!enabled) return null;
  const connection = await connect({ kubeconfig, context: '' }, 'collector.join.kubernetes.kubeconfig');
  return {
    review: new ServiceAccounts({ connection, audience, serviceAccount }),
    authority: caConfigMap === '' ? null : new AuthorityMap(connection, caConfigMap, trusted),
  };
}

/** The API server of a kubeconfig, else that of the cluster around us. `setting`: what to mend where there is none. */
async function connect(of: KubeconfigAccess, setting: string): Promise<ClusterConnection> {
  const own = { server: SERVER, directory: SERVICE_ACCOUNT };
  return new ClusterConnection(await openAccess(of.kubeconfig === '' ? own : of, setting));
}

interface KubeconfigAccess {
  readonly kubeconfig: string;
  /** Empty: its current one. */
  readonly context: string;
}

function ownNamespace(): string {
  try {
    return readFileSync(join(SERVICE_ACCOUNT, 'namespace'), 'utf8').trim();
  } catch (cause) {
    throw new UndermeshError({
      code: 'config_invalid',
      message:
        'The collector is in no pod that says its namespace: set collector.control.kubernetes.namespace.',
      cause,
    });
  }
}
