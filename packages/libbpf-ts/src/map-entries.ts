// SPDX-License-Identifier: Apache-2.0
import { ENOTSUPP, EOPNOTSUPP } from './errors.js';
import { libbpf } from './library.js';

/** All entries of a map, in columns: entry `i` is at `i * keySize` and at `i * valueStride`. */
export interface MapEntries {
  readonly count: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  /** Bytes from value to value. Per-CPU maps: the values of all CPUs, each rounded up to 8 bytes. */
  readonly valueStride: number;
}

interface Shape {
  readonly fd: number;
  readonly keySize: number;
  readonly valueStride: number;
  readonly maxEntries: number;
}

/** Entries to write: entry `i` is at `i * keySize` and at `i * valueSize`. */
export interface NewEntries {
  readonly count: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
}

interface EntryShape {
  readonly fd: number;
  readonly keySize: number;
  readonly valueSize: number;
}

const ENOENT = 2;
const EINVAL = 22;
const ENOSPC = 28;
const FIRST_CAPACITY = 1024;

/** The entries, or a positive error number. */
export function readEntries(shape: Shape, remove: boolean): MapEntries | number {
  const entries = readBatches(shape, remove);
  if (typeof entries !== 'number' || !isUnsupported(entries) || remove) return entries;
  return readOneByOne(shape);
}

/** Writes all entries in their order; 0, or the positive error number of the first that failed. */
export function writeEntries(shape: EntryShape, { count, keys, values }: NewEntries): number {
  const { bpf_map_update_batch, bpf_map_update_elem } = libbpf();
  const done = new Uint32Array([count]);
  const result = count === 0 ? 0 : bpf_map_update_batch(shape.fd, keys, values, done, null);
  if (result >= 0 || !isUnsupported(-result)) return -Math.min(result, 0);
  for (let i = 0; i < count; i++) {
    const key = keys.subarray(i * shape.keySize, (i + 1) * shape.keySize);
    const value = values.subarray(i * shape.valueSize, (i + 1) * shape.valueSize);
    const failed = bpf_map_update_elem(shape.fd, key, value, 0);
    if (failed < 0) return -failed;
  }
  return 0;
}

/** Removes all keys, those that are not there included; 0, or the positive error number of the first that failed. */
export function removeEntries(shape: Omit<EntryShape, 'valueSize'>, keys: Uint8Array): number {
  const { bpf_map_delete_batch, bpf_map_delete_elem } = libbpf();
  const { fd, keySize } = shape;
  for (let at = 0; at < keys.length; ) {
    const left = keys.subarray(at);
    const count = new Uint32Array([left.length / keySize]);
    const result = bpf_map_delete_batch(fd, left, count, null);
    if (result >= 0) return 0;
    if (isUnsupported(-result)) break;
    if (result !== -ENOENT) return -result;
    at += ((count[0] ?? 0) + 1) * keySize; // those before are gone, this one was not there
    if (at >= keys.length) return 0;
  }
  for (let at = 0; at < keys.length; at += keySize) {
    const result = bpf_map_delete_elem(fd, keys.subarray(at, at + keySize));
    if (result < 0 && result !== -ENOENT) return -result;
  }
  return 0;
}

/** Kernels before 5.6 know no batches (EINVAL), and not every type of map has them (ENOTSUPP). */
const isUnsupported = (errno: number): boolean =>
  errno === EINVAL || errno === ENOTSUPP || errno === EOPNOTSUPP;

class Columns implements MapEntries {
  count = 0;
  keys: Uint8Array;
  values: Uint8Array;
  capacity = 0;
  readonly keySize: number;
  readonly valueStride: number;

  constructor({ keySize, valueStride, maxEntries }: Shape) {
    this.keySize = keySize;
    this.valueStride = valueStride;
    this.keys = new Uint8Array(0);
    this.values = new Uint8Array(0);
    this.grow(Math.min(maxEntries, FIRST_CAPACITY));
  }

  grow(capacity: number): void {
    const { keys, values } = this;
    this.capacity = capacity;
    this.keys = new Uint8Array(capacity * this.keySize);
    this.values = new Uint8Array(capacity * this.valueStride);
    this.keys.set(keys);
    this.values.set(values);
  }

  done(): MapEntries {
    const { count, valueStride } = this;
    return {
      count,
      valueStride,
      keys: this.keys.subarray(0, count * this.keySize),
      values: this.values.subarray(0, count * valueStride),
    };
  }
}

function readBatches(shape: Shape, remove: boolean): MapEntries | number {
  const { bpf_map_lookup_batch, bpf_map_lookup_and_delete_batch } = libbpf();
  const read = remove ? bpf_map_lookup_and_delete_batch : bpf_map_lookup_batch;
  const columns = new Columns(shape);
  const count = new Uint32Array(1);
  // Where the next batch starts: a key of an array, a bucket's number of a hash.
  let start: Uint8Array | null = null;
  let next = new Uint8Array(Math.max(shape.keySize, 8));
  for (;;) {
    if (columns.count === columns.capacity) columns.grow(columns.capacity * 2);
    count[0] = columns.capacity - columns.count;
    const keys = columns.keys.subarray(columns.count * shape.keySize);
    const values = columns.values.subarray(columns.count * shape.valueStride);
    const result: number = read(shape.fd, start, next, keys, values, count, null);
    if (result === -ENOSPC) {
      columns.grow(columns.capacity * 2); // the next hash bucket has more entries than there was room for
      continue;
    }
    if (result < 0 && result !== -ENOENT) return -result;
    columns.count += count[0] ?? 0;
    if (result === -ENOENT) return columns.done();
    const previous: Uint8Array | null = start;
    start = next;
    next = (previous as Uint8Array<ArrayBuffer> | null) ?? new Uint8Array(next.length);
  }
}

function readOneByOne(shape: Shape): MapEntries | number {
  const { bpf_map_get_next_key, bpf_map_lookup_elem } = libbpf();
  const columns = new Columns(shape);
  let key: Uint8Array | null = null;
  for (;;) {
    if (columns.count === columns.capacity) columns.grow(columns.capacity * 2);
    const at = columns.count * shape.keySize;
    const next = columns.keys.subarray(at, at + shape.keySize);
    const result = bpf_map_get_next_key(shape.fd, key, next);
    if (result === -ENOENT) return columns.done();
    if (result < 0) return -result;
    // The walk starts over when `key` has gone: never read more than there can be.
    if (columns.count >= shape.maxEntries) return columns.done();
    key = next.slice();
    const found = bpf_map_lookup_elem(
      shape.fd,
      key,
      columns.values.subarray(columns.count * shape.valueStride),
    );
    if (found === 0) columns.count++;
    else if (found !== -ENOENT) return -found;
  }
}
