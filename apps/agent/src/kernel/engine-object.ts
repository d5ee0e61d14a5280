// SPDX-License-Identifier: Apache-2.0
import {
  DUAL_ENGINE_MAPS,
  DUAL_ENGINE_PROGRAMS,
  EngineConfig,
  encodeEngineConfig,
  PREFACE_MAPS,
  PREFACE_PROGRAMS,
  WAYPOINT_MAPS,
  WAYPOINT_PROGRAMS,
} from '@undermesh/bpf-abi';
import { messageOf } from '@undermesh/core';
import {
  BpfError,
  type BpfMap,
  type BpfObject,
  type BpfProgram,
  type MapSpec,
  openObject,
  readObjectSpec,
} from '@undermesh/libbpf-ts';
import { agentError } from '../errors.js';
import { numberKey } from '../mesh/index.js';
import { ENGINE_PROGRAMS } from './engine-hooks.js';
import type { EngineVersion } from './engine-version.js';

/**
 * What is loaded beside the engine: for waypoints of this node, and for those of others that do not read our option on the
 * SYN.
 */
export type Extra = 'waypoint' | 'preface';

const EXTRAS = {
  waypoint: [...WAYPOINT_PROGRAMS, ...WAYPOINT_MAPS],
  preface: [...PREFACE_PROGRAMS, ...PREFACE_MAPS],
} as const satisfies Record<Extra, readonly string[]>;

/** Entries that the maps of the mesh take at most. */
export interface MeshSizes {
  /** Ports at addresses. */
  readonly services: number;
  /** Addresses at ports, and slots. */
  readonly endpoints: number;
}

export interface EngineObjectOptions {
  /** dual_engine.bpf.o */
  readonly objectFile: string;
  /** waypoint.bpf.o and preface.bpf.o: what the engine works without, if need be. */
  readonly extraFiles: Readonly<Record<Extra, string>>;
  readonly sizes: MeshSizes;
  /** This agent's number among the agents of this kernel. */
  readonly owner: number;
  readonly marksOwnership: boolean;
  /** Maps of other objects of this agent, by name, that this one uses as well. */
  readonly shared: ReadonlyMap<string, BpfMap>;
}

/** Name of the map of constants. */
export const CONSTANTS = '.rodata';
/** Maps that each load makes anew: they belong to its programs. Constants of extra objects are held by them alone. */
const isOwn = ({ name, type }: Pick<MapSpec, 'name' | 'type'>): boolean =>
  type === 'prog_array' || name === CONSTANTS;

/** The kernel answers EAGAIN when a signal interrupts the verifier. */
const LOAD_ATTEMPTS = 5;

/**
 * The objects of the engine, loaded: its own and the extra ones, on common maps, with those that are pinned where they
 * have the shape that the objects want.
 */
export class LoadedEngine implements Disposable {
  readonly maps = new Map<string, BpfMap>();
  readonly programs: BpfProgram[] = [];
  /** Maps that are new although there is a pinned one: of another shape. Their contents are to be taken over. */
  readonly reshaped: string[] = [];
  /** Why the kernel does not take an extra one; the engine works without. */
  readonly problems = new Map<Extra, string>();
  readonly #options: EngineObjectOptions;
  readonly #pinned: EngineVersion | undefined;
  readonly #objects: BpfObject[] = [];
  #changed: boolean;

