// SPDX-License-Identifier: Apache-2.0
import type { AgentConfig } from './config/schema.js';
import { waypointDirectory } from './engine/make.js';
import { InstanceLock, KeptMaps, OwnerMap } from './kernel/index.js';
import { removeWaypoints } from './waypoint/index.js';

/**
 * Removes what an agent that was killed left in the kernel: its lock, its ring and counters, and, when no other agent is
 * left, what agents share.
 * Attachments end with the process that made them. Throws UndermeshError `instance_running` while it runs.
 */
export async function uninstall(config: AgentConfig): Promise<void> {
  const lock = new InstanceLock(config.runDirectory, config.instance || config.node);
  try {
    await removeWaypoints(waypointDirectory(config));
    KeptMaps.removeAll(config.pinDirectory, config.instance || config.node);
    if (lock.last) OwnerMap.removePin(config.pinDirectory);
  } finally {
    lock.release();
  }
}
