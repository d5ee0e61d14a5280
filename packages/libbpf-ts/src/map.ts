// SPDX-License-Identifier: Apache-2.0

import { unpin } from './bpffs.js';
import { Descriptor, openPin, pin } from './descriptor.js';
import { attachTypes, isPerCpu, type MapType, mapTypes, numberOf } from './enums.js';
import { BpfError, ENOTSUPP, EOPNOTSUPP, NotSupportedError } from './errors.js';
import { check, type Failure, failed } from './failure.js';
import { type MapInfo, mapInfo } from './info.js';
import { libbpf } from './library.js';
import { BpfLink } from './link.js';
import { type MapEntries, type NewEntries, readEntries, removeEntries, writeEntries } from './map-entries.js';
import { optionsStruct } from './options.js';
import { SharedMemory } from './shared-memory.js';

/** How {@link BpfMap.update} treats a key that is, or is not, there. */
export const UpdateMode = {
  /** Create or replace. */
  any: 0,
  /** Create only; EEXIST otherwise. */
  create: 1,
  /** Replace only; ENOENT otherwise. */
  replace: 2,
} as const;

/** What a new map is to be. Sizes in bytes; `flags` are `BPF_F_*` bits. */
export interface MapDefinition {
  readonly type: MapType;
  /** The kernel keeps 15 characters. */
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags?: number;
}

const ENOENT = 2;
const BPF_F_RDONLY_PROG = 1 << 7;
const BPF_F_MMAPABLE = 1 << 10;

/** A map in the kernel. Keys and values are the raw bytes of the C structures. */
export class BpfMap implements Disposable {
  /** Name in the object file; of a pinned map or one found by id, the kernel's (15 characters). */
  readonly name: string;
  readonly type: MapType;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes of one value. */
  readonly valueSize: number;
  /** Of a ring buffer: its size in bytes. */
  readonly maxEntries: number;
  /** `BPF_F_*` bits. */
  readonly flags: number;
  /** Unique while the map lives. */
  readonly id: number;
  readonly #descriptor: Descriptor;
  #memory: SharedMemory | undefined;

  /** Takes `fd` over, unless `borrowed`. Everybody but this package uses the static functions. */
  constructor(fd: number, options: { readonly name?: string; readonly borrowed?: boolean } = {}) {
    this.#descriptor = new Descriptor(fd, () => `map '${this.name}'`, !options.borrowed);
    const info = mapInfo(fd);
    this.name = options.name ?? info.name;
    this.type = info.type;
    this.keySize = info.keySize;
    this.valueSize = info.valueSize;
    this.maxEntries = info.maxEntries;
    this.flags = info.flags;
    this.id = info.id;
  }

  /** Makes a map that belongs to no object. @throws {BpfError} `BPF_MAP`. */
  static create(definition: MapDefinition): BpfMap {
    const { type, name, keySize, valueSize, maxEntries, flags } = definition;
    const options = optionsStruct(48, (view) => view.setUint32(28, flags ?? 0, true));
    const fd = libbpf().bpf_map_create(
      numberOf(mapTypes, type),
      name,
      keySize,
      valueSize,
      maxEntries,
      options,
    );
    check(fd, () => ({
      code: 'BPF_MAP',
      syscall: 'bpf(BPF_MAP_CREATE)',
      doing: `creating the ${type} map '${name}'`,
    }));
    return new BpfMap(fd, { name });
  }

  /** Opens the map pinned at `path`. @throws {BpfError} `BPF_PIN`. */
  static openPinned(path: string): BpfMap {
    return new BpfMap(openPin(path, 'map'));
  }

  /** Opens the map with this id. @throws {BpfError} `BPF_NOT_FOUND`. */
  static fromId(id: number): BpfMap {
    const failure = {
      code: 'BPF_NOT_FOUND',
      syscall: 'bpf(BPF_MAP_GET_FD_BY_ID)',
      doing: `opening map id ${id}`,
    } as const;
    return new BpfMap(check(libbpf().bpf_map_get_fd_by_id(id), () => failure));
  }

  /** File descriptor, valid until {@link close}. @throws {BpfError} `BPF_CLOSED`. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** Whether each key has one value per possible CPU. */
  get perCpu(): boolean {
    return isPerCpu(this.type);
  }

  /** The value of `key`, undefined when there is none. @throws {BpfError} `BPF_MAP`, `BPF_SIZE`. */
  lookup(key: Uint8Array): Uint8Array | undefined {
    if (this.perCpu)
      throw this.#sizeError('Looking up', 'it has a value per CPU: use lookupPerCpu or updatePerCpu');
    return this.#lookup(key, this.valueSize);
  }

  /** The values of `key`, one per possible CPU in order of CPU. @throws {BpfError} `BPF_MAP`, `BPF_SIZE`. */
  lookupPerCpu(key: Uint8Array): Uint8Array[] | undefined {
    const stride = this.#valueStride();
    const values = this.#lookup(key, stride * possibleCpus());
    return values && splitValues(values, stride, this.valueSize);
  }

