// SPDX-License-Identifier: Apache-2.0
import { EndpointHealth } from '@undermesh/bpf-abi';
import type { BpfMap } from '@undermesh/libbpf-ts';
import { agentError } from '../errors.js';
import { keyBytes, keyText } from '../mesh/index.js';

/** Types of maps whose contents can be copied. What sockets carry can not: those layouts keep spare bytes instead. */
const COPIED = new Set(['hash', 'lru_hash', 'lpm_trie', 'array', 'percpu_hash', 'percpu_array']);

/** Sockets in them are there for a moment, and stay with the build that put them there. */
const PASSING = new Set(['sockhash']);

/** What a map holds: the values of each key, one, or one per CPU. Keys are text of one character for each byte. */
type Snapshot = ReadonlyMap<string, readonly Uint8Array[]>;

/**
 * Copies what a map holds into one of another shape: keys and values that have grown end in zeros, those that have shrunk
 * lose their ends; sockets that are only passing through stay. Returns what was copied. Throws UndermeshError `engine_failed` when it cannot hold what the other
 * does, and BpfError.
 */
export function copyMap(from: BpfMap, to: BpfMap): Snapshot {
  if (from.type === to.type && PASSING.has(to.type)) return new Map();
  if (from.type !== to.type || !COPIED.has(from.type)) {
    const shape = `${from.type} of ${from.keySize} + ${from.valueSize} bytes`;
    throw agentError(
      'engine_failed',
      `The map ${to.name} is a ${shape}, and this release has a ${to.type} of ${to.keySize} + ${to.valueSize}.`,
    );
  }
  const snapshot = read(from);
  if (snapshot.size > to.maxEntries) {
    throw agentError(
      'engine_failed',
      `The map ${to.name} takes ${to.maxEntries} entries, and ${snapshot.size} are in use.`,
    );
  }
  for (const [key, values] of snapshot) {
    write(
      to,
      keyOf(key, to),
      values.map((value) => resized(value, to.valueSize)),
    );
  }
  return snapshot;
}

function read(map: BpfMap): Snapshot {
  const snapshot = new Map<string, readonly Uint8Array[]>();
  if (map.perCpu) for (const [key, values] of map.entriesPerCpu()) snapshot.set(keyText(key), values);
  else for (const [key, value] of map.entries()) snapshot.set(keyText(key), [value]);
  return snapshot;
}

function write(map: BpfMap, key: Uint8Array, values: readonly Uint8Array[]): void {
  const [value] = values;
  if (map.perCpu) map.updatePerCpu(key, values);
  else if (value !== undefined) map.update(key, value);
}

const keyOf = (text: string, map: BpfMap): Uint8Array => resized(keyBytes(text), map.keySize);

function resized(bytes: Uint8Array, length: number): Uint8Array {
  const changed = new Uint8Array(length);
  changed.set(bytes.subarray(0, length));
  return changed;
}

/** Counters that programs go on with while a copy is made: 64 bits each throughout the value, or 32 bits at an offset. */
const COUNTERS: Readonly<Record<string, 'throughout' | number>> = {
  endpoint_health: EndpointHealth.openConnections,
  generation_use: 'throughout',
  mesh_totals: 'throughout',
};

/** Whether programs count in a map while it is copied. */
export const isCounted = (map: string): boolean => COUNTERS[map] !== undefined;

/**
 * Adds to a copy what the programs of the old version have counted since it was made. Call it once they are at rest; the
 * programs of the new version count meanwhile, and a count made between reading and writing one of its entries is lost.
 */
export function addWhatFollowed(from: BpfMap, to: BpfMap, copied: Snapshot): void {
  for (const [text, after] of read(from)) {
    const key = keyOf(text, to);
    const before = copied.get(text) ?? [];
    const grown = after.map((value, cpu) => growth(to.name, before[cpu], value));
    if (grown.every(({ length }) => length === 0)) continue;
    const known = to.perCpu ? to.lookupPerCpu(key) : [to.lookup(key)];
    const sums = grown.map((counters, cpu) => {
      const sum = known?.[cpu]?.slice() ?? new Uint8Array(to.valueSize);
      for (const { offset, wide, by } of counters) add(sum, { offset, wide, by });
      return sum;
    });
    write(to, key, sums);
  }
}

interface Growth {
  readonly offset: number;
  /** 64 bits, or 32. */
  readonly wide: boolean;
  readonly by: bigint;
}

function growth(map: string, before: Uint8Array | undefined, after: Uint8Array): Growth[] {
  const counters = COUNTERS[map];
  if (counters === undefined) return [];
  const wide = counters === 'throughout';
  const offsets = wide ? Array.from({ length: after.length >> 3 }, (_, i) => 8 * i) : [counters];
  return offsets
    .map((offset) => ({
      offset,
      wide,
      by: get(after, offset, wide) - (before === undefined ? 0n : get(before, offset, wide)),
    }))
    .filter(({ by }) => by !== 0n);
}

function get(bytes: Uint8Array, offset: number, wide: boolean): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return wide ? view.getBigUint64(offset, true) : BigInt(view.getUint32(offset, true));
}

function add(bytes: Uint8Array, { offset, wide, by }: Growth): void {
  if (offset + (wide ? 8 : 4) > bytes.length) return; // a counter that this version does not have
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sum = get(bytes, offset, wide) + by;
  if (wide) view.setBigInt64(offset, BigInt.asIntN(64, sum), true);
  else view.setUint32(offset, Number(BigInt.asUintN(32, sum)), true);
}