  /** Throws BpfError, with the verifier's reason, and UndermeshError `object_mismatch`. */
  constructor(options: EngineObjectOptions, pinned: EngineVersion | undefined) {
    this.#options = options;
    this.#pinned = pinned;
    this.#changed = pinned === undefined;
    const { objectFile, extraFiles } = options;
    checkObject(objectFile, [...DUAL_ENGINE_PROGRAMS, ...DUAL_ENGINE_MAPS]);
    const extras = Object.entries(EXTRAS) as [Extra, readonly string[]][];
    for (const [extra, names] of extras) checkObject(extraFiles[extra], names);
    try {
      this.#load(objectFile);
      this.#fillArrays();
      for (const [extra] of extras) this.#loadExtra(extra);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether it is in all the same as what is pinned. Equal programs have equal tags; constants are not part of a tag. */
  get same(): boolean {
    const pinned = this.#pinned;
    if (pinned === undefined || this.#changed || this.programs.length !== pinned.programs.size) return false;
    if (this.programs.some(({ name, tag }) => pinned.programs.get(name)?.tag !== tag)) return false;
    const [mine, theirs] = [this.maps, pinned.maps].map((maps) => maps.get(CONSTANTS)?.lookup(numberKey(0)));
    return mine !== undefined && theirs !== undefined && Buffer.compare(mine, theirs) === 0;
  }

  /** Lets go of it; pins keep what is pinned. */
  [Symbol.dispose](): void {
    for (const object of this.#objects.splice(0)) object.close();
  }

  #loadExtra(extra: Extra): void {
    try {
      this.#load(this.#options.extraFiles[extra]);
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      this.problems.set(extra, messageOf(error));
    }
  }

  #load(file: string): void {
    for (let attempt = 1; ; attempt++) {
      const object = openObject(file);
      try {
        const shapes = this.#configure(object, file);
        object.load();
        this.#take(object, shapes);
        return;
      } catch (error) {
        object.close();
        const interrupted = error instanceof BpfError && error.errnoName === 'EAGAIN';
        if (!interrupted || attempt >= LOAD_ATTEMPTS) throw error;
      }
    }
  }

  /** Sizes maps and has them be those that exist; returns the maps that are new. */
  #configure(object: BpfObject, file: string): string[] {
    const { sizes, owner, marksOwnership, shared } = this.#options;
    const names = readObjectSpec(file).maps.map(({ name }) => name);
    const made: string[] = [];
    for (const name of names) {
      const size = sizeOf(name, sizes);
      if (size !== undefined) object.setMaxEntries(name, size);
      const spec = object.mapSpec(name);
      if (isOwn(spec)) continue;
      const old = this.#pinned?.maps.get(name);
      const fitting = old !== undefined && hasShape(old, spec) ? old : undefined;
      const use = this.maps.get(name) ?? shared.get(name) ?? fitting;
      if (use === undefined) made.push(name);
      else object.reuseMap(name, use);
    }
    if (file === this.#options.objectFile) {
      const config = encodeEngineConfig({ owner, marksOwnership: marksOwnership ? 1 : 0 });
      object.setRodata((view) => {
        if (view.byteLength < EngineConfig.BYTES) {
          throw agentError('object_mismatch', `The engine's constants are ${view.byteLength} bytes long.`);
        }
        new Uint8Array(view.buffer, view.byteOffset).set(config);
      });
    }
    return made;
  }

  #take(object: BpfObject, made: readonly string[]): void {
    this.#objects.push(object);
    this.programs.push(...object.programs());
    for (const map of object.maps()) {
      if (this.maps.has(map.name)) continue;
      this.maps.set(map.name, map);
      const old = this.#pinned?.maps.get(map.name);
      const isNew = old?.id !== map.id && !isOwn(map);
      if (isNew || old === undefined) this.#changed = true;
      if (old !== undefined && made.includes(map.name)) this.reshaped.push(map.name);
    }
  }

  #fillArrays(): void {
    for (const [array, programs] of Object.entries(ENGINE_PROGRAMS)) {
      for (const [engine, name] of programs) {
        const program = this.programs.find((each) => each.name === name);
        if (program !== undefined) this.maps.get(array)?.update(numberKey(engine), numberKey(program.fd));
      }
    }
  }
}

const BY_SERVICE = new Set(['services', 'vips', 'service_names']);
const BY_ENDPOINT = new Set(['slots', 'endpoints', 'endpoint_health', 'mesh_nodes']);

/** `undefined`: as the object says. */
function sizeOf(map: string, sizes: MeshSizes): number | undefined {
  if (BY_SERVICE.has(map)) return sizes.services;
  return BY_ENDPOINT.has(map) ? sizes.endpoints : undefined;
}

function checkObject(path: string, wanted: readonly string[]): void {
  const { programs, maps } = readObjectSpec(path);
  const names = new Set([...programs, ...maps].map(({ name }) => name));
  const missing = wanted.filter((name) => !names.has(name));
  if (missing.length === 0) return;
  throw agentError('object_mismatch', `The eBPF object ${path} lacks ${missing.join(', ')}.`);
}

const hasShape = (map: BpfMap, spec: MapSpec): boolean =>
  (['type', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const).every(
    (field) => map[field] === spec[field],
  );
