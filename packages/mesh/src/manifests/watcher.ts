// SPDX-License-Identifier: Apache-2.0
import { type FSWatcher, watch } from 'node:fs';

/**
 * Calls back when something happens in directories. Where the kernel has no watch left, or a file system tells of
 * nothing, no call comes: who needs to be sure looks again by the clock.
 */
export class DirectoryWatcher {
  readonly #onEvent: () => void;
  readonly #watchers = new Map<string, FSWatcher>();

  constructor(onEvent: () => void) {
    this.#onEvent = onEvent;
  }

  /** Watches these directories from now on, and no others. */
  watch(directories: readonly string[]): void {
    for (const path of [...this.#watchers.keys()]) if (!directories.includes(path)) this.#remove(path);
    for (const path of directories) if (!this.#watchers.has(path)) this.#add(path);
  }

  close(): void {
    this.watch([]);
  }

  #add(path: string): void {
    try {
      const watcher = watch(path, { persistent: false }, this.#onEvent);
      watcher.on('error', () => this.#remove(path));
      this.#watchers.set(path, watcher);
    } catch {
      // No watch left, or the directory is gone: the clock takes over.
    }
  }

  #remove(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
  }
}
