// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BpfError, BpfMap, BpfProgram } from '@undermesh/libbpf-ts';
import { CONSTANTS, type LoadedEngine } from './engine-object.js';
import { foreignPin } from './pin-tree.js';

/** bpffs takes no dots in names. */
const pinName = (map: string): string => (map === CONSTANTS ? 'rodata' : map);
const mapName = (pin: string): string => (pin === 'rodata' ? CONSTANTS : pin);
const KERNEL_NAME_LENGTH = 15;

/** Maps and programs of one build of the engine, as pins in one directory. */
export class EngineVersion implements Disposable {
  readonly directory: string;
  readonly maps: ReadonlyMap<string, BpfMap>;
  readonly programs: ReadonlyMap<string, BpfProgram>;

  /** Opens all of them. Throws UndermeshError `pins_foreign` when something else is pinned there. */
  constructor(directory: string) {
    this.directory = directory;
    const maps = new Map<string, BpfMap>();
    const programs = new Map<string, BpfProgram>();
    [this.maps, this.programs] = [maps, programs];
    try {
      for (const pin of readdirSync(join(directory, 'maps'))) {
        maps.set(mapName(pin), openAs(join(directory, 'maps', pin), BpfMap.openPinned));
      }
      for (const pin of readdirSync(join(directory, 'programs'))) {
        programs.set(pin, openAs(join(directory, 'programs', pin), BpfProgram.openPinned));
      }
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

  close(): void {
    for (const map of this.maps.values()) map.close();
    for (const program of this.programs.values()) program.close();
  }

  [Symbol.dispose](): void {
    this.close();
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
