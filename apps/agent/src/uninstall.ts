// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AgentConfig } from './config/schema.js';
import { knownObjectsFile, orderFile } from './engine/kept-order.js';
import { waypointDirectory } from './engine/make.js';
import {
  checkTree,
  countPins,
  InstanceLock,
  instanceDirectory,
  KeptMaps,
  OwnerMap,
  removeEmptyCgroup,
} from './kernel/index.js';
import { removeWaypoints } from './waypoint/index.js';

/**
 * Takes out of the kernel what outlives an agent, its engine, and what one that was killed left: its lock, its ring and
 * counters; when no other agent is left, what agents share. Ends the waypoints that it ran. With `purge` goes what it
 * keeps on disk as well: records that were not sent, the newest order, what makes the collector know it.
 *
 * May be called again, and after half of it was removed by hand. Throws UndermeshError `instance_running` while the agent
 * runs, and `pins_foreign`, before anything is removed, when not all pins are its own.
 * @returns what was removed, in words
 */
export async function uninstall(
  config: AgentConfig,
  { purge = false }: { readonly purge?: boolean } = {},
): Promise<string[]> {
  const lock = new InstanceLock(config.runDirectory, config.instance || config.node);
  try {
    return [...(await fromKernel(config, lock)), ...(purge ? fromDisk(config) : [])];
  } finally {
    lock.release();
    removeEmpty(dirname(waypointDirectory(config)));
    removeEmpty(config.runDirectory);
  }
}

async function fromKernel(config: AgentConfig, lock: InstanceLock): Promise<string[]> {
  const { pinDirectory, mesh } = config;
  const instance = config.instance || config.node;
  const pins = instanceDirectory(pinDirectory, instance);
  checkTree(pins);
  const removed: string[] = [];
  const waypoints = waypointDirectory(config);
  for (const name of namesIn(waypoints)) removed.push(`waypoint ${name}, with its connections`);
  await removeWaypoints(waypoints);
  removeEmpty(waypoints);
  const { attachments, others } = countPins(pins);
  if (attachments > 0) removed.push(`${attachments} attachments of programs to cgroups: nothing is steered`);
  if (others > 0) removed.push(`${others} pinned maps and programs in ${pins}`);
  KeptMaps.removeAll(pinDirectory, instance);
  if (lock.last) OwnerMap.removePin(pinDirectory);
  const { cgroup } = mesh.waypoints;
  if (cgroup !== '' && removeEmptyCgroup(cgroup)) removed.push(`the cgroup ${cgroup}`);
  return removed;
}

/** Files that an agent of this instance wrote, below the directories that it was told. */
function fromDisk(config: AgentConfig): string[] {
  const instance = config.instance || config.node;
  const files: [string, string][] = [
    ['records that were not sent', join(config.spool.directory, instance)],
    ['the newest order', orderFile(config)],
    ['what the kernel has taken', knownObjectsFile(config)],
    ['key and certificate', join(config.tls.directory, instance)],
    ['the credential', config.collector.credentialFile],
  ];
  return files
    .filter(([, path]) => existsSync(path))
    .map(([what, path]) => {
      rmSync(path, { recursive: true });
      removeEmpty(dirname(path));
      return `${what}: ${path}`;
    });
}

const namesIn = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : []);

/** Of a directory that is a volume of a container: it is mounted, or what is around it cannot be written to. */
const STAYS: readonly (string | undefined)[] = ['EBUSY', 'EROFS'];

/** What others keep there stays. */
function removeEmpty(directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  if (readdirSync(directory).length > 0) return;
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!STAYS.includes((error as NodeJS.ErrnoException).code)) throw error;
  }
}
