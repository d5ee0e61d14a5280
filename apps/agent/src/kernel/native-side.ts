// SPDX-License-Identifier: Apache-2.0
import { Engine, NATIVE_PROGRAMS } from '@undermesh/bpf-abi';
import { BpfError, type BpfMap, type BpfObject, type BpfProgram } from '@undermesh/libbpf-ts';
import type { Finding } from '../engine/drift-log.js';
import { agentError } from '../errors.js';
import { numberKey } from '../mesh/index.js';
import { ENGINE_PROGRAMS, ROUTER } from './engine-hooks.js';
import type { EngineStore } from './engine-store.js';
import type { EngineVersion } from './engine-version.js';
import type { KnownObjects } from './known-objects.js';
import { loadNative, type Ownership } from './load-object.js';
import {
  hasStructOps,
  moduleProblem,
  type NativeModuleState,
  readModule,
  readModuleCounters,
} from './native-module.js';
import { type Router, routerOf } from './native-router.js';

/** Looks without a deferred connection before the router goes: a connect may be on its way. */
const QUIET_LOOKS = 2;

export interface NativeOptions extends Ownership {
  /** kernel_native.bpf.o */
  readonly file: string;
  readonly known: KnownObjects | undefined;
  /** Whether the engine is to be put in force as soon as it can: then that is how it is tried. */
  readonly isOrdered: () => boolean;
}

/**
 * The kernel-native engine's programs, which need the kernel module. They are in the kernel, and hold the module there, only
 * while that engine is in force or deferred connections are left: so a node that is switched to another engine lets the
 * module be unloaded. Its maps are the engine's, and always there.
 */
export class NativeSide {
  readonly #router: Router;
  readonly #version: EngineVersion;
  readonly #options: NativeOptions;
  #module: NativeModuleState;
  #problem: string | null;
  #quietLooks = 0;

  constructor(store: EngineStore, version: EngineVersion, options: NativeOptions) {
    this.#router = routerOf(version, {
      linkPath: store.routerPath,
      owner: options.owner,
      linked: hasStructOps(),
    });
    this.#version = version;
    this.#options = options;
    this.#module = readModule();
    this.#problem = this.#examine();
    if (this.held) this.#putRouter();
  }

  /** `true`, or why this node cannot run the engine and what to do: a clause. As of the last look. */
  get available(): true | string {
    return this.#problem ?? true;
  }

  /** The module as of the last look. */
  get module(): NativeModuleState {
    return this.#module;
  }

  /** Whether its programs are in the kernel. */
  get held(): boolean {
    return holdsNative(this.#version);
  }

  /** Has its programs in the kernel, ready to be put in force. Throws UndermeshError `engine_failed`; nothing stays then. */
  hold(): void {
    if (this.held) return;
    try {
      using object = this.#load();
      this.#version.add(object);
      this.#putRouter();
      this.#fillSlots();
    } catch (cause) {
      this.#release();
      if (cause instanceof BpfError) this.#problem = refusal(cause);
      throw agentError('engine_failed', 'Loading the programs of kernel-native failed.', cause);
    }
  }

  /**
   * Once a second: whether the module has come, gone or changed; has the router be the one of this engine; and lets go of the
   * programs when nobody needs them any more. Throws BpfError.
   */
  look(inForce: boolean): Finding[] {
    this.#lookAtModule();
    if (!this.held) return [];
    const findings = this.#putRouter();
    const idle = !inForce && (readModuleCounters().get('deferrals') ?? 0) === 0;
    this.#quietLooks = idle ? this.#quietLooks + 1 : 0;
    if (this.#quietLooks > QUIET_LOOKS) this.#release();
    return findings;
  }

  #lookAtModule(): void {
    const module = readModule();
    const { version, source, loaded } = this.#module;
    if (module.loaded === loaded && module.version === version && module.source === source) return;
    this.#module = module;
    this.#problem = this.#examine();
  }

  /** Loads it once, where nothing else tells whether the kernel takes it. */
  #examine(): string | null {
    const problem = moduleProblem();
    const { file, known, isOrdered } = this.#options;
    if (problem !== null || this.held || isOrdered()) return problem;
    if (known?.tagsOf(file, this.#module) !== undefined) return null;
    try {
      this.#load().close();
      return null;
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      return refusal(error);
    }
  }

  #load(): BpfObject {
    const { file, known, owner, marksOwnership } = this.#options;
    const object = loadNative(file, { owner, marksOwnership, maps: this.#version.maps });
    known?.keep(file, object.programs(), this.#module);
    return object;
  }

  #putRouter(): Finding[] {
    const was = this.#router.put();
    return was === undefined ? [] : [{ what: `the router of kernel-native ${was}`, mended: true }];
  }

  #fillSlots(): void {
    this.#eachSlot((array, program) => {
      array.update(numberKey(Engine.KERNEL_NATIVE), numberKey(program.fd));
    });
  }

  /** Nobody is steered to its programs any more, and then they go. */
  #release(): void {
    this.#quietLooks = 0;
    this.#eachSlot((array) => array.delete(numberKey(Engine.KERNEL_NATIVE)));
    this.#router.remove();
    this.#version.drop([...NATIVE_PROGRAMS], [ROUTER]);
  }

  #eachSlot(each: (array: BpfMap, program: BpfProgram) => void): void {
    for (const [name, programs] of Object.entries(ENGINE_PROGRAMS)) {
      for (const [engine, programName] of programs) {
        const [array, program] = [this.#version.maps.get(name), this.#version.programs.get(programName)];
        if (engine !== Engine.KERNEL_NATIVE || !isNative(programName)) continue;
        if (array !== undefined && program !== undefined) each(array, program);
      }
    }
  }
}

const refusal = (error: BpfError): string =>
  `the kernel refuses its programs: ${error.message}`.replace(/\.$/, '');

const isNative = (program: string): boolean => NATIVE_PROGRAMS.some((name) => name === program);

/** Whether a build that is pinned has programs of the kernel-native engine, all or some. */
export const holdsNative = ({ programs }: Pick<EngineVersion, 'programs'>): boolean =>
  NATIVE_PROGRAMS.some((name) => programs.has(name));
