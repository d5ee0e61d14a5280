// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { BpfError, BpfProgram, bpffs } from '@undermesh/libbpf-ts';
import type { EngineHook } from '../engine/control.js';
import {
  CGROUP_HOOKS,
  type CgroupHook,
  ENROLLED_HOOKS,
  HOST_ATTACH_TYPE,
  HOST_HOOK,
  WAYPOINT_HOOKS,
} from './engine-hooks.js';
import { type EngineStore, HOST, linkName, openLink, readLinkName } from './engine-store.js';
import type { EngineVersion } from './engine-version.js';
import type { EnrolledCgroup } from './enrolment.js';

/** Something about a link that was not as it had been put. */
export interface LinkFinding {
  readonly what: string;
  readonly mended: boolean;
}

/** Cgroups that have something attached. */
export interface Places {
  /** Whose workloads are steered. */
  readonly enrolled: readonly EnrolledCgroup[];
  /** Which waypoints run in. */
  readonly waypoints: readonly EnrolledCgroup[];
  /** False while others may be too, which is not known yet: nobody is let go then. */
  readonly complete: boolean;
}

/** A program at a cgroup; at the host without one. */
interface Place {
  readonly cgroup?: EnrolledCgroup;
  readonly hook?: CgroupHook;
}

/** Links looked at in one look: so many, or a quarter of all where that is more, but not more than it can take. */
const LOOK_LINKS = { few: 60, most: 500 } as const;

/**
 * The attachments of the engine: each is a pinned link, held by its pin and by nobody else, so that it outlives the agent
 * and whoever removes the pin detaches it.
 */
export class EngineLinks {
  readonly #store: EngineStore;
  readonly #version: EngineVersion;
  /** What ought to be attached, by name of the link. */
  #wanted: ReadonlyMap<string, Place> = new Map();
  /** Of those, whether they were at the last look, or what is wrong that could not be mended. */
  readonly #attached = new Map<string, true | string>();
  #turn = 0;

  constructor(store: EngineStore, version: EngineVersion) {
    this.#store = store;
    this.#version = version;
  }

