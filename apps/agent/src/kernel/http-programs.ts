// SPDX-License-Identifier: Apache-2.0
import { HTTP_MAPS, HTTP_PROGRAMS } from '@undermesh/bpf-abi';
import { type BpfObject, openObject } from '@undermesh/libbpf-ts';
import type { Attachment } from './hooks.js';

/** Maps whose size is not that of the object file. */
const SIZED = ['records', 'choices'] as const;

/** The programs that read HTTP: an object of their own, on the maps of the observing one. */
export class HttpPrograms {
  readonly attachments: readonly Attachment[];
  readonly #object: BpfObject;

  /** Loads and attaches. Throws BpfError, with the verifier's reason; nothing stays behind then. */
  constructor(objectFile: string, on: { readonly observe: BpfObject; readonly cgroup: string }) {
    const { observe, cgroup } = on;
    const attachments: Attachment[] = [];
    this.#object = openObject(objectFile);
    try {
      for (const name of SIZED) this.#object.setMaxEntries(name, observe.map(name).maxEntries);
      for (const name of HTTP_MAPS) this.#object.reuseMap(name, observe.map(name));
      this.#object.load();
      for (const name of HTTP_PROGRAMS) {
        const program = this.#object.program(name);
        attachments.push({ program, link: program.attachCgroup(cgroup), attachedTo: cgroup, cgroup });
      }
    } catch (error) {
      for (const { link } of attachments) link.close();
      this.#object.close();
      throw error;
    }
    this.attachments = attachments;
  }

  /** Detaches and lets go. */
  close(): void {
    for (const { link } of this.attachments) link.close();
    this.#object.close();
  }
}
