// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { join } from 'node:path/posix';
import { holdsPods, podUidOf } from '../identity/pod-cgroup.js';
import type { Scope } from './scope.js';

/** So far below the scope the kubelet's cgroups are looked for, as they may be within those of a container. */
const DEPTH = 5;
/** How often all of that is looked through, ms: the kubelet's cgroups stay where they are. */
const SEARCH_MS = 30_000;
/** The same while there are none. */
const SEARCH_SOON_MS = 1_000;

/** Who among pods is to be steered, and who is a waypoint. */
export interface PodPlaces {
  /** False until the pods of this node have been listed. */
  readonly known: boolean;
  /** Paths below the mount; `looked` takes the directories in which another one would have to appear. */
  find(looked: Set<string>): { readonly enrolled: readonly string[]; readonly waypoints: readonly string[] };
}

/** Finds the cgroups of pods in the tree of cgroups. */
export class PodCgroups {
  readonly #scope: Scope;
  /** Directories that pods' cgroups are made in, below the mount. */
  #holders: string[] = [];
  #searchAtMs = Number.NEGATIVE_INFINITY;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /**
   * Paths below the mount by the pod's uid; `looked` takes the directories in which another one would appear. Throws what
   * keeps them from being read, but for their absence.
   */
  find(looked: Set<string>): ReadonlyMap<string, readonly string[]> {
    const nowMs = performance.now();
    if (nowMs >= this.#searchAtMs) {
      const holders: string[] = [];
      this.#search(this.#scope.path, 0, holders);
      this.#holders = holders;
      this.#searchAtMs = nowMs + (holders.length === 0 ? SEARCH_SOON_MS : SEARCH_MS);
    }
    const found = new Map<string, string[]>();
    for (const holder of this.#holders) {
      looked.add(join(this.#scope.mount, holder));
      const names = directories(join(this.#scope.mount, holder));
      for (const name of names) {
        const path = join(holder, name);
        const uid = podUidOf(name);
        // A level of the kubelet's own that has just been made is looked at next.
        if (uid === undefined && holdsPods(path) && !this.#holders.includes(path)) this.#holders.push(path);
        if (uid === undefined) continue;
        const paths = found.get(uid);
        if (paths === undefined) found.set(uid, [path]);
        else paths.push(path);
      }
    }
    return found;
  }

  #search(path: string, depth: number, holders: string[]): void {
    const names = directories(join(this.#scope.mount, path));
    const isBesideRuntime = names.some((one) => one.includes('kubepods') && podUidOf(one) !== undefined);
    if (holdsPods(path) || isBesideRuntime) holders.push(path);
    if (depth === DEPTH) return;
    for (const one of names)
      if (podUidOf(one) === undefined) this.#search(join(path, one), depth + 1, holders);
  }
}

function directories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'ENOTDIR') return [];
    throw error;
  }
}
