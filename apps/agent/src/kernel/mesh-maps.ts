// SPDX-License-Identifier: Apache-2.0
import {
  decodeEndpoint,
  decodeEndpointHealth,
  decodeSlotKey,
  Endpoint,
  EndpointFlag,
  EndpointHealth,
  SlotKey,
} from '@undermesh/bpf-abi';
import { BpfError, type BpfMap, type MapEntries } from '@undermesh/libbpf-ts';
import { agentError } from '../errors.js';
import {
  type Change,
  difference,
  keyBytes,
  keyText,
  MESH_MAPS,
  type MeshMap,
  newTables,
  ROUTE_MAPS,
  sizeOf,
  type Tables,
} from '../mesh/index.js';

/** What was not in the maps as it had been written. */
export interface MapFinding {
  readonly what: string;
  readonly mended: boolean;
}

/** The maps of the mesh in the kernel, and what has been written to them. */
export class MeshMaps {
  readonly #maps: ReadonlyMap<string, BpfMap>;
  /** What ought to be there. */
  #written: ReturnType<typeof newTables>;
  /** Keys of endpoints that are no longer wanted and still have open connections. */
  readonly #leaving = new Set<string>();
  readonly #health: Set<string>;
  readonly #onGone: (endpointId: number) => void;

  /**
   * @param maps of the engine, by name.
   * @param onGone called when an endpoint's entry has left the kernel.
   */
  constructor(maps: ReadonlyMap<string, BpfMap>, onGone: (endpointId: number) => void) {
    this.#maps = maps;
    this.#onGone = onGone;
    this.#written = this.#read();
    this.#health = new Set([...this.#map('endpoint_health').keys()].map(keyText));
  }

  /** What ought to be in the kernel; after the constructor, what an earlier run left. */
  get written(): Tables {
    return this.#written;
  }

