// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ABI_VERSION } from '@undermesh/bpf-abi';
import { BpfError, BpfLink, BpfMap, BpfProgram, bpffs, isBpffs, mountBpffs } from '@undermesh/libbpf-ts';
import { agentError } from '../errors.js';
import { HOST_ATTACH_TYPE, ROUTER } from './engine-hooks.js';
import { EngineVersion, mapPin, programPin } from './engine-version.js';
import { checkTree, foreignPin, instanceDirectory, removeIfEmpty, removeTree } from './pin-tree.js';

/** Called between two steps; tests end the process there. */
export type StepListener = (step: string) => void;

/**
 * The pins of an instance's engine, `<pins>/<instance>/<abi>/engine`:
 *
 *   current/{maps,programs}   the build in force
 *   links/<cgroup>-<program>  its attachments; the cgroup is 0 for the tracepoint
 *   router                    what the kernel module asks, while kernel-native is needed
 *   staging, next, old        a build on its way in or out
 *
 * Their names are the journal of an upgrade. Until `staging` is whole and becomes `next`, nothing has happened; from then
 * on it is finished, by this run or by the one after: links are taken over one by one, `current` becomes `old`, `next`
 * becomes `current`, `old` goes. Killed between any two steps, all hooks have a program, of one build or the other.
 */
export class EngineStore {
  readonly directory: string;
  /** Nothing had been pinned before. */
  readonly isNew: boolean;
  readonly #step: StepListener;

