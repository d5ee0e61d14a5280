// SPDX-License-Identifier: Apache-2.0
import { unpin } from './bpffs.js';
import { Descriptor, openPin, pin } from './descriptor.js';
import type { LinkType } from './enums.js';
import { check } from './failure.js';
import { type LinkInfo, linkInfo } from './info.js';
import { BpfIterator } from './iterator.js';
import { libbpf } from './library.js';
import type { BpfMap } from './map.js';
import type { BpfProgram } from './program.js';

/** An attachment. It lasts until the last holder lets go: this object, a pin, another process. */
export class BpfLink implements Disposable {
  readonly type: LinkType;
  /** Unique while the link lives. */
  readonly id: number;
  readonly #descriptor: Descriptor;

  /** Takes `fd` over. Everybody but this package gets links from a program or a static function. */
  constructor(fd: number) {
    this.#descriptor = new Descriptor(fd, () => `link ${this.id}`);
    const info = linkInfo(fd);
    this.type = info.type;
    this.id = info.id;
  }

  /** Opens the link pinned at `path`. @throws {BpfError} `BPF_PIN`. */
  static openPinned(path: string): BpfLink {
    return new BpfLink(openPin(path, 'link'));
  }

  /** Opens the link with this id. @throws {BpfError} `BPF_NOT_FOUND`. */
  static fromId(id: number): BpfLink {
    const failure = {
      code: 'BPF_NOT_FOUND',
      syscall: 'bpf(BPF_LINK_GET_FD_BY_ID)',
      doing: `opening link id ${id}`,
    } as const;
    return new BpfLink(check(libbpf().bpf_link_get_fd_by_id(id), () => failure));
  }

  /** File descriptor, valid until {@link close}. @throws {BpfError} `BPF_CLOSED`. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** What the kernel says of it now. @throws {BpfError} `BPF_INFO`. */
  info(): LinkInfo {
    return linkInfo(this.fd);
  }

  /** Keeps it attached under `path`, in a bpffs, also when this process ends. @throws {BpfError} `BPF_PIN`. */
  pin(path: string): void {
    pin(this.fd, path, `link ${this.id}`);
  }

  /** Removes the pin at `path`; the attachment ends when nothing else holds it. @throws {BpfError} `BPF_PIN`. */
  unpin(path: string): void {
    unpin(path);
  }

  /**
   * Puts another program of the same type in place, without a moment in which none is attached (cgroup, netns,
   * iterator links and others; tracing links cannot).
   * @throws {BpfError} `BPF_LINK`.
   */
  update(program: BpfProgram): void {
    check(libbpf().bpf_link_update(this.fd, program.fd, null), () => ({
      code: 'BPF_LINK',
      syscall: 'bpf(BPF_LINK_UPDATE)',
      doing: `putting program '${program.name}' into ${this.type} link ${this.id}`,
    }));
  }

  /**
   * Puts another struct_ops map in place, in one step: whoever calls finds the one or the other. The map must have been
   * attached before, by {@link BpfObject.attachStructOps}; that attachment may have ended.
   * @throws {BpfError} `BPF_LINK`.
   */
  updateMap(map: BpfMap): void {
    check(libbpf().bpf_link_update(this.fd, map.fd, null), () => ({
      code: 'BPF_LINK',
      syscall: 'bpf(BPF_LINK_UPDATE)',
      doing: `putting map '${map.name}' into ${this.type} link ${this.id}`,
    }));
  }

  /** What runs the iterator program of an `iter` link. */
  createIterator(): BpfIterator {
    return new BpfIterator(() => this.fd);
  }

  /** Ends the attachment now, whoever else holds the link (cgroup, netns and XDP links). @throws {BpfError} `BPF_LINK`. */
  detach(): void {
    check(libbpf().bpf_link_detach(this.fd), () => ({
      code: 'BPF_LINK',
      syscall: 'bpf(BPF_LINK_DETACH)',
      doing: `detaching ${this.type} link ${this.id}`,
    }));
  }

  /** Lets go of it; the attachment ends unless it is pinned or held elsewhere. Harmless when called again. */
  close(): void {
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
