// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ABI_VERSION } from '@undermesh/bpf-abi';
import { BpfError, BpfMap, type BpfObject, bpffs, isBpffs, mountBpffs } from '@undermesh/libbpf-ts';

/**
 * The pinned map in which agents of one kernel mark whose a socket is, so that nested agents do not both report it.
 * The first agent pins it, the last one to leave removes it.
 */
export class OwnerMap {
  readonly #path: string;
  #shared: BpfMap | undefined;

  /** @param directory in a bpffs, e.g. /sys/fs/bpf/undermesh; one is mounted when there is none. */
  constructor(directory: string) {
    this.#path = pinPath(directory);
    const parent = dirname(directory);
    if (!isBpffs(parent)) mountBpffs(parent);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Has the object use the pinned map if there is one. Call before loading. */
  use(object: BpfObject): void {
    if (!existsSync(this.#path)) return;
    this.#shared = BpfMap.openPinned(this.#path);
    object.reuseMap('socket_owner', this.#shared);
  }

  /** After loading: pins the map if this agent made it. False when another agent was faster: load again. */
  share(map: BpfMap): boolean {
    if (this.#shared !== undefined) {
      this.#shared.close();
      this.#shared = undefined;
      return true;
    }
    try {
      map.pin(this.#path);
      return true;
    } catch (error) {
      if (error instanceof BpfError && error.errnoName === 'EEXIST') return false;
      throw error;
    }
  }

  /**
   * Removes the pin of a directory, and the directory, unless something of an agent is left there: an engine that has
   * outlived it goes by the same marks. The map lives on while programs use it.
   */
  static removePin(directory: string): void {
    if (!existsSync(directory)) return;
    const path = pinPath(directory);
    if (readdirSync(directory).some((name) => name !== basename(path))) return;
    if (existsSync(path)) bpffs.unpin(path);
    rmdirSync(directory);
  }

  close(): void {
    this.#shared?.close();
    this.#shared = undefined;
  }
}

const pinPath = (directory: string): string => join(directory, `owner-${ABI_VERSION}`);
