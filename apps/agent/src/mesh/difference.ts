// SPDX-License-Identifier: Apache-2.0
import { type Contents, flatten, MESH_MAPS, type MeshMap, type Table, type Tables } from './contents.js';

/** Entries of one map to write or to remove. */
export interface Change {
  readonly map: MeshMap;
  /** Key and value as in {@link Table}; without a value the entry goes. */
  readonly entries: readonly (readonly [key: string, value: Uint8Array | undefined])[];
}

/** What differs between two contents, service by service: parts that are the same object are not looked at. */
export function contentsDifference(from: Contents, to: Contents): Change[] {
  const before: Tables[] = [];
  const after: Tables[] = [];
  for (const [name, part] of from) if (to.get(name) !== part) before.push(part);
  for (const [name, part] of to) if (from.get(name) !== part) after.push(part);
  if (before.length === 0 && after.length === 0) return [];
  return difference(flatten(before), flatten(after));
}

/**
 * What to write for `to` where `from` is, in an order in which a connect in the midst of it finds whatever it is led to:
 * an endpoint is there before its slot, slots before the service that counts them, and they go the other way round.
 */
export function difference(from: Tables, to: Tables): Change[] {
  const writes = MESH_MAPS.map((map) => ({ map, entries: differing(from[map], to[map]) }));
  const removals = MESH_MAPS.toReversed().map((map) => ({ map, entries: missing(from[map], to[map]) }));
  return [...writes, ...removals].filter(({ entries }) => entries.length > 0);
}

function differing(from: Table, to: Table): [string, Uint8Array][] {
  const entries: [string, Uint8Array][] = [];
  for (const [key, value] of to) {
    const old = from.get(key);
    if (old === undefined || (old !== value && Buffer.compare(old, value) !== 0)) entries.push([key, value]);
  }
  return entries;
}

function missing(from: Table, to: Table): [string, undefined][] {
  const entries: [string, undefined][] = [];
  for (const key of from.keys()) if (!to.has(key)) entries.push([key, undefined]);
  return entries;
}
