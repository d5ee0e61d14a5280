// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { bpffs } from '@undermesh/libbpf-ts';
import { ROUTER, ROUTER_PROGRAM } from './engine-hooks.js';
import { openLink } from './engine-store.js';
import type { EngineVersion } from './engine-version.js';

/** Where the module of kernels before 6.9 is told of routers: kmod/mailbox.h. */
export const ROUTERS_FILE = '/proc/undermesh_routers';

/** By what the kernel module asks this engine: it outlives the agent. */
export interface Router {
  /** Has the module ask the programs in the kernel; returns what was there in their place, in words, if that was not so. */
  put(): string | undefined;
  /** The module asks no more. Nothing is done where it does not. */
  remove(): void;
}

/** A `struct_ops`, whose link is pinned: Linux 6.9 and later. */
class LinkedRouter implements Router {
  readonly #version: EngineVersion;
  readonly #path: string;

  constructor(version: EngineVersion, path: string) {
    this.#version = version;
    this.#path = path;
  }

  put(): string | undefined {
    const map = this.#version.maps.get(ROUTER);
    if (map === undefined) return undefined;
    const isPinned = existsSync(this.#path);
    if (isPinned) {
      using link = openLink(this.#path);
      if (link.info().mapId === map.id) return undefined;
      bpffs.unpin(this.#path);
    }
    using link = map.attachStructOps();
    link.pin(this.#path);
    return isPinned ? 'was detached' : 'was taken away';
  }

  remove(): void {
    if (existsSync(this.#path)) bpffs.unpin(this.#path);
  }
}

/** A program that the module was told of: it stays as long as its mailboxes are pinned. */
class RegisteredRouter implements Router {
  readonly #version: EngineVersion;
  readonly #owner: number;

  constructor(version: EngineVersion, owner: number) {
    this.#version = version;
    this.#owner = owner;
  }

  put(): string | undefined {
    const program = this.#version.programs.get(ROUTER_PROGRAM);
    if (program === undefined || !existsSync(ROUTERS_FILE)) return undefined;
    const known = this.#registered();
    if (known === program.id) return undefined;
    writeFileSync(ROUTERS_FILE, `set ${this.#owner} ${program.fd}`);
    return known === undefined ? 'was taken away' : `was replaced by program ${known}`;
  }

  remove(): void {
    if (this.#registered() !== undefined) writeFileSync(ROUTERS_FILE, `remove ${this.#owner}`);
  }

  /** The id of this owner's program. */
  #registered(): number | undefined {
    if (!existsSync(ROUTERS_FILE)) return undefined;
    const lines = readFileSync(ROUTERS_FILE, 'utf8')
      .split('\n')
      .map((line) => line.split(' ').map(Number));
    return lines.find(([owner]) => owner === this.#owner)?.[1];
  }
}

/** As this kernel and its module have it. `linkPath`: where a link is pinned. */
export const routerOf = (
  version: EngineVersion,
  { linkPath, owner, linked }: { linkPath: string; owner: number; linked: boolean },
): Router => (linked ? new LinkedRouter(version, linkPath) : new RegisteredRouter(version, owner));
