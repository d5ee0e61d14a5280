// SPDX-License-Identifier: Apache-2.0
import { createLogger } from '@undermesh/core';
import { ClusterConnection, DaemonSetWatch, openAccess } from '@undermesh/mesh';
import type { AgentConfig } from './config/schema.js';
import { accessOf } from './engine/source.js';

/** How long a stopping agent asks whether it is gone for good: it has stopped in up to 5 s, of the 30 s that a pod is given. */
const ASK_MS = 5_000;

/** What tells an agent that is being stopped whether its DaemonSet is gone for good. */
export interface Removal {
  /** Whether what outlives the agent is to go too. Anything but a certain answer is no. Never rejects. */
  isVerified(): Promise<boolean>;
  stop(): Promise<void>;
}

/** Follows the DaemonSet that runs the agent; `null` where none is named. Throws UndermeshError `cluster_access_invalid`. */
export async function followRemoval(config: AgentConfig): Promise<Removal | null> {
  const { kubernetes, locality } = config.mesh;
  if (!kubernetes.enabled || kubernetes.daemonSet === '') return null;
  const log = createLogger('removal');
  const [namespace = '', name = ''] = kubernetes.daemonSet.split('/');
  const watch = new DaemonSetWatch({
    connection: new ClusterConnection(await openAccess(accessOf(kubernetes))),
    daemonSet: { namespace, name },
    node: locality.node || config.node,
    log,
  });
  watch.start();
  return {
    isVerified: async () => {
      const { is, why } = await watch.ask(ASK_MS);
      const what = is === 'gone' ? 'the engine is taken out of the kernel' : 'what is steered stays so';
      log.info({ why }, what);
      return is === 'gone';
    },
    stop: () => watch.stop(),
  };
}
