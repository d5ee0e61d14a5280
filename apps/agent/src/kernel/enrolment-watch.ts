// SPDX-License-Identifier: Apache-2.0
import { type FSWatcher, watch } from 'node:fs';

/** Hears of cgroups that come and go, so that they need not wait for the next look. */
export class EnrolmentWatch {
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #soon: NodeJS.Immediate | undefined;

  /** @param onChange called once for all that happened at a time. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Watches these directories and no others any more. What cannot be watched is left to the looks. */
  watch(directories: ReadonlySet<string>): void {
    for (const [directory, watcher] of this.#watchers) {
      if (directories.has(directory)) continue;
      watcher.close();
      this.#watchers.delete(directory);
    }
    for (const directory of directories) if (!this.#watchers.has(directory)) this.#add(directory);
  }

  close(): void {
    clearImmediate(this.#soon);
    this.watch(new Set());
  }

  #add(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#changed());
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(directory);
      });
      this.#watchers.set(directory, watcher);
    } catch {
      // It has gone again, or there are too many watches.
    }
  }

  #changed(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.#onChange();
    });
  }
}
