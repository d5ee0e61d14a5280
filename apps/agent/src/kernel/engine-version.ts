// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BpfError, BpfMap, type BpfObject, BpfProgram, bpffs } from '@undermesh/libbpf-ts';
import type { LoadedEngine } from './engine-object.js';
import { CONSTANTS, isOfConstants } from './load-object.js';
import { foreignPin } from './pin-tree.js';

/** bpffs takes no dots in names. */
const pinName = (map: string): string => (map === CONSTANTS ? 'rodata' : map);
const mapName = (pin: string): string => (pin === 'rodata' ? CONSTANTS : pin);
const KERNEL_NAME_LENGTH = 15;

/** Maps and programs of one build of the engine, as pins in one directory. */
export class EngineVersion implements Disposable {
  readonly directory: string;
  readonly #maps = new Map<string, BpfMap>();
  readonly #programs = new Map<string, BpfProgram>();

  /** Opens all of them. Throws UndermeshError `pins_foreign` when something else is pinned there. */
  constructor(directory: string) {
    this.directory = directory;
    try {
      for (const pin of readdirSync(join(directory, 'maps'))) this.#openMap(mapName(pin));
      for (const pin of readdirSync(join(directory, 'programs'))) this.#openProgram(pin);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Pins what is loaded in a new directory. */
  static pin(directory: string, { maps, programs }: LoadedEngine): void {
    mkdirSync(join(directory, 'maps'), { recursive: true, mode: 0o700 });
    mkdirSync(join(directory, 'programs'), { mode: 0o700 });
    for (const [name, map] of maps) map.pin(mapPin(directory, name));
    for (const program of programs) program.pin(programPin(directory, program.name));
  }

  get maps(): ReadonlyMap<string, BpfMap> {
    return this.#maps;
  }

  get programs(): ReadonlyMap<string, BpfProgram> {
    return this.#programs;
  }

  /** Takes in an object that was loaded on its maps: pins its programs, and the maps that are new. */
  add(object: BpfObject): void {
    for (const map of object.maps()) {
      if (isOfConstants(map.name) || this.#maps.has(map.name)) continue;
      map.pin(mapPin(this.directory, map.name));
      this.#openMap(map.name);
    }
    for (const program of object.programs()) {
      program.pin(programPin(this.directory, program.name));
      this.#openProgram(program.name);
    }
  }

  /** Lets programs and maps go, those of them that it has. */
  drop(programs: readonly string[], maps: readonly string[]): void {
    for (const name of programs) this.#drop(this.#programs, name, programPin(this.directory, name));
    for (const name of maps) this.#drop(this.#maps, name, mapPin(this.directory, name));
  }

  close(): void {
    for (const map of this.maps.values()) map.close();
    for (const program of this.programs.values()) program.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #openMap(name: string): void {
    this.#maps.set(name, openAs(mapPin(this.directory, name), BpfMap.openPinned));
  }

  #openProgram(name: string): void {
    this.#programs.set(name, openAs(programPin(this.directory, name), BpfProgram.openPinned));
  }

  #drop(among: Map<string, BpfMap | BpfProgram>, name: string, pin: string): void {
    among.get(name)?.close();
    among.delete(name);
    if (existsSync(pin)) bpffs.unpin(pin);
  }
}

export const mapPin = (directory: string, map: string): string => join(directory, 'maps', pinName(map));
export const programPin = (directory: string, program: string): string =>
  join(directory, 'programs', program);

/** A pin carries the name of what it is. */
function openAs<T extends BpfMap | BpfProgram>(path: string, open: (path: string) => T): T {
  let opened: T;
  try {
    opened = open(path);
  } catch (cause) {
    if (cause instanceof BpfError && cause.errno === 0)
      throw foreignPin(path, `is not what it says: ${cause.message}`);
    throw cause;
  }
  const name = path.slice(path.lastIndexOf('/') + 1);
  const fits =
    name === 'rodata' ? opened.name.endsWith('.rodata') : opened.name === name.slice(0, KERNEL_NAME_LENGTH);
  if (fits) return opened;
  opened.close();
  throw foreignPin(path, `holds '${opened.name}'`);
}
