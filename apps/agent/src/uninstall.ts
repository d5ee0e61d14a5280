// SPDX-License-Identifier: Apache-2.0
import type { AgentConfig } from './config/schema.js';
import { waypointDirectory } from './engine/make.js';
import { InstanceLock, KeptMaps, OwnerMap } from './kernel/index.js';
import { removeWaypoints } from './waypoint/index.js';

/**
 * Takes out of the kernel what outlives an agent, its engine, and what one that was killed left: its lock, its ring and
 * counters; when no other agent is left, what agents share. Ends the waypoints that it ran.
 * Throws UndermeshError `instance_running` while it runs.
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
