// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ABI_VERSION } from '@undermesh/bpf-abi';
import { BpfMap, type BpfObject, bpffs } from '@undermesh/libbpf-ts';
import { instanceDirectory, removeIfEmpty, removeTree } from './pin-tree.js';

/** What must outlive the agent for no end to go uncounted: what was made, how many, and where. */
const KEPT = ['records', 'totals', 'cgroup_names'] as const;

/**
 * The maps of one instance that stay in the kernel when the agent is killed, as pins: the next run reads on where the
 * ring was left and goes on with the same counters. An agent that stops in good order takes them away.
 */
export class KeptMaps {
  readonly #directory: string;
  #adopted = false;

  /** @param pinDirectory in a bpffs that is mounted, e.g. /sys/fs/bpf/undermesh. */
  constructor(pinDirectory: string, instance: string) {
    this.#directory = pinsOf(pinDirectory, instance);
  }

  /** Whether an earlier run's maps are in use. */
  get adopted(): boolean {
    return this.#adopted;
  }

  /**
   * Has an object use the maps of an earlier run, all or none: those of a ring of another size are of no use and go.
   * Call before loading.
   */
  use(object: BpfObject): void {
    this.#adopted = false;
    if (!KEPT.every((name) => existsSync(this.#path(name)))) {
      this.remove();
      return;
    }
    const maps = KEPT.map((name) => BpfMap.openPinned(this.#path(name)));
    try {
      const fits = maps.every((map, i) => map.maxEntries === object.mapSpec(KEPT[i] ?? '').maxEntries);
      if (!fits) {
        this.remove();
        return;
      }
      maps.forEach((map, i) => {
        object.reuseMap(KEPT[i] ?? '', map);
      });
      this.#adopted = true;
    } finally {
      for (const map of maps) map.close();
    }
  }

  /** Pins the maps of a loaded object, unless they are an earlier run's. */
  keep(object: BpfObject): void {
    if (this.#adopted) return;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    for (const name of KEPT) object.map(name).pin(this.#path(name));
  }

  /** Removes the pins; the maps live on while programs use them. */
  remove(): void {
    for (const name of KEPT) if (existsSync(this.#path(name))) bpffs.unpin(this.#path(name));
    removeIfEmpty(this.#directory);
    removeIfEmpty(dirname(this.#directory));
  }

  /** Removes what any agent of this instance pinned, whatever its release: its engine as well. */
  static removeAll(pinDirectory: string, instance: string): void {
    removeTree(instanceDirectory(pinDirectory, instance));
    removeIfEmpty(pinDirectory);
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

const pinsOf = (pinDirectory: string, instance: string): string =>
  join(instanceDirectory(pinDirectory, instance), String(ABI_VERSION));
