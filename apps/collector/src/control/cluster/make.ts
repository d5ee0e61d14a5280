// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UndermeshError } from '@undermesh/core';
import { ClusterConnection, openAccess } from '@undermesh/mesh/cluster';
import type { ControlConfig } from '../config.js';
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
  const access = await openAccess(
    kubeconfig === '' ? { server: SERVER, directory: SERVICE_ACCOUNT } : { kubeconfig, context },
    'collector.control.kubernetes.kubeconfig',
  );
  return new SharedLog({
    connection: new ClusterConnection(access),
    namespace: namespace || ownNamespace(),
    name,
    // Never that of the run before: what that one held is not ours.
    identity: `${identity || hostname()}_${randomBytes(4).toString('hex')}`,
  });
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
