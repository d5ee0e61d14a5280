// SPDX-License-Identifier: Apache-2.0
import { closeSync, readlinkSync } from 'node:fs';
import { BpfError } from './errors.js';
import { check } from './failure.js';
import { libbpf } from './library.js';

/** What kind of thing a bpf file descriptor stands for. */
export type DescriptorKind = 'map' | 'program' | 'link';

/** A file descriptor with an end: closed once, and never used after. */
export class Descriptor {
  #fd: number;
  readonly #what: () => string;
  readonly #owned: boolean;

  /** @param owned false when somebody else closes the number: {@link close} then only ends its use here. */
  constructor(fd: number, what: () => string, owned = true) {
    this.#fd = fd;
    this.#what = what;
    this.#owned = owned;
  }

  /** @throws {BpfError} `BPF_CLOSED` after {@link close}. */
  get fd(): number {
    if (this.#fd < 0) {
      throw new BpfError(`Using ${this.#what()} failed: it is closed. Open it again, or close it later.`, {
        code: 'BPF_CLOSED',
      });
    }
    return this.#fd;
  }

  get closed(): boolean {
    return this.#fd < 0;
  }

  /** Harmless when called again. */
  close(): void {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd >= 0 && this.#owned) closeSync(fd);
  }
}

/**
 * Opens what is pinned at `path`.
 * @throws {BpfError} `BPF_PIN`: nothing is pinned there, or something of another kind.
 */
export function openPin(path: string, kind: DescriptorKind): number {
  const fd = check(libbpf().bpf_obj_get(path), () => ({
    code: 'BPF_PIN',
    syscall: 'bpf(BPF_OBJ_GET)',
    doing: `opening the ${kind} pinned at ${path}`,
  }));
  const found = kindOf(fd);
  if (found !== undefined && found !== kind) {
    closeSync(fd);
    throw new BpfError(
      `Opening the ${kind} pinned at ${path} failed: a ${found} is pinned there. Check the path.`,
      { code: 'BPF_PIN' },
    );
  }
  return fd;
}

/**
 * Pins `fd` at `path`, which must not exist and must lie in a bpffs.
 * @throws {BpfError} `BPF_PIN`.
 */
export function pin(fd: number, path: string, what: string): void {
  check(libbpf().bpf_obj_pin(fd, path), () => ({
    code: 'BPF_PIN',
    syscall: 'bpf(BPF_OBJ_PIN)',
    doing: `pinning ${what} at ${path}`,
    next: 'The path must be new, its directory must exist and lie in a mounted bpffs (see mountBpffs).',
  }));
}

const kinds: readonly (readonly [string, DescriptorKind])[] = [
  ['bpf-map', 'map'],
  ['bpf-prog', 'program'],
  ['bpf_link', 'link'],
  ['bpf-link', 'link'],
];

function kindOf(fd: number): DescriptorKind | undefined {
  const name = readlinkSync(`/proc/self/fd/${fd}`);
  return kinds.find(([part]) => name.includes(part))?.[1];
}
