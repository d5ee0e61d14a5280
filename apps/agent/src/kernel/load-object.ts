// SPDX-License-Identifier: Apache-2.0
import { EngineConfig, encodeEngineConfig } from '@undermesh/bpf-abi';
import { BpfError, type BpfMap, type BpfObject, openObject, readObjectSpec } from '@undermesh/libbpf-ts';
import { agentError } from '../errors.js';

/** Whose programs they are. */
export interface Ownership {
  /** This agent's number among the agents of this kernel. */
  readonly owner: number;
  readonly marksOwnership: boolean;
}

/** Name of the map of constants. */
export const CONSTANTS = '.rodata';
/** Whether it is one that the compiler made, of constants (`.rodata`, `.rodata.cst16`): it belongs to its programs. */
export const isOfConstants = (map: string): boolean => map.startsWith(CONSTANTS);
/** The kernel answers EAGAIN when a signal interrupts the verifier. */
const LOAD_ATTEMPTS = 5;

/**
 * Loads an object; `configure` sizes its maps, or has them be others. A struct_ops of it has been attached for a moment then:
 * it is accepted, and can be attached again by its map alone. The caller closes it. Throws BpfError, with the verifier's
 * reason.
 */
export function loadObject(file: string, configure: (object: BpfObject) => void): BpfObject {
  for (let attempt = 1; ; attempt++) {
    const object = openObject(file);
    try {
      configure(object);
      object.load();
      for (const { name, type } of object.maps())
        if (type === 'struct_ops') object.attachStructOps(name).close();
      return object;
    } catch (error) {
      object.close();
      const interrupted = error instanceof BpfError && error.errnoName === 'EAGAIN';
      if (!interrupted || attempt >= LOAD_ATTEMPTS) throw error;
    }
  }
}

/** Sets the constants of an object of the engine. Throws UndermeshError `object_mismatch`. */
export function setConstants(object: BpfObject, { owner, marksOwnership }: Ownership): void {
  const config = encodeEngineConfig({ owner, marksOwnership: marksOwnership ? 1 : 0 });
  object.setRodata((view) => {
    if (view.byteLength < EngineConfig.BYTES) {
      throw agentError('object_mismatch', `The engine's constants are ${view.byteLength} bytes long.`);
    }
    new Uint8Array(view.buffer, view.byteOffset).set(config);
  });
}

/** Loads the programs of the kernel-native engine on the maps of an engine that is in force. Throws BpfError. */
export function loadNative(
  file: string,
  { maps, ...ownership }: Ownership & { readonly maps: ReadonlyMap<string, BpfMap> },
): BpfObject {
  const names = readObjectSpec(file).maps.map(({ name }) => name);
  return loadObject(file, (object) => {
    setConstants(object, ownership);
    for (const name of names) {
      const map = isOfConstants(name) ? undefined : maps.get(name);
      if (map === undefined) continue;
      object.setMaxEntries(name, map.maxEntries);
      object.reuseMap(name, map);
    }
  });
}
