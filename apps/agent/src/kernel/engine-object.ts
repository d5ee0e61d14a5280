// SPDX-License-Identifier: Apache-2.0
import {
  DUAL_ENGINE_MAPS,
  DUAL_ENGINE_PROGRAMS,
  Engine,
  EngineConfig,
  encodeEngineConfig,
} from '@undermesh/bpf-abi';
import {
  type AttachType,
  BpfError,
  type BpfMap,
  type BpfObject,
  type MapSpec,
  openObject,
  readObjectSpec,
} from '@undermesh/libbpf-ts';
import { agentError } from '../errors.js';
import { numberKey } from '../mesh/index.js';
import type { EngineVersion } from './engine-version.js';

/** A program that every enrolled cgroup has. */
export interface CgroupHook {
  readonly program: string;
  readonly attachType: AttachType;
  /** It steers what is new; without it no connection is steered any more. */
  readonly steers: boolean;
}

const hook = (program: string, attachType: AttachType): CgroupHook => ({
  program,
  attachType,
  steers: program.startsWith('steer_'),
});

/** In the order of their attachment: who follows a connection is there before who steers it. */
export const CGROUP_HOOKS: readonly CgroupHook[] = [
  hook('follow_sockops', 'cgroup_sock_ops'),
  hook('show_peername4', 'cgroup_inet4_getpeername'),
  hook('show_peername6', 'cgroup_inet6_getpeername'),
  hook('show_sender4', 'cgroup_udp4_recvmsg'),
  hook('show_sender6', 'cgroup_udp6_recvmsg'),
  hook('steer_sendmsg4', 'cgroup_udp4_sendmsg'),
  hook('steer_sendmsg6', 'cgroup_udp6_sendmsg'),
  hook('steer_connect4', 'cgroup_inet4_connect'),
  hook('steer_connect6', 'cgroup_inet6_connect'),
];
/** Attached once, to the kernel's own tracepoint. */
export const HOST_HOOK = 'follow_close';
export const HOST_ATTACH_TYPE: AttachType = 'trace_raw_tp';

/** The program of each engine, by the array that a hook jumps through. */
export const ENGINE_PROGRAMS: Readonly<
  Record<string, readonly (readonly [engine: number, program: string])[]>
> = {
  connect4_programs: [[Engine.DUAL_ENGINE, 'dual_connect4']],
  connect6_programs: [[Engine.DUAL_ENGINE, 'dual_connect6']],
  sendmsg4_programs: [[Engine.DUAL_ENGINE, 'dual_sendmsg4']],
  sendmsg6_programs: [[Engine.DUAL_ENGINE, 'dual_sendmsg6']],
};

/** Entries that the maps of the mesh take at most. */
export interface MeshSizes {
  /** Ports at addresses. */
  readonly services: number;
  /** Addresses at ports, and slots. */
  readonly endpoints: number;
}

export interface EngineObjectOptions {
  readonly objectFile: string;
  readonly sizes: MeshSizes;
  /** This agent's number among the agents of this kernel. */
  readonly owner: number;
  readonly marksOwnership: boolean;
  /** Maps of other objects of this agent, by name, that this one uses as well. */
  readonly shared: ReadonlyMap<string, BpfMap>;
}

/** A loaded object, and how it differs from what is pinned. */
export interface LoadedEngine {
  readonly object: BpfObject;
  readonly mapNames: readonly string[];
  /** Maps that are new although there is a pinned one: of another shape. Their contents are to be taken over. */
  readonly reshaped: readonly string[];
  /** Whether it is in all the same as what is pinned. */
  readonly same: boolean;
}

/** Name of the map of constants. */
export const CONSTANTS = '.rodata';
/** Maps that each load makes anew: they belong to its programs. */
const isOwn = ({ name, type }: MapSpec): boolean => type === 'prog_array' || name === CONSTANTS;