  /**
   * Attaches to cgroups that have come and detaches from those that are no longer wanted: what steers at once, the rest
   * when `drained`, as the connections of such a cgroup go on. Links of an earlier run are kept as they are; returns what
   * had to be put right of them.
   */
  attach(places: Places, drained: boolean): LinkFinding[] {
    this.#wanted = this.#namesOf(places);
    for (const name of this.#attached.keys()) if (!this.#wanted.has(name)) this.#attached.delete(name);
    const pinned = new Set(this.#store.links());
    const findings = [...this.#wanted.keys()]
      .filter((name) => !this.#attached.has(name))
      .flatMap((name) => this.#take(name, pinned.has(name)));
    for (const name of pinned) {
      if (this.#wanted.has(name) || !places.complete) continue;
      const { program } = readLinkName(name);
      const steers = CGROUP_HOOKS.find((hook) => hook.program === program)?.steers ?? true;
      if (steers || drained || this.#isGone(name)) bpffs.unpin(this.#store.linkPath(name));
    }
    return findings;
  }

  /**
   * Looks at links, at all of them if there are not too many, and puts right what it finds. Returns that, and all that
   * could not be put right at this look or an earlier one.
   */
  look(): LinkFinding[] {
    const names = [...this.#attached.keys()];
    const count = Math.min(Math.max(Math.ceil(names.length / 4), LOOK_LINKS.few), LOOK_LINKS.most);
    const start = names.length > count ? this.#turn % names.length : 0;
    this.#turn = start + count;
    const mended: LinkFinding[] = [];
    for (const name of names.slice(start, start + count)) {
      const what = this.#problemOf(name);
      if (what === undefined) this.#attached.set(name, true);
      else mended.push(...this.#put(name, what));
    }
    const lasting = [...this.#attached.values()].filter((state) => state !== true);
    return [...mended, ...lasting.map((what) => ({ what, mended: false }))];
  }

  /** By hook, as of the last look; those that are wanted nowhere are left out. */
  hooks(): EngineHook[] {
    const count = (program: string): EngineHook => {
      const suffix = `-${program}`;
      const of = [...this.#attached].filter(([name]) => name.endsWith(suffix));
      const attached = of.filter(([, state]) => state === true).length;
      return { name: program, expected: of.length, attached };
    };
    const programs = [...CGROUP_HOOKS.map(({ program }) => program), HOST_HOOK];
    return programs.map(count).filter(({ expected }) => expected > 0);
  }

  /** Programs that this kernel does not take are left out. */
  #namesOf({ enrolled, waypoints }: Places): Map<string, Place> {
    const names = new Map<string, Place>([[linkName(HOST, HOST_HOOK), {}]]);
    const add = (cgroups: readonly EnrolledCgroup[], hooks: readonly CgroupHook[]): void => {
      for (const cgroup of cgroups) {
        for (const hook of hooks) {
          if (this.#version.programs.has(hook.program)) {
            names.set(linkName(cgroup.id, hook.program), { cgroup, hook });
          }
        }
      }
    };
    add(enrolled, ENROLLED_HOOKS);
    add(waypoints, WAYPOINT_HOOKS);
    return names;
  }

  #take(name: string, pinned: boolean): LinkFinding[] {
    const what = pinned ? this.#problemOf(name) : this.#nameOf(name, 'could not be attached to');
    if (what === undefined) {
      this.#attached.set(name, true);
      return [];
    }
    const mended = this.#put(name, what);
    return pinned ? mended : [];
  }

  /** Tells when it could be done; what could not be is remembered, and tried again at its next look. */
  #put(name: string, what: string): LinkFinding[] {
    const mended = this.#mend(name);
    this.#attached.set(name, mended === true ? true : `${what}: ${mended}`);
    return mended === true ? [{ what, mended }] : [];
  }

  #isGone(name: string): boolean {
    using link = openLink(this.#store.linkPath(name));
    return link.info().cgroupId === 0n;
  }

  /** For people; nothing when all is well, or when its cgroup has gone with it. */
  #problemOf(name: string): string | undefined {
    const { cgroup, program } = readLinkName(name);
    const path = this.#store.linkPath(name);
    if (!existsSync(path)) return this.#nameOf(name, 'was taken away from');
    using link = openLink(path);
    const { programId, cgroupId } = link.info();
    if (cgroup !== HOST && String(cgroupId) !== cgroup) {
      const directory = this.#wanted.get(name)?.cgroup?.directory;
      return directory === undefined || !existsSync(directory)
        ? undefined
        : this.#nameOf(name, 'was detached from');
    }
    if (programId === this.#version.programs.get(program)?.id) return undefined;
    return `${this.#nameOf(name, 'was replaced at')} by program ${programId}`;
  }

  #nameOf(name: string, happened: string): string {
    const { program } = readLinkName(name);
    return `${program} ${happened} ${this.#wanted.get(name)?.cgroup?.path ?? 'the host'}`;
  }

  /** True, or why not. */
  #mend(name: string): true | string {
    const path = this.#store.linkPath(name);
    const { cgroup, hook } = this.#wanted.get(name) ?? {};
    try {
      if (existsSync(path) && this.#takeBack(name)) return true;
      if (existsSync(path)) bpffs.unpin(path);
      if (cgroup !== undefined && hook !== undefined) this.#attach(cgroup, hook);
      else this.#attachHost();
      return true;
    } catch (error) {
      if (error instanceof BpfError) return error.message;
      throw error;
    }
  }

  /** Puts our program into a link that is still where it was, without a moment in which there is none. */
  #takeBack(name: string): boolean {
    const { cgroup, program } = readLinkName(name);
    const ours = this.#version.programs.get(program);
    using link = openLink(this.#store.linkPath(name));
    if (ours === undefined || cgroup === HOST || String(link.info().cgroupId) !== cgroup) return false;
    link.update(ours);
    return true;
  }

  #attach(cgroup: EnrolledCgroup, { program, attachType }: CgroupHook): void {
    using opened = BpfProgram.openPinned(this.#store.pinOf('program', program), attachType);
    using link = opened.attachCgroup(cgroup.directory);
    link.pin(this.#store.linkPath(linkName(cgroup.id, program)));
  }

  #attachHost(): void {
    using program = BpfProgram.openPinned(this.#store.pinOf('program', HOST_HOOK), HOST_ATTACH_TYPE);
    using link = program.attach();
    link.pin(this.#store.linkPath(linkName(HOST, HOST_HOOK)));
  }
}
