// SPDX-License-Identifier: Apache-2.0
//
// The C functions that this package calls: one line each, its TypeScript type beside its C declaration.
// Everything else calls C through here. (src/shared-memory.ts and src/diagnostics.ts also use koffi, for memory
// and a callback.)
import koffi from 'koffi';
import { NotSupportedError } from './errors.js';

/** A C pointer. */
export type Pointer = bigint;
/** Memory handed to C for the length of one call. */
export type Memory = Uint8Array | Uint32Array | null;

declare const type: unique symbol;
type Declaration<F> = string & { readonly [type]: F };
const c = <F>(declaration: string): Declaration<F> => declaration as Declaration<F>;
type Functions<T> = { readonly [K in keyof T]: T[K] extends Declaration<infer F> ? F : never };

type Named = (handle: Pointer) => string;
type Numbered = (handle: Pointer) => number;
type MapKey = (fd: number, key: Memory, value: Memory) => number;
type Batch = (
  fd: number,
  start: Memory,
  next: Memory,
  keys: Memory,
  values: Memory,
  count: Uint32Array,
  options: Memory,
) => number;
type NextId = (start: number, next: Uint32Array) => number;
type ById = (id: number) => number;

const libbpfDeclarations = {
  libbpf_version_string: c<() => string>('const char *libbpf_version_string()'),
  libbpf_set_print: c<(callback: Pointer | null) => Pointer | null>('void *libbpf_set_print(void *)'),
  libbpf_num_possible_cpus: c<() => number>('int libbpf_num_possible_cpus()'),
  libbpf_find_vmlinux_btf_id: c<(name: string, attachType: number) => number>(
    'int libbpf_find_vmlinux_btf_id(const char *, int)',
  ),
  libbpf_probe_bpf_prog_type: c<(type: number, options: null) => number>(
    'int libbpf_probe_bpf_prog_type(int, void *)',
  ),
  libbpf_probe_bpf_map_type: c<(type: number, options: null) => number>(
    'int libbpf_probe_bpf_map_type(int, void *)',
  ),
  libbpf_probe_bpf_helper: c<(program: number, helper: number, options: null) => number>(
    'int libbpf_probe_bpf_helper(int, int, void *)',
  ),
  libbpf_bpf_map_type_str: c<(type: number) => string | null>('const char *libbpf_bpf_map_type_str(int)'),
  libbpf_bpf_prog_type_str: c<(type: number) => string | null>('const char *libbpf_bpf_prog_type_str(int)'),
  libbpf_bpf_attach_type_str: c<(type: number) => string | null>(
    'const char *libbpf_bpf_attach_type_str(int)',
  ),
  libbpf_bpf_link_type_str: c<(type: number) => string | null>('const char *libbpf_bpf_link_type_str(int)'),

  bpf_object__open_file: c<(path: string, options: Memory) => Pointer | null>(
    'void *bpf_object__open_file(const char *, void *)',
  ),
  bpf_object__load: c<Numbered>('int bpf_object__load(void *)'),
  bpf_object__close: c<(object: Pointer) => void>('void bpf_object__close(void *)'),
  bpf_object__name: c<Named>('const char *bpf_object__name(void *)'),
  bpf_object__next_map: c<(object: Pointer, map: Pointer | null) => Pointer | null>(
    'void *bpf_object__next_map(void *, void *)',
  ),
  bpf_object__next_program: c<(object: Pointer, program: Pointer | null) => Pointer | null>(
    'void *bpf_object__next_program(void *, void *)',
  ),

  bpf_map__name: c<Named>('const char *bpf_map__name(void *)'),
  bpf_map__type: c<Numbered>('int bpf_map__type(void *)'),
  bpf_map__key_size: c<Numbered>('uint32_t bpf_map__key_size(void *)'),
  bpf_map__value_size: c<Numbered>('uint32_t bpf_map__value_size(void *)'),
  bpf_map__max_entries: c<Numbered>('uint32_t bpf_map__max_entries(void *)'),
  bpf_map__map_flags: c<Numbered>('uint32_t bpf_map__map_flags(void *)'),
  bpf_map__fd: c<Numbered>('int bpf_map__fd(void *)'),
  bpf_map__set_max_entries: c<(map: Pointer, entries: number) => number>(
    'int bpf_map__set_max_entries(void *, uint32_t)',
  ),
  bpf_map__reuse_fd: c<(map: Pointer, fd: number) => number>('int bpf_map__reuse_fd(void *, int)'),
  bpf_map__initial_value: c<(map: Pointer, size: BigUint64Array) => Pointer | null>(
    'void *bpf_map__initial_value(void *, void *)',
  ),
  bpf_map__set_initial_value: c<(map: Pointer, data: Memory, size: number) => number>(
    'int bpf_map__set_initial_value(void *, void *, size_t)',
  ),

  bpf_map__attach_struct_ops: c<(map: Pointer) => Pointer | null>('void *bpf_map__attach_struct_ops(void *)'),

  bpf_program__name: c<Named>('const char *bpf_program__name(void *)'),
  bpf_program__section_name: c<Named>('const char *bpf_program__section_name(void *)'),
  bpf_program__type: c<Numbered>('int bpf_program__type(void *)'),
  bpf_program__expected_attach_type: c<Numbered>('int bpf_program__expected_attach_type(void *)'),
  bpf_program__fd: c<Numbered>('int bpf_program__fd(void *)'),
  bpf_program__autoload: c<(program: Pointer) => boolean>('bool bpf_program__autoload(void *)'),
  bpf_program__set_autoload: c<(program: Pointer, on: boolean) => number>(
    'int bpf_program__set_autoload(void *, bool)',
  ),
  bpf_program__set_log_buf: c<(program: Pointer, log: Memory, size: number) => number>(
    'int bpf_program__set_log_buf(void *, void *, size_t)',
  ),

  bpf_map_create: c<
    (
      type: number,
      name: string,
      keySize: number,
      valueSize: number,
      maxEntries: number,
      options: Memory,
    ) => number
  >('int bpf_map_create(int, const char *, uint32_t, uint32_t, uint32_t, void *)'),
  bpf_map_lookup_elem: c<MapKey>('int bpf_map_lookup_elem(int, void *, void *)'),
  bpf_map_update_elem: c<(fd: number, key: Memory, value: Memory, flags: number) => number>(
    'int bpf_map_update_elem(int, void *, void *, uint64_t)',
  ),
  bpf_map_delete_elem: c<(fd: number, key: Memory) => number>('int bpf_map_delete_elem(int, void *)'),
  bpf_map_get_next_key: c<(fd: number, key: Memory, next: Memory) => number>(
    'int bpf_map_get_next_key(int, void *, void *)',
  ),
  bpf_map_lookup_batch: c<Batch>(
    'int bpf_map_lookup_batch(int, void *, void *, void *, void *, void *, void *)',
  ),
  bpf_map_lookup_and_delete_batch: c<Batch>(
    'int bpf_map_lookup_and_delete_batch(int, void *, void *, void *, void *, void *, void *)',
  ),

  bpf_map_update_batch: c<
    (fd: number, keys: Memory, values: Memory, count: Uint32Array, options: Memory) => number
  >('int bpf_map_update_batch(int, void *, void *, void *, void *)'),
  bpf_map_delete_batch: c<(fd: number, keys: Memory, count: Uint32Array, options: Memory) => number>(
    'int bpf_map_delete_batch(int, void *, void *, void *)',
  ),

  bpf_prog_load: c<
    (
      type: number,
      name: string,
      license: string,
      instructions: Memory,
      count: number,
      options: Memory,
    ) => number
  >('int bpf_prog_load(int, const char *, const char *, void *, size_t, void *)'),
  bpf_prog_attach: c<(program: number, target: number, attachType: number, flags: number) => number>(
    'int bpf_prog_attach(int, int, int, uint32_t)',
  ),
  bpf_prog_detach2: c<(program: number, target: number, attachType: number) => number>(
    'int bpf_prog_detach2(int, int, int)',
  ),
  bpf_prog_query: c<
    (
      target: number,
      attachType: number,
      query: number,
      flags: Uint32Array,
      ids: Uint32Array,
      count: Uint32Array,
    ) => number
  >('int bpf_prog_query(int, int, uint32_t, void *, void *, void *)'),
  bpf_prog_test_run_opts: c<(fd: number, options: Memory) => number>(
    'int bpf_prog_test_run_opts(int, void *)',
  ),
  bpf_raw_tracepoint_open: c<(name: string | null, program: number) => number>(
    'int bpf_raw_tracepoint_open(const char *, int)',
  ),
  bpf_link__fd: c<Numbered>('int bpf_link__fd(void *)'),
  bpf_link__disconnect: c<(link: Pointer) => void>('void bpf_link__disconnect(void *)'),
  bpf_link__destroy: c<Numbered>('int bpf_link__destroy(void *)'),
  bpf_link_create: c<(program: number, target: number, attachType: number, options: Memory) => number>(
    'int bpf_link_create(int, int, int, void *)',
  ),
  bpf_link_update: c<(link: number, program: number, options: Memory) => number>(
    'int bpf_link_update(int, int, void *)',
  ),
  bpf_link_detach: c<(link: number) => number>('int bpf_link_detach(int)'),
  bpf_iter_create: c<(link: number) => number>('int bpf_iter_create(int)'),
  bpf_enable_stats: c<(kind: number) => number>('int bpf_enable_stats(int)'),

  bpf_obj_pin: c<(fd: number, path: string) => number>('int bpf_obj_pin(int, const char *)'),
  bpf_obj_get: c<(path: string) => number>('int bpf_obj_get(const char *)'),
  bpf_obj_get_info_by_fd: c<(fd: number, info: Memory, size: Uint32Array) => number>(
    'int bpf_obj_get_info_by_fd(int, void *, void *)',
  ),
  bpf_prog_get_next_id: c<NextId>('int bpf_prog_get_next_id(uint32_t, void *)'),
  bpf_map_get_next_id: c<NextId>('int bpf_map_get_next_id(uint32_t, void *)'),
  bpf_link_get_next_id: c<NextId>('int bpf_link_get_next_id(uint32_t, void *)'),
  bpf_prog_get_fd_by_id: c<ById>('int bpf_prog_get_fd_by_id(uint32_t)'),
  bpf_map_get_fd_by_id: c<ById>('int bpf_map_get_fd_by_id(uint32_t)'),
  bpf_link_get_fd_by_id: c<ById>('int bpf_link_get_fd_by_id(uint32_t)'),
};

