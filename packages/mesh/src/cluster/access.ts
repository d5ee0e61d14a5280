// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { join } from 'node:path';
import { messageOf, UndermeshError } from '@undermesh/core';

/** A kubeconfig file. */
export interface KubeconfigAccess {
  readonly kubeconfig: string;
  /** A context of that file; empty: its current one. */
  readonly context: string;
}

/** What Kubernetes gives to every pod. */
export interface ServiceAccountAccess {
  /** The API server, e.g. `https://10.96.0.1:443`. */
  readonly server: string;
  /** Holds `token` and `ca.crt`. */
  readonly directory: string;
}

/** Where the Kubernetes API is, and who asks. */
export type ClusterAccess = KubeconfigAccess | ServiceAccountAccess;

/** An API server, and what makes it answer. */
export interface Access {
  /** Without a slash at its end. */
  readonly server: string;
  /** Adds CA, credentials and proxy as they are by now: they are renewed while an agent runs. */
  apply(options: RequestOptions): Promise<void>;
}

/**
 * Reads the configuration; nobody is asked yet. Throws UndermeshError `cluster_access_invalid`.
 * @param setting the one that names the kubeconfig
 */
export async function openAccess(
  access: ClusterAccess,
  setting = 'agent.mesh.kubernetes.kubeconfig',
): Promise<Access> {
  try {
    return await ('kubeconfig' in access ? openKubeconfig(access) : openServiceAccount(access));
  } catch (error) {
    if (!(error instanceof AccessProblem)) throw error;
    throw new UndermeshError({
      code: 'cluster_access_invalid',
      message: `Cannot ask Kubernetes: ${error.message}. Set ${setting}, or run in a pod with a service account.`,
      cause: error.cause,
    });
  }
}

class AccessProblem extends Error {}

async function openServiceAccount({ server, directory }: ServiceAccountAccess): Promise<Access> {
  const token = (): Promise<string> => readFile(join(directory, 'token'), 'utf8');
  const authority = (): Promise<Buffer> => readFile(join(directory, 'ca.crt'));
  try {
    await Promise.all([token(), authority()]);
  } catch (cause) {
    throw new AccessProblem(`there is no service account in ${directory} (${messageOf(cause)})`, { cause });
  }
  return {
    server,
    apply: async (options) => {
      options.ca = await authority();
      options.headers = { ...options.headers, authorization: `Bearer ${(await token()).trim()}` };
    },
  };
}

async function openKubeconfig({ kubeconfig, context }: KubeconfigAccess): Promise<Access> {
  // It brings every model of the API along, 70 MB: memory that only those pay who have a kubeconfig.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    config.loadFromFile(kubeconfig);
    if (context !== '') config.setCurrentContext(context);
  } catch (cause) {
    throw new AccessProblem(`${kubeconfig} cannot be read (${messageOf(cause)})`, { cause });
  }
  const server = config.getCurrentCluster()?.server ?? '';
  if (!/^https?:\/\/[^/:]/.test(server))
    throw new AccessProblem(
      `${kubeconfig} has no API server for its context '${config.getCurrentContext()}'`,
    );
  return {
    server: server.replace(/\/$/, ''),
    apply: (options) => config.applyToHTTPSOptions(options),
  };
}
