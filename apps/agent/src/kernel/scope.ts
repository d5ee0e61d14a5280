// SPDX-License-Identifier: Apache-2.0
import { rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path/posix';
import { cgroupId, findCgroup2Mount } from '@undermesh/libbpf-ts';
import { agentError } from '../errors.js';

/** The part of the cgroup tree that an agent observes. */
export interface Scope {
  /** Where cgroup2 is mounted. */
  readonly mount: string;
  /** Below the mount; `/` is its root. */
  readonly path: string;
  readonly directory: string;
  readonly wholeHost: boolean;
  /** 0 for the whole host. */
  readonly cgroupId: bigint;
  /** Depth below the root. */
  readonly level: number;
}

/** Removes a cgroup, a path below the mount, that no process and no other cgroup is in. @returns whether it did */
export function removeEmptyCgroup(path: string): boolean {
  try {
    rmdirSync(join(findCgroup2Mount(), path));
    return true;
  } catch {
    return false; // in use, or not there
  }
}

/**
 * Finds the cgroup to observe: a path below the cgroup2 mount, or an absolute one that begins with the mount.
 * Throws UndermeshError `cgroup2_missing` or `cgroup_missing`.
 */
export function resolveScope(configured: string): Scope {
  let mount: string;
  try {
    mount = findCgroup2Mount();
  } catch (cause) {
    throw agentError('cgroup2_missing', 'No cgroup v2 hierarchy is mounted here.', cause);
  }
  const below =
    configured === mount || configured.startsWith(`${mount}/`) ? configured.slice(mount.length) : configured;
  const path = join('/', below).replace(/(?<=.)\/$/, '');
  const directory = path === '/' ? mount : `${mount}${path}`;
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw agentError('cgroup_missing', `The cgroup ${directory} (agent.cgroup) does not exist.`);
  }
  const wholeHost = path === '/';
  return {
    mount,
    path,
    directory,
    wholeHost,
    cgroupId: wholeHost ? 0n : cgroupId(directory),
    level: wholeHost ? 0 : path.split('/').length - 1,
  };
}