/** The kernel answers EAGAIN when a signal interrupts the verifier. */
const LOAD_ATTEMPTS = 5;

/**
 * Loads with the maps that are pinned, where they have the shape that the object wants. Throws BpfError, with the
 * verifier's reason, and UndermeshError `object_mismatch`, `engine_failed`.
 */
export function loadEngine(options: EngineObjectOptions, pinned: EngineVersion | undefined): LoadedEngine {
  checkObject(options.objectFile);
  for (let attempt = 1; ; attempt++) {
    const object = openObject(options.objectFile);
    try {
      return load(object, options, pinned);
    } catch (error) {
      object.close();
      const interrupted = error instanceof BpfError && error.errnoName === 'EAGAIN';
      if (!interrupted || attempt >= LOAD_ATTEMPTS) throw error;
    }
  }
}

function load(
  object: BpfObject,
  options: EngineObjectOptions,
  pinned: EngineVersion | undefined,
): LoadedEngine {
  configure(object, options);
  const mapNames = readObjectSpec(options.objectFile).maps.map(({ name }) => name);
  const reshaped: string[] = [];
  let changed = pinned === undefined || mapNames.some((name) => !pinned.maps.has(name));
  for (const name of mapNames) {
    const spec = object.mapSpec(name);
    if (isOwn(spec)) continue;
    const old = pinned?.maps.get(name);
    const shared = options.shared.get(name);
    const use = shared ?? (old !== undefined && hasShape(old, spec) ? old : undefined);
    if (use !== undefined) object.reuseMap(name, use);
    if (old === undefined || use?.id === old.id) continue;
    changed = true;
    if (shared === undefined) reshaped.push(name);
  }
  object.load();
  for (const [array, programs] of Object.entries(ENGINE_PROGRAMS)) {
    for (const [engine, program] of programs) {
      object.map(array).update(numberKey(engine), numberKey(object.program(program).fd));
    }
  }
  const same = pinned !== undefined && !changed && hasPrograms(object, pinned);
  return { object, mapNames, reshaped, same };
}

function checkObject(path: string): void {
  const { programs, maps } = readObjectSpec(path);
  const names = new Set([...programs, ...maps].map(({ name }) => name));
  const missing = [...DUAL_ENGINE_PROGRAMS, ...DUAL_ENGINE_MAPS].filter((name) => !names.has(name));
  if (missing.length === 0) return;
  throw agentError('object_mismatch', `The eBPF object ${path} lacks ${missing.join(', ')}.`);
}

function configure(object: BpfObject, { sizes, owner, marksOwnership }: EngineObjectOptions): void {
  for (const map of ['services', 'vips']) object.setMaxEntries(map, sizes.services);
  for (const map of ['slots', 'endpoints', 'endpoint_health']) object.setMaxEntries(map, sizes.endpoints);
  const config = encodeEngineConfig({ owner, marksOwnership: marksOwnership ? 1 : 0 });
  object.setRodata((view) => {
    if (view.byteLength < EngineConfig.BYTES) {
      throw agentError('object_mismatch', `The engine's constants are ${view.byteLength} bytes long.`);
    }
    new Uint8Array(view.buffer, view.byteOffset).set(config);
  });
}

const hasShape = (map: BpfMap, spec: MapSpec): boolean =>
  (['type', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const).every(
    (field) => map[field] === spec[field],
  );

/** Equal programs have equal tags; constants are not part of a tag. */
function hasPrograms(object: BpfObject, pinned: EngineVersion): boolean {
  const programs = object.programs();
  if (programs.length !== pinned.programs.size) return false;
  if (programs.some(({ name, tag }) => pinned.programs.get(name)?.tag !== tag)) return false;
  const [mine, theirs] = [object.map(CONSTANTS), pinned.maps.get(CONSTANTS)].map((map) =>
    map?.lookup(numberKey(0)),
  );
  return mine !== undefined && theirs !== undefined && Buffer.compare(mine, theirs) === 0;
}