const libcDeclarations = {
  mmap: c<
    (
      address: Pointer | null,
      size: number,
      protection: number,
      flags: number,
      fd: number,
      offset: number,
    ) => Pointer
  >('void *mmap(void *, size_t, int, int, int, int64_t)'),
  munmap: c<(address: Pointer, size: number) => number>('int munmap(void *, size_t)'),
  mount: c<(source: string, target: string, type: string, flags: number, data: string) => number>(
    'int mount(const char *, const char *, const char *, unsigned long, const char *)',
  ),
  umount2: c<(target: string, flags: number) => number>('int umount2(const char *, int)'),
  setns: c<(fd: number, kind: number) => number>('int setns(int, int)'),
  clock_gettime: c<(clock: number, time: BigInt64Array) => number>('int clock_gettime(int, void *)'),
  /** The one argument of commands that take a number: passed as a variadic one is. */
  fcntl: c<(fd: number, command: number, argument: number) => number>('int fcntl(int, int, int)'),
  vsnprintf: c<(target: Memory, size: number, format: Pointer, args: Pointer) => number>(
    'int vsnprintf(void *, size_t, void *, void *)',
  ),
};

/** Every function of libbpf that is used, by its C name. */
export type Libbpf = Functions<typeof libbpfDeclarations>;
/** Every function of libc that is used, by its C name. */
export type Libc = Functions<typeof libcDeclarations>;