  /** Entries in all maps of the mesh. */
  get size(): number {
    return sizeOf(this.#written);
  }

  /** Entries of one of its maps, without asking the kernel; `undefined` of other maps. */
  entriesOf(map: string): number | undefined {
    if (map === 'endpoint_health') return this.#health.size;
    return MESH_MAPS.some((name) => name === map) ? this.#written[map as MeshMap].size : undefined;
  }

  /** How many entries tables of routes may have in each map, so that one that is replaced has room beside the new one. */
  get routeRoom(): number {
    return Math.min(...ROUTE_MAPS.map((name) => Math.floor((this.#maps.get(name)?.maxEntries ?? 0) / 2)));
  }

  /** Endpoints that are kept for their open connections only. */
  get leaving(): number {
    return this.#leaving.size;
  }

  /** Writes changes in their order. Throws UndermeshError `engine_failed`; some may be written then. */
  write(changes: readonly Change[]): void {
    for (const { map, entries } of changes) {
      if (!this.#maps.has(map)) continue; // of an object that this kernel does not take
      const upserts = entries.filter(hasValue);
      const removals = entries.filter((entry) => !hasValue(entry)).map(([key]) => key);
      try {
        if (map === 'endpoints') this.#writeEndpoints(upserts, removals);
        else {
          this.#upsert(map, upserts);
          this.#remove(map, removals);
          if (map === 'slots') take(this.#map('round_robin'), turnsOf(removals));
        }
      } catch (cause) {
        if (!(cause instanceof BpfError)) throw cause;
        const { maxEntries } = this.#map(map);
        const why =
          cause.errnoName === 'E2BIG'
            ? `it takes ${maxEntries} entries: raise agent.mesh.limits`
            : cause.message;
        throw agentError('engine_failed', `Writing the map ${map} failed: ${why}.`, cause);
      }
    }
  }

  /** Takes leave of endpoints whose last connection has ended. */
  letGo(): void {
    if (this.#leaving.size === 0) return;
    const gone = [...this.#leaving].filter((key) => this.#openConnections(key) === 0);
    this.#drop(gone);
  }

  /** Reads all maps and writes again what is not as it had been written. */
  check(): MapFinding[] {
    const found = this.#read();
    const changes = difference(found, this.#written);
    if (changes.length === 0) return [];
    const what = changes.map(({ map, entries }) => `${entries.length} of ${map}`).join(', ');
    try {
      for (const { map, entries } of changes) {
        put(this.#map(map), entries.filter(hasValue));
        take(
          this.#map(map),
          entries.filter((entry) => !hasValue(entry)).map(([key]) => key),
        );
      }
      return [{ what: `entries were changed by somebody else: ${what}`, mended: true }];
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      return [{ what: `entries were changed by somebody else: ${what}: ${error.message}`, mended: false }];
    }
  }

  #writeEndpoints(upserts: readonly Written[], removals: readonly string[]): void {
    const strangers = upserts.filter(([key]) => !this.#health.has(key));
    const health = new Uint8Array(EndpointHealth.BYTES);
    put(
      this.#map('endpoint_health'),
      strangers.map(([key]) => [key, health]),
    );
    for (const [key] of strangers) this.#health.add(key);
    for (const [key] of upserts) this.#leaving.delete(key);
    this.#upsert('endpoints', upserts);
    const [busy, idle] = [[], []] as [string[], string[]];
    for (const key of removals) (this.#openConnections(key) > 0 ? busy : idle).push(key);
    this.#upsert(
      'endpoints',
      busy.map((key) => [key, this.#draining(key)]),
    );
    for (const key of busy) this.#leaving.add(key);
    this.#drop(idle);
  }

  #draining(key: string): Uint8Array {
    const value = this.#written.endpoints.get(key)?.slice() ?? new Uint8Array(Endpoint.BYTES);
    value[Endpoint.flags] = decodeEndpoint(value).flags | EndpointFlag.DRAINING;
    return value;
  }

  #drop(keys: readonly string[]): void {
    this.#remove('endpoints', keys);
    take(this.#map('endpoint_health'), keys);
    for (const key of keys) {
      this.#health.delete(key);
      this.#leaving.delete(key);
      const bytes = keyBytes(key);
      this.#onGone(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
    }
  }

  #openConnections(key: string): number {
    const value = this.#map('endpoint_health').lookup(keyBytes(key));
    return value === undefined ? 0 : decodeEndpointHealth(value).openConnections;
  }

  #upsert(name: (typeof MESH_MAPS)[number], entries: readonly Written[]): void {
    put(this.#map(name), entries);
    for (const [key, value] of entries) this.#written[name].set(key, value);
  }

  #remove(name: (typeof MESH_MAPS)[number], keys: readonly string[]): void {
    take(this.#map(name), keys);
    for (const key of keys) this.#written[name].delete(key);
  }

  #read(): ReturnType<typeof newTables> {
    const tables = newTables();
    for (const name of MESH_MAPS) if (this.#maps.has(name)) fill(tables[name], this.#map(name));
    return tables;
  }

  #map(name: string): BpfMap {
    const map = this.#maps.get(name);
    if (map === undefined) throw agentError('object_mismatch', `The engine has no map ${name}.`);
    return map;
  }
}

function fill(table: Map<string, Uint8Array>, map: BpfMap): void {
  const { count, keys, values, valueStride }: MapEntries = map.readAll();
  for (let i = 0; i < count; i++) {
    const key = keyText(keys.subarray(i * map.keySize, (i + 1) * map.keySize));
    table.set(key, values.slice(i * valueStride, i * valueStride + map.valueSize));
  }
}

function put(map: BpfMap, entries: readonly Written[]): void {
  const [key, value] = entries[0] ?? [];
  if (key === undefined || value === undefined) return;
  if (entries.length === 1) {
    map.update(keyBytes(key), value);
    return;
  }
  const values = new Uint8Array(entries.length * map.valueSize);
  for (const [i, [, each]] of entries.entries()) values.set(each, i * map.valueSize);
  map.updateAll({ count: entries.length, keys: columnOf(entries.map(([each]) => each)), values });
}

function take(map: BpfMap, keys: readonly string[]): void {
  if (keys.length > 0) map.deleteAll(columnOf(keys));
}

type Written = readonly [key: string, value: Uint8Array];
const hasValue = (entry: Change['entries'][number]): entry is Written => entry[1] !== undefined;

/** Keys of the turns taken in groups whose first slot has gone: a slot's key begins with them. */
function turnsOf(slotKeys: readonly string[]): string[] {
  const first = slotKeys.filter((key) => decodeSlotKey(keyBytes(key)).slot === 0);
  return first.map((key) => key.slice(0, SlotKey.slot));
}

const columnOf = (keys: readonly string[]): Uint8Array => Buffer.from(keys.join(''), 'latin1');