  /** Sets the value of `key`; `mode` is one of {@link UpdateMode}. @throws {BpfError} `BPF_MAP`, `BPF_SIZE`. */
  update(key: Uint8Array, value: Uint8Array, mode = 0): void {
    if (this.perCpu)
      throw this.#sizeError('Updating', 'it has a value per CPU: use lookupPerCpu or updatePerCpu');
    if (value.length !== this.valueSize) {
      throw this.#sizeError('Updating', `a value is ${this.valueSize} bytes and ${value.length} were given`);
    }
    this.#update(key, value, mode);
  }

  /** Sets the values of `key`, one per possible CPU in order of CPU. @throws {BpfError} `BPF_MAP`, `BPF_SIZE`. */
  updatePerCpu(key: Uint8Array, values: readonly Uint8Array[], mode = 0): void {
    const stride = this.#valueStride();
    const all = new Uint8Array(stride * possibleCpus());
    if (values.length !== possibleCpus() || values.some((value) => value.length !== this.valueSize)) {
      throw this.#sizeError('Updating', `it takes ${possibleCpus()} values of ${this.valueSize} bytes`);
    }
    for (const [cpu, value] of values.entries()) all.set(value, cpu * stride);
    this.#update(key, all, mode);
  }

  /** Removes `key`; false when it was not there. @throws {BpfError} `BPF_MAP`, `BPF_SIZE`. */
  delete(key: Uint8Array): boolean {
    const result = libbpf().bpf_map_delete_elem(this.fd, this.#key(key));
    if (result === -ENOENT) return false;
    check(result, () => this.#failure('deleting a key from', 'bpf(BPF_MAP_DELETE_ELEM)'));
    return true;
  }

  /**
   * Every entry, in columns: the form for large maps. One system call per some thousand entries where the
   * kernel has batches, two per entry elsewhere. Entries that come and go meanwhile may or may not be in it.
   * With `remove`, the entries are taken out of the map as they are read (hash maps only).
   * @throws {BpfError} `BPF_MAP`. @throws {NotSupportedError} the map cannot be walked (sk_storage: use an iterator).
   */
  readAll(options: { readonly remove?: boolean } = {}): MapEntries {
    const valueStride = this.perCpu ? this.#valueStride() * possibleCpus() : this.valueSize;
    const shape = { fd: this.fd, keySize: this.keySize, valueStride, maxEntries: this.maxEntries };
    const entries = readEntries(shape, options.remove ?? false);
    if (typeof entries !== 'number') return entries;
    if (entries === ENOTSUPP || entries === EOPNOTSUPP) {
      throw new NotSupportedError(
        `Reading all of ${this.type} map '${this.name}' is not possible. Use an iterator program.`,
        {
          feature: `walking a ${this.type} map`,
          errno: entries,
          syscall: 'bpf(BPF_MAP_LOOKUP_BATCH)',
        },
      );
    }
    throw failed(entries, this.#failure('reading all of', 'bpf(BPF_MAP_LOOKUP_BATCH)'));
  }

  /**
   * Creates or replaces entries in their order, in columns: one system call where the kernel has batches, one each
   * elsewhere. When it throws, those before the one that failed are written.
   * @throws {BpfError} `BPF_MAP`, `BPF_SIZE`.
   */
  updateAll(entries: NewEntries): void {
    if (this.perCpu) throw this.#sizeError('Updating', 'it has a value per CPU: use updatePerCpu');
    const { count, keys, values } = entries;
    if (keys.length !== count * this.keySize || values.length !== count * this.valueSize) {
      throw this.#sizeError(
        'Updating',
        `${count} entries are ${count * this.keySize} bytes of keys and ${count * this.valueSize} of values, and ${keys.length} and ${values.length} were given`,
      );
    }
    const { fd, keySize, valueSize } = this;
    const errno = writeEntries({ fd, keySize, valueSize }, entries);
    if (errno > 0) throw failed(errno, this.#failure('updating', 'bpf(BPF_MAP_UPDATE_BATCH)'));
  }

  /** Removes keys, one after the other in `keys`; what is not there is left out. See {@link updateAll}. */
  deleteAll(keys: Uint8Array): void {
    const { fd, keySize } = this;
    if (keys.length % keySize !== 0) {
      throw this.#sizeError('Using', `a key is ${keySize} bytes and ${keys.length} were given`);
    }
    const errno = removeEntries({ fd, keySize }, keys);
    if (errno > 0) throw failed(errno, this.#failure('deleting keys from', 'bpf(BPF_MAP_DELETE_BATCH)'));
  }

  /** Every key; see {@link readAll}. */
  *keys(): IterableIterator<Uint8Array> {
    const { count, keys } = this.readAll();
    for (let i = 0; i < count; i++) yield keys.slice(i * this.keySize, (i + 1) * this.keySize);
  }

  /** Every key with its value; see {@link readAll}. Of a per-CPU map, use {@link entriesPerCpu}. */
  *entries(): IterableIterator<[key: Uint8Array, value: Uint8Array]> {
    if (this.perCpu) throw this.#sizeError('Walking', 'it has a value per CPU: use entriesPerCpu');
    const { count, keys, values } = this.readAll();
    for (let i = 0; i < count; i++) {
      yield [
        keys.slice(i * this.keySize, (i + 1) * this.keySize),
        values.slice(i * this.valueSize, (i + 1) * this.valueSize),
      ];
    }
  }

  /** Every key with its values, one per possible CPU in order of CPU; see {@link readAll}. */
  *entriesPerCpu(): IterableIterator<[key: Uint8Array, values: Uint8Array[]]> {
    const stride = this.#valueStride();
    const { count, keys, values, valueStride } = this.readAll();
    for (let i = 0; i < count; i++) {
      const all = values.slice(i * valueStride, (i + 1) * valueStride);
      yield [keys.slice(i * this.keySize, (i + 1) * this.keySize), splitValues(all, stride, this.valueSize)];
    }
  }

  /** What the kernel says of it now. @throws {BpfError} `BPF_INFO`. */
  info(): MapInfo {
    return mapInfo(this.fd);
  }

  /**
   * Attaches a struct_ops map anew that has been attached before, by {@link BpfObject.attachStructOps}: a pinned one needs
   * no object file.
   * @throws {BpfError} `BPF_ATTACH`: never attached, or whom it is for refuses it.
   */
  attachStructOps(): BpfLink {
    const link = libbpf().bpf_link_create(this.fd, 0, numberOf(attachTypes, 'struct_ops'), null);
    check(link, () => ({
      code: 'BPF_ATTACH',
      syscall: 'bpf(BPF_LINK_CREATE)',
      doing: `attaching ${this.type} map '${this.name}'`,
    }));
    return new BpfLink(link);
  }

  /** Keeps it alive under `path`, in a bpffs. @throws {BpfError} `BPF_PIN`. */
  pin(path: string): void {
    pin(this.fd, path, `map '${this.name}'`);
  }

  /** Removes the pin at `path`; the map lives on while anything else holds it. @throws {BpfError} `BPF_PIN`. */
  unpin(path: string): void {
    unpin(path);
  }

  /**
   * The map's own memory, live: what a program writes shows here and the other way round. For `.bss`, `.data`
   * and arrays made with `BPF_F_MMAPABLE`; element `i` starts at `i` times the value size rounded up to 8.
   * Valid until {@link close}; afterwards it reads zeros.
   * @throws {BpfError} `BPF_MEMORY`: not mappable, or frozen (`.rodata`).
   */
  mmap(): Uint8Array {
    if (this.#memory === undefined) {
      const what = `map '${this.name}'`;
      if ((this.flags & BPF_F_MMAPABLE) === 0 || (this.flags & BPF_F_RDONLY_PROG) !== 0) {
        throw new BpfError(`Mapping ${what} failed: it is not a writable BPF_F_MMAPABLE array. Use lookup.`, {
          code: 'BPF_MEMORY',
        });
      }
      this.#memory = new SharedMemory(this.fd, {
        bytes: this.maxEntries * this.#valueStride(),
        writable: true,
        what,
      });
    }
    return new Uint8Array(this.#memory.buffer);
  }

  /** Lets go of it. Pins and programs keep it alive. Harmless when called again. */
  close(): void {
    this.#memory?.close();
    this.#memory = undefined;
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #valueStride(): number {
    return Math.ceil(this.valueSize / 8) * 8;
  }

  #key(key: Uint8Array): Uint8Array | null {
    if (key.length !== this.keySize) {
      throw this.#sizeError('Using', `a key is ${this.keySize} bytes and ${key.length} were given`);
    }
    return this.keySize === 0 ? null : key;
  }

  #lookup(key: Uint8Array, bytes: number): Uint8Array | undefined {
    const value = new Uint8Array(bytes);
    const result = libbpf().bpf_map_lookup_elem(this.fd, this.#key(key), value);
    if (result === -ENOENT) return undefined;
    check(result, () => this.#failure('looking up a key in', 'bpf(BPF_MAP_LOOKUP_ELEM)'));
    return value;
  }

  #update(key: Uint8Array, value: Uint8Array, mode: number): void {
    check(libbpf().bpf_map_update_elem(this.fd, this.#key(key), value, mode), () =>
      this.#failure('updating', 'bpf(BPF_MAP_UPDATE_ELEM)'),
    );
  }

  #failure(doing: string, syscall: string): Failure {
    return { code: 'BPF_MAP', syscall, doing: `${doing} ${this.type} map '${this.name}'` };
  }

  #sizeError(doing: string, why: string): BpfError {
    return new BpfError(`${doing} ${this.type} map '${this.name}' failed: ${why}.`, { code: 'BPF_SIZE' });
  }
}

let cpus = 0;

/** How many CPUs the kernel reserves per-CPU memory for: the length of every per-CPU answer. */
export function possibleCpus(): number {
  cpus ||= check(libbpf().libbpf_num_possible_cpus(), () => ({
    code: 'BPF_INFO',
    syscall: 'read',
    doing: 'reading /sys/devices/system/cpu/possible',
  }));
  return cpus;
}

function splitValues(values: Uint8Array, stride: number, size: number): Uint8Array[] {
  const count = values.length / stride;
  return Array.from({ length: count }, (_, cpu) => values.subarray(cpu * stride, cpu * stride + size));
}
