// SPDX-License-Identifier: Apache-2.0
import {
  DUAL_ENGINE_MAPS,
  DUAL_ENGINE_PROGRAMS,
  NATIVE_MAPS,
  NATIVE_PROGRAMS,
  PREFACE_MAPS,
  PREFACE_PROGRAMS,
  WAYPOINT_MAPS,
  WAYPOINT_PROGRAMS,
} from '@undermesh/bpf-abi';
import { messageOf } from '@undermesh/core';
import {
  BpfError,
  BpfMap,
  type BpfObject,
  type BpfProgram,
  type MapSpec,
  readObjectSpec,
} from '@undermesh/libbpf-ts';
import { agentError } from '../errors.js';
import { numberKey, ROUTE_MAPS } from '../mesh/index.js';
import { ENGINE_PROGRAMS } from './engine-hooks.js';
import type { EngineVersion } from './engine-version.js';
import { type KnownObjects, moduleFor } from './known-objects.js';
import { CONSTANTS, isOfConstants, loadObject, type Ownership, setConstants } from './load-object.js';
import { holdsNative } from './native-side.js';

/**
 * What is loaded beside the engine: for waypoints of this node, for those of others that do not read our option on the
 * SYN, and, while it is needed, for the kernel-native engine.
 */
export type Extra = 'waypoint' | 'preface' | 'native';

const EXTRAS = {
  waypoint: [...WAYPOINT_PROGRAMS, ...WAYPOINT_MAPS],
  preface: [...PREFACE_PROGRAMS, ...PREFACE_MAPS],
  native: [...NATIVE_PROGRAMS, ...NATIVE_MAPS],
} as const satisfies Record<Extra, readonly string[]>;

/** Entries that the maps of the mesh take at most. */
export interface MeshSizes {
  /** Ports at addresses. */
  readonly services: number;
  /** Addresses at ports, and slots. */
  readonly endpoints: number;
  /** Matches of routes; absent: as the object says. */
  readonly routes?: number;
}

export interface EngineObjectOptions extends Ownership {
  /** dual_engine.bpf.o */
  readonly objectFile: string;
  /** waypoint.bpf.o, preface.bpf.o and kernel_native.bpf.o: what the engine works without, if need be. */
  readonly extraFiles: Readonly<Record<Extra, string>>;
  readonly sizes: MeshSizes;
  /** Maps of other objects of this agent, by name, that this one uses as well. */
  readonly shared: ReadonlyMap<string, BpfMap>;
  /** What this kernel has taken before; absent: it is asked each time. */
  readonly known?: KnownObjects;
}

/** Maps that each load makes anew: they belong to its programs. Constants of extra objects are held by them alone. */
export const isOwn = ({ name, type }: Pick<MapSpec, 'name' | 'type'>): boolean =>
  type === 'prog_array' || type === 'struct_ops' || isOfConstants(name);

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
  readonly #made: BpfMap[] = [];
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
      this.#loadExtra('waypoint');
      this.#loadExtra('preface');
      this.#makeMaps(extraFiles.native);
      if (pinned !== undefined && holdsNative(pinned)) this.#loadExtra('native');
      this.#fillArrays();
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
    for (const map of this.#made.splice(0)) map.close();
  }

  /** Those of an object that may be loaded later: what is in them is written whatever engine is in force. */
  #makeMaps(file: string): void {
    for (const spec of readObjectSpec(file).maps) {
      const { name } = spec;
      if (isOwn(spec) || this.maps.has(name)) continue;
      const sized = { ...spec, maxEntries: sizeOf(name, this.#options.sizes) ?? spec.maxEntries };
      const old = this.#pinned?.maps.get(name);
      if (old !== undefined && hasShape(old, sized)) {
        this.maps.set(name, old);
        continue;
      }
      const map = BpfMap.create(sized);
      this.#made.push(map);
      this.maps.set(name, map);
      this.#changed = true;
      if (old !== undefined) this.reshaped.push(name);
    }
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
    let made: string[] = [];
    const object = loadObject(file, (opened) => {
      made = this.#configure(opened, file);
    });
    const { known, extraFiles } = this.#options;
    known?.keep(file, object.programs(), ...moduleFor(file === extraFiles.native));
    this.#take(object, made);
  }

  /** Sizes maps and has them be those that exist; returns the maps that are new. */
  #configure(object: BpfObject, file: string): string[] {
    const { sizes, shared, objectFile, extraFiles } = this.#options;
    const names = readObjectSpec(file).maps.map(({ name }) => name);
    const made: string[] = [];
    for (const name of names) {
      const size = sizeOf(name, sizes);
      if (size !== undefined) object.setMaxEntries(name, size);
      const spec = object.mapSpec(name);
      if (isOwn(spec)) {
        const own = isOfConstants(name) ? undefined : this.maps.get(name);
        if (own !== undefined) object.reuseMap(name, own);
        continue;
      }
      const old = this.#pinned?.maps.get(name);
      const fitting = old !== undefined && hasShape(old, spec) ? old : undefined;
      const use = this.maps.get(name) ?? shared.get(name) ?? fitting;
      if (use === undefined) made.push(name);
      else object.reuseMap(name, use);
    }
    if (file === objectFile || file === extraFiles.native) setConstants(object, this.#options);
    return made;
  }

  #take(object: BpfObject, made: readonly string[]): void {
    this.#objects.push(object);
    this.programs.push(...object.programs());
    for (const map of object.maps()) {
      if (this.maps.has(map.name) || (isOfConstants(map.name) && map.name !== CONSTANTS)) continue;
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

const BY_SERVICE = new Set(['services', 'vips', 'service_names', 'pools', 'route_tables']);
const BY_ENDPOINT = new Set(['slots', 'endpoints', 'endpoint_health', 'mesh_nodes']);

const BY_ROUTE: ReadonlySet<string> = new Set(ROUTE_MAPS);

/** Entries of a map; `undefined`: as the object says. */
export function sizeOf(map: string, sizes: MeshSizes): number | undefined {
  if (BY_SERVICE.has(map)) return sizes.services;
  // A table that is replaced stands beside the new one for a moment.
  if (BY_ROUTE.has(map)) return sizes.routes === undefined ? undefined : 2 * sizes.routes;
  return BY_ENDPOINT.has(map) ? sizes.endpoints : undefined;
}

function checkObject(path: string, wanted: readonly string[]): void {
  const { programs, maps } = readObjectSpec(path);
  const names = new Set([...programs, ...maps].map(({ name }) => name));
  const missing = wanted.filter((name) => !names.has(name));
  if (missing.length === 0) return;
  throw agentError('object_mismatch', `The eBPF object ${path} lacks ${missing.join(', ')}.`);
}

/** Whether a map is one as an object wants it. */
export const hasShape = (map: BpfMap, spec: MapSpec): boolean =>
  (['type', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const).every(
    (field) => map[field] === spec[field],
  );
