// SPDX-License-Identifier: Apache-2.0
import type { AgentConfig } from './config/schema.js';
import { InstanceLock, OwnerMap } from './kernel/index.js';

/**
 * Removes what an agent that was killed left behind: its lock, and, when no other agent is left, what agents share.
 * Attachments end with the process that made them. Throws UndermeshError `instance_running` while it runs.
 */
export function uninstall(config: AgentConfig): void {
  const lock = new InstanceLock(config.runDirectory, config.instance || config.node);
  try {
    if (lock.last) OwnerMap.removePin(config.pinDirectory);
  } finally {
    lock.release();
  }
}
