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

const ENOENT = 2;
const EINVAL = 22;
const ENOSPC = 28;
const FIRST_CAPACITY = 1024;

/** The entries, or a positive error number. */
export function readEntries(shape: Shape, remove: boolean): MapEntries | number {
  const entries = readBatches(shape, remove);
  // Kernels before 5.6 know no batches (EINVAL), and not every type of map has them (ENOTSUPP).
  const unsupported = entries === EINVAL || entries === ENOTSUPP || entries === EOPNOTSUPP;
  return unsupported && !remove ? readOneByOne(shape) : entries;
}

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
