// SPDX-License-Identifier: Apache-2.0
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { encodeEngineConfig, encodeObserveConfig } from '@undermesh/bpf-abi';
import {
  BpfLink,
  BpfMap,
  BpfProgram,
  type LinkInfo,
  type MapInfo,
  openObject,
  type ProgramInfo,
  VerifierError,
} from '@undermesh/libbpf-ts';
import { moduleProblem } from './native-module.js';
import { findObjects } from './objects.js';

/** What a pin holds, and what the kernel says of it. */
export type Pinned =
  | { readonly kind: 'map'; readonly info: MapInfo; readonly entries: number | null }
  | { readonly kind: 'program'; readonly info: ProgramInfo }
  | { readonly kind: 'link'; readonly info: LinkInfo }
  | { readonly kind: 'unknown' };

/** One pin. */
export interface Pin {
  /** Below the directory that was asked for. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly pinned: Pinned;
}

/** Maps whose entries are counted by walking them: larger ones would take too long. */
const COUNTED_BYTES = 32 * 2 ** 20;

/** Every pin below a directory with what the kernel says of it. Nothing where there is no such directory; changes nothing. */
export function listPins(directory: string): Pin[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, uid } = lstatSync(path);
      return { path: relative(directory, path), mode: mode & 0o777, uid, pinned: look(path) };
    });
}

function look(path: string): Pinned {
  for (const open of [lookAtMap, lookAtProgram, lookAtLink]) {
    try {
      return open(path);
    } catch {
      // of another kind
    }
  }
  return { kind: 'unknown' };
}

function lookAtMap(path: string): Pinned {
  const map = BpfMap.openPinned(path);
  try {
    return { kind: 'map', info: map.info(), entries: count(map) };
  } finally {
    map.close();
  }
}

/** `null`: not known, or too many to count. */
function count(map: BpfMap): number | null {
  if (map.maxEntries * (map.keySize + map.valueSize) > COUNTED_BYTES) return null;
  try {
    return map.readAll().count;
  } catch {
    return null; // rings and storage cannot be walked
  }
}

function lookAtProgram(path: string): Pinned {
  const program = BpfProgram.openPinned(path);
  try {
    return { kind: 'program', info: program.info() };
  } finally {
    program.close();
  }
}

function lookAtLink(path: string): Pinned {
  const link = BpfLink.openPinned(path);
  try {
    return { kind: 'link', info: link.info() };
  } finally {
    link.close();
  }
}

/** What came of loading one object. */
export interface Trial {
  readonly object: string;
  readonly programs: number;
  /** Why the kernel refused it; `null`: it did not. */
  readonly refused: string | null;
  /** The verifier's whole log, where it was the verifier. */
  readonly log: string | null;
}

/**
 * Loads each eBPF object as an agent would, and lets go of it at once: nothing is attached or pinned, nothing that runs is
 * touched. Throws UndermeshError `object_missing`, `object_damaged` or `object_mismatch`.
 */
export function tryObjects(configured: string): Trial[] {
  const { observe, http, engine, extras } = findObjects(configured);
  const constants = new Map([
    [
      observe,
      encodeObserveConfig({
        cgroupId: 0n,
        cgroupLevel: 0,
        owner: 1,
        marksOwnership: 0,
        progressIntervalMs: 5000,
      }),
    ],
    [engine, encodeEngineConfig({ owner: 1, marksOwnership: 0 })],
  ]);
  // Without its module the kernel refuses it for want of that alone.
  const native = moduleProblem() === null ? [extras.native] : [];
  return [observe, http, engine, extras.waypoint, extras.preface, ...native].map((file) => {
    const object = openObject(file);
    try {
      const config = constants.get(file);
      if (config !== undefined) {
        object.setRodata((view) => new Uint8Array(view.buffer, view.byteOffset).set(config));
      }
      object.load();
      return { ...trialOf(file), programs: object.programs().length, refused: null, log: null };
    } catch (error) {
      const refused = error instanceof Error ? error.message : String(error);
      const log = error instanceof VerifierError ? error.log : null;
      return { ...trialOf(file), programs: 0, refused, log };
    } finally {
      object.close();
    }
  });
}

const trialOf = (file: string) => ({ object: relative(dirname(file), file) });
