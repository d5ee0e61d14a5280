// SPDX-License-Identifier: Apache-2.0
import type { Service } from '@undermesh/mesh';

/** Those that tables of routes lie in, under editions. */
export const ROUTE_MAPS = [
  'route_backends',
  'route_rules',
  'route_conditions',
  'route_matches',
  'route_groups',
  'route_texts',
] as const;

/** Maps that the mesh is written to, in the order in which something new is written. */
export const MESH_MAPS = [
  'endpoints',
  'slots',
  'pools',
  ...ROUTE_MAPS,
  'route_tables',
  'vips',
  'service_names',
  'services',
] as const;
export type MeshMap = (typeof MESH_MAPS)[number];

/** Bytes of the values by the bytes of the keys, as text of one character for each byte ({@link keyText}). */
export type Table = ReadonlyMap<string, Uint8Array>;
/** What maps hold. */
export type Tables = Readonly<Record<MeshMap, Table>>;

/** What one service, or the waypoints, take in the maps. */
export interface Part extends Tables {
  /** What it was made from: equal again, the part is too. */
  readonly service: Service | undefined;
  readonly signature: string;
  /** Why the kernel cannot go by the routes of one of its ports; `null`: it can. */
  readonly notExpressible: string | null;
}

/** All of a mesh, as one node writes it: parts by the key of their service, waypoints under {@link WAYPOINTS}. */
export type Contents = ReadonlyMap<string, Part>;

/** No service has this key: names hold no spaces. */
export const WAYPOINTS = ' waypoints';

export const keyText = (key: Uint8Array): string =>
  Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
export const keyBytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** A 32-bit key of a map. */
export function numberKey(id: number): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, id, true);
  return key;
}

/** All parts in one. */
export function flatten(parts: Iterable<Tables>): Tables {
  const all = newTables();
  for (const part of parts) addTables(all, part);
  return all;
}

export const newTables = (): Record<MeshMap, Map<string, Uint8Array>> =>
  Object.fromEntries(MESH_MAPS.map((map) => [map, new Map()])) as Record<MeshMap, Map<string, Uint8Array>>;

/** Adds what tables hold to others. */
export function addTables(to: Record<MeshMap, Map<string, Uint8Array>>, from: Tables): void {
  for (const map of MESH_MAPS) for (const [key, value] of from[map]) to[map].set(key, value);
}

/** Entries in all maps. */
export const sizeOf = (tables: Tables): number =>
  MESH_MAPS.reduce((total, map) => total + tables[map].size, 0);
