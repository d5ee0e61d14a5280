// SPDX-License-Identifier: Apache-2.0
import { type Dirent, readdirSync, statSync } from 'node:fs';

/** The last two components of a cgroup's path, as the kernel remembers them. */
export interface CgroupTail {
  readonly parent: string;
  readonly name: string;
}

/** Where paths are looked up. */
export interface CgroupPathsOptions {
  /** Where cgroup2 is mounted. */
  readonly mount: string;
  /** Path of the agent's own cgroup below the mount; what is observed lies below it. */
  readonly scope: string;
  /** Names that outlived their cgroup. */
  readonly tail: (cgroupId: number) => CgroupTail | undefined;
  /** Path of a living process in the unified hierarchy. */
  readonly pathOfProcess: (pid: number) => string | undefined;
}

/** Outcome of {@link CgroupPaths.find}. */
export interface FoundPath {
  /** `undefined` when nothing knows it. */
  readonly path: string | undefined;
  /** False when the tree has not been looked at since: ask again a little later. */
  readonly settled: boolean;
}

/** The tree is looked at again after twenty times what that took: small trees at once, none more often than this costs. */
const RESCAN_FACTOR = 20;
const MAX_RESCAN_MS = 250;
const MAX_PATHS = 16_384;

/**
 * Paths of cgroups by id, below the mount and with a leading `/`. The id of a cgroup is the inode number of its
 * directory and is never given out again, so a path once found stays true for its records even when the cgroup is gone.
 */
export class CgroupPaths {
  readonly #options: CgroupPathsOptions;
  readonly #paths = new Map<number, string>();
  #rescanAtMs = 0;

  constructor(options: CgroupPathsOptions) {
    this.#options = options;
  }

  /** The path of a cgroup. `pid` is a process that may still live in it. */
  find(cgroupId: number, pid: number): FoundPath {
    const live = this.#paths.get(cgroupId) ?? this.#ofProcess(cgroupId, pid);
    if (live !== undefined) return { path: live, settled: true };
    const startMs = performance.now();
    const due = startMs >= this.#rescanAtMs;
    if (due) {
      this.#scan('/');
      const endMs = performance.now();
      this.#rescanAtMs = endMs + Math.min((endMs - startMs) * RESCAN_FACTOR, MAX_RESCAN_MS);
    }
    const path = this.#paths.get(cgroupId) ?? this.#remembered(cgroupId);
    return { path, settled: due };
  }

  #ofProcess(cgroupId: number, pid: number): string | undefined {
    if (pid === 0) return undefined;
    const path = this.#options.pathOfProcess(pid);
    if (path === undefined) return undefined;
    // The process may have moved since it made the socket, or see paths from within a cgroup namespace.
    const found = statSync(`${this.#options.mount}${path}`, { throwIfNoEntry: false });
    if (found === undefined || found.ino !== cgroupId) return undefined;
    return this.#keep(cgroupId, path);
  }

  #scan(path: string): void {
    const directory = `${this.#options.mount}${path === '/' ? '' : path}`;
    const self = statSync(directory, { throwIfNoEntry: false });
    if (self === undefined) return;
    this.#keep(self.ino, path);
    let entries: Dirent[];
    try {
      entries = readdirSync(directory, { withFileTypes: true });
    } catch {
      return; // removed meanwhile
    }
    for (const entry of entries) {
      if (entry.isDirectory()) this.#scan(path === '/' ? `/${entry.name}` : `${path}/${entry.name}`);
    }
  }

  /** A cgroup that is not found in the tree, or not yet: its two last components, put below a parent that is known, or below the agent's own cgroup. */
  #remembered(cgroupId: number): string | undefined {
    const tail = this.#options.tail(cgroupId);
    if (tail === undefined || tail.name === '') return undefined;
    const scope = this.#options.scope === '/' ? '' : this.#options.scope;
    if (tail.parent === '' || scope.endsWith(`/${tail.parent}`)) return `${scope}/${tail.name}`;
    for (const path of this.#paths.values()) {
      if (path.endsWith(`/${tail.parent}`)) return `${path}/${tail.name}`;
    }
    return `${scope}/${tail.parent}/${tail.name}`;
  }

  #keep(cgroupId: number, path: string): string {
    if (this.#paths.size >= MAX_PATHS && !this.#paths.has(cgroupId)) {
      const [oldest] = this.#paths.keys();
      if (oldest !== undefined) this.#paths.delete(oldest);
    }
    this.#paths.set(cgroupId, path);
    return path;
  }
}