  /**
   * Looks at what is pinned, and finishes or undoes what was interrupted.
   * Throws UndermeshError `pins_foreign` when what is there is not ours, `engine_failed`; nothing is changed then.
   */
  constructor(pinDirectory: string, instance: string, step: StepListener = () => {}) {
    const own = instanceDirectory(pinDirectory, instance);
    this.directory = join(own, String(ABI_VERSION), 'engine');
    this.#step = step;
    if (!isBpffs(dirname(pinDirectory))) mountBpffs(dirname(pinDirectory));
    checkTree(own);
    this.#takeOver(own);
    this.isNew = !existsSync(this.directory);
    mkdirSync(this.#path('links'), { recursive: true, mode: 0o700 });
    this.#recover();
  }

  /** The build in force; the caller closes it. Throws UndermeshError `pins_foreign`. */
  open(): EngineVersion | undefined {
    const current = this.#path('current');
    return existsSync(current) ? new EngineVersion(current) : undefined;
  }

  /** A map of the build in force; the caller closes it. */
  openMap(name: string): BpfMap | undefined {
    const path = mapPin(this.#path('current'), name);
    return existsSync(path) ? BpfMap.openPinned(path) : undefined;
  }

  /** Whether somebody has taken the pins away: all of them, as one does to be rid of the engine. */
  get removed(): boolean {
    return !existsSync(this.#path('current')) && !existsSync(this.#path('links'));
  }

  /**
   * Puts a build in the place of the one in force, if there is one. `pin` pins all of it in the directory given;
   * `finish` is called when its programs alone are at work. Throws what goes wrong; the earlier build stays then.
   */
  install(pin: (directory: string) => void, finish: () => void): void {
    const staging = this.#path('staging');
    try {
      pin(staging);
      this.#step('staged');
    } catch (error) {
      removeTree(staging);
      throw error;
    }
    if (!existsSync(this.#path('current'))) {
      renameSync(staging, this.#path('current'));
      this.#step('current');
      return;
    }
    renameSync(staging, this.#path('next'));
    this.#step('committed');
    try {
      this.#takeLinks('next');
    } catch (error) {
      this.#takeLinks('current');
      removeTree(this.#path('next'));
      throw error;
    }
    try {
      finish();
    } finally {
      this.#retire();
    }
  }

  /** Names of the pinned links. */
  links(): string[] {
    return readdirSync(this.#path('links'));
  }

  linkPath(name: string): string {
    return join(this.#path('links'), name);
  }

  /** Where the link of the router is pinned. */
  get routerPath(): string {
    return this.#path('router');
  }

  /** Where a program of the build in force is pinned. */
  pinOf(kind: 'map' | 'program', name: string): string {
    return (kind === 'map' ? mapPin : programPin)(this.#path('current'), name);
  }

  /** Takes everything out of the kernel. */
  static remove(pinDirectory: string, instance: string): void {
    const own = instanceDirectory(pinDirectory, instance);
    for (const abi of existsSync(own) ? readdirSync(own) : []) {
      removeTree(join(own, abi, 'engine'));
      removeIfEmpty(join(own, abi));
    }
    removeIfEmpty(own);
    removeIfEmpty(pinDirectory);
  }

  #path(name: string): string {
    return join(this.directory, name);
  }

  /** What a release with another ABI left becomes ours; shapes are compared map by map then. */
  #takeOver(own: string): void {
    if (existsSync(this.directory) || !existsSync(own)) return;
    const other = readdirSync(own)
      .map((abi) => join(own, abi, 'engine'))
      .find((directory) => existsSync(directory));
    if (other === undefined) return;
    mkdirSync(dirname(this.directory), { recursive: true, mode: 0o700 });
    renameSync(other, this.directory);
    removeIfEmpty(dirname(other));
  }

  #recover(): void {
    const has = (name: string): boolean => existsSync(this.#path(name));
    removeTree(this.#path('staging'));
    if (has('next')) {
      if (has('current')) this.#takeLinks('next');
      this.#retire();
    }
    removeTree(this.#path('old'));
    for (const name of this.links()) if (name.endsWith(UNFINISHED)) bpffs.unpin(this.linkPath(name));
  }

  #retire(): void {
    const [current, next, old] = [this.#path('current'), this.#path('next'), this.#path('old')];
    if (existsSync(current)) renameSync(current, old);
    this.#step('retired');
    renameSync(next, current);
    this.#step('current');
    removeTree(old);
    this.#step('done');
  }

  /** Puts the programs of `current` or `next` into every link, without a moment in which a hook has none. */
  #takeLinks(version: 'current' | 'next'): void {
    for (const name of this.links()) {
      if (!name.endsWith(UNFINISHED)) this.#takeLink(name, this.#path(version));
      this.#step(`link ${name}`);
    }
    this.#takeRouter(this.#path(version));
  }

  #takeRouter(version: string): void {
    const pin = mapPin(version, ROUTER);
    if (!existsSync(this.routerPath)) return;
    if (!existsSync(pin)) {
      bpffs.unpin(this.routerPath); // nobody's connections are deferred any more
      return;
    }
    using map = BpfMap.openPinned(pin);
    using link = openLink(this.routerPath);
    link.updateMap(map);
    this.#step('router');
  }

  #takeLink(name: string, version: string): void {
    const path = this.linkPath(name);
    const { cgroup, program: programName } = readLinkName(name);
    const pin = programPin(version, programName);
    if (!existsSync(pin)) {
      bpffs.unpin(path); // a hook that this build does not have
      return;
    }
    const attachType = cgroup === HOST ? HOST_ATTACH_TYPE : undefined;
    using program = BpfProgram.openPinned(pin, attachType);
    if (cgroup === HOST) {
      // The kernel does not let a tracepoint's link change its program: for a moment there are two.
      const unfinished = `${path}${UNFINISHED}`;
      if (existsSync(unfinished)) bpffs.unpin(unfinished);
      using link = program.attach();
      link.pin(unfinished);
      renameSync(unfinished, path);
      return;
    }
    using link = openLink(path);
    try {
      link.update(program);
    } catch (cause) {
      if (cause instanceof BpfError && link.info().cgroupId === 0n) bpffs.unpin(path);
      else throw agentError('engine_failed', `Replacing ${programName} of cgroup ${cgroup} failed.`, cause);
    }
  }
}

/** In place of a cgroup's id: the whole host. */
export const HOST = '0';
const UNFINISHED = '-new';

export const linkName = (cgroup: string, program: string): string => `${cgroup}-${program}`;

/** Opposite of {@link linkName}. */
export function readLinkName(name: string): { readonly cgroup: string; readonly program: string } {
  const dash = name.indexOf('-');
  return { cgroup: name.slice(0, dash), program: name.slice(dash + 1) };
}

/** Throws UndermeshError `pins_foreign` when no link is pinned there. */
export function openLink(path: string): BpfLink {
  try {
    return BpfLink.openPinned(path);
  } catch (cause) {
    if (cause instanceof BpfError && cause.errno === 0) throw foreignPin(path, 'is no link');
    throw cause;
  }
}
