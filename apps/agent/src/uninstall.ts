// SPDX-License-Identifier: Apache-2.0
import type { AgentConfig } from './config/schema.js';
import { InstanceLock, KeptMaps, OwnerMap } from './kernel/index.js';

/**
 * Removes what an agent that was killed left in the kernel: its lock, its ring and counters, and, when no other agent is
 * left, what agents share.
 * Attachments end with the process that made them. Throws UndermeshError `instance_running` while it runs.
 */
export function uninstall(config: AgentConfig): void {
  const lock = new InstanceLock(config.runDirectory, config.instance || config.node);
  try {
    KeptMaps.removeAll(config.pinDirectory, config.instance || config.node);
    if (lock.last) OwnerMap.removePin(config.pinDirectory);
  } finally {
    lock.release();
  }
}