let loadedLibbpf: Libbpf | undefined;
let loadedLibc: Libc | undefined;

/**
 * The system's libbpf, loaded at the first call.
 * @throws {NotSupportedError} libbpf.so.1 (1.0 or later) is not installed.
 */
export function libbpf(): Libbpf {
  loadedLibbpf ??= open('libbpf.so.1', libbpfDeclarations);
  return loadedLibbpf;
}

/** The system's C library. */
export function libc(): Libc {
  loadedLibc ??= open('libc.so.6', libcDeclarations);
  return loadedLibc;
}

/** Error number that the last failed C call left behind. */
export function lastErrno(): number {
  return koffi.errno();
}

/** Address of memory that a C structure points to. The caller keeps the memory referenced meanwhile. */
export function addressOf(memory: Uint8Array | Uint32Array): bigint {
  return koffi.address(memory);
}

function open<T extends Record<string, Declaration<unknown>>>(file: string, declarations: T): Functions<T> {
  if (koffi.sizeof('long') !== 8) {
    throw new NotSupportedError('This package needs a 64-bit kernel and a 64-bit Node.', {
      feature: '64-bit machine',
    });
  }
  try {
    const library = koffi.load(file);
    const functions = Object.entries(declarations).map(([name, declaration]) => [
      name,
      library.func(declaration),
    ]);
    return Object.fromEntries(functions) as Functions<T>;
  } catch (cause) {
    throw new NotSupportedError(
      `Loading ${file} failed: ${cause instanceof Error ? cause.message : String(cause)}. Install libbpf 1.0 or later (Debian and Ubuntu: apt install libbpf1).`,
      { feature: 'libbpf', since: 'libbpf1 1.0', cause },
    );
  }
}
