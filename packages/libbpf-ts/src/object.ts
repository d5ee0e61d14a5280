// SPDX-License-Identifier: Apache-2.0
import koffi from 'koffi';
import { withDiagnostics } from './diagnostics.js';
import { BpfError, type BpfErrorCode } from './errors.js';
import { check, failed } from './failure.js';
import { mapInfo } from './info.js';
import { lastErrno, libbpf, type Pointer } from './library.js';
import { BpfLink } from './link.js';
import { BpfMap } from './map.js';
import { BpfProgram } from './program.js';
import { type MapSpec, mapHandles, mapSpec, openHandle, programHandles, programSpec } from './spec.js';
import { checkStructOps } from './struct-ops.js';
import { verifierError } from './verifier.js';

// The kernel keeps the end of a longer log from 6.4 on, its beginning before. Pages are used as they are written.
const LOG_BYTES = 4 * 1024 * 1024;

type State = 'open' | 'loaded' | 'failed' | 'closed';

/**
 * Opens an object file for loading: configure it, then {@link BpfObject.load}.
 * @param options.pinRoot directory in a bpffs for maps that declare `LIBBPF_PIN_BY_NAME`; /sys/fs/bpf without it.
 * @throws {BpfError} `BPF_OPEN`.
 * @throws {NotSupportedError} it has a struct_ops to be linked, which the installed libbpf would pass over.
 */
export function openObject(path: string, options: { readonly pinRoot?: string } = {}): BpfObject {
  checkStructOps(path);
  return new BpfObject(openHandle(path, options.pinRoot));
}

/** An object file on its way into the kernel: opened, configured, loaded, closed. */
export class BpfObject implements Disposable {
  readonly name: string;
  #state: State = 'open';
  readonly #handle: Pointer;
  readonly #mapHandles: ReadonlyMap<string, Pointer>;
  readonly #programHandles: ReadonlyMap<string, Pointer>;
  readonly #maps = new Map<string, BpfMap>();
  readonly #programs = new Map<string, BpfProgram>();

  /** Takes the handle over. Everybody but this package calls {@link openObject}. */
  constructor(handle: Pointer) {
    this.#handle = handle;
    this.name = libbpf().bpf_object__name(handle);
    this.#mapHandles = mapHandles(handle);
    this.#programHandles = programHandles(handle);
  }

  /**
   * Sets the initial values of global variables, before loading. The kernel treats those in `.rodata` as
   * constants and drops the branches that they switch off.
   * @param bytes all of the section, or a function that changes a view of it. Offsets follow the order in which
   * clang placed the variables: keep them in one struct.
   * @param map another section: `.data`, `.bss`, `.rodata.name`.
   * @throws {BpfError} `BPF_NOT_FOUND`, `BPF_SIZE`, `BPF_STATE`.
   */
  setRodata(bytes: Uint8Array | ((view: DataView) => void), map = '.rodata'): void {
    const handle = this.#mapToConfigure(map);
    const size = new BigUint64Array(1);
    const initial = libbpf().bpf_map__initial_value(handle, size);
    if (initial === null)
      throw this.#error('BPF_NOT_FOUND', `setting initial values of ${map}`, 'it holds no global variables');
    const memory: Uint8Array<ArrayBuffer> = koffi.decode(
      initial,
      koffi.array('uint8_t', Number(size[0]), 'Typed'),
    );
    if (typeof bytes === 'function') bytes(new DataView(memory.buffer));
    else if (bytes.length === memory.length) memory.set(bytes);
    else
      throw this.#error(
        'BPF_SIZE',
        `setting initial values of ${map}`,
        `it is ${memory.length} bytes and ${bytes.length} were given`,
      );
    check(libbpf().bpf_map__set_initial_value(handle, memory, memory.length), () => ({
      code: 'BPF_LOAD',
      syscall: 'bpf_map__set_initial_value',
      doing: `setting initial values of ${map} in ${this.name}`,
    }));
  }

  /**
   * Has the programs use a map that exists (a pinned one, another object's) in place of the one defined here.
   * The other map may be closed after loading.
   * @throws {BpfError} `BPF_INCOMPATIBLE`: of another shape; also `BPF_NOT_FOUND`, `BPF_STATE`.
   */
  reuseMap(name: string, map: number | BpfMap): void {
    const handle = this.#mapToConfigure(name);
    const fd = typeof map === 'number' ? map : map.fd;
    const wanted = mapSpec(handle);
    const found = mapInfo(fd);
    const different = (['type', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const).filter(
      (field) => wanted[field] !== found[field],
    );
    if (different.length > 0) {
      const why = different
        .map((field) => `${field} is ${found[field]} and must be ${wanted[field]}`)
        .join(', ');
      throw this.#error('BPF_INCOMPATIBLE', `reusing map id ${found.id} as '${name}'`, why);
    }
    check(libbpf().bpf_map__reuse_fd(handle, fd), () => ({
      code: 'BPF_LOAD',
      syscall: 'bpf_map__reuse_fd',
      doing: `reusing map id ${found.id} as '${name}' in ${this.name}`,
    }));
  }

  /** Sizes a map, before loading. Of a ring buffer: bytes, a power of two and whole pages. @throws {BpfError} `BPF_NOT_FOUND`, `BPF_STATE`. */
  setMaxEntries(mapName: string, entries: number): void {
    const handle = this.#mapToConfigure(mapName);
    check(libbpf().bpf_map__set_max_entries(handle, entries), () => ({
      code: 'BPF_LOAD',
      syscall: 'bpf_map__set_max_entries',
      doing: `sizing map '${mapName}' of ${this.name} to ${entries} entries`,
    }));
  }

  /** Whether {@link load} loads this program; true unless its section says otherwise (`?`). @throws {BpfError} `BPF_NOT_FOUND`, `BPF_STATE`. */
  setAutoload(programName: string, on: boolean): void {
    this.#expect('open', `configuring program '${programName}'`);
    const handle = this.#programHandles.get(programName);
    if (handle === undefined) throw this.#missing('program', programName, this.#programHandles);
    libbpf().bpf_program__set_autoload(handle, on);
  }

  /** What a map is going to be when loaded now. @throws {BpfError} `BPF_NOT_FOUND`, `BPF_CLOSED`. */
  mapSpec(name: string): MapSpec {
    return mapSpec(this.#mapHandle(name));
  }

  /**
   * Creates the maps and loads the programs: all, or nothing.
   * @throws {VerifierError} the verifier refused a program.
   * @throws {BpfError} `BPF_LOAD`: anything else; `diagnostics` has libbpf's words.
   */
  load(): void {
    this.#expect('open', 'loading');
    const lib = libbpf();
    const logs = new Map<string, Uint8Array>();
    for (const [name, handle] of this.#programHandles) {
      if (!lib.bpf_program__autoload(handle)) continue;
      const log = new Uint8Array(LOG_BYTES);
      lib.bpf_program__set_log_buf(handle, log, log.length);
      logs.set(name, log);
    }
    const { result, diagnostics } = withDiagnostics(() => lib.bpf_object__load(this.#handle));
    if (result < 0) {
      this.#state = 'failed';
      const failure = {
        code: 'BPF_LOAD',
        syscall: 'bpf_object__load',
        doing: `loading ${this.name}`,
        diagnostics,
      } as const;
      throw verifierError(-result, logs, failure) ?? failed(-result, failure);
    }
    this.#state = 'loaded';
    for (const [name, handle] of this.#mapHandles) {
      const fd = lib.bpf_map__fd(handle);
      if (fd >= 0) this.#maps.set(name, new BpfMap(fd, { name, borrowed: true }));
    }
    for (const [name, handle] of this.#programHandles) {
      const fd = lib.bpf_program__fd(handle);
      if (fd >= 0) this.#programs.set(name, new BpfProgram(fd, { ...programSpec(handle), borrowed: true }));
    }
  }

  /** The map of that name, loaded. @throws {BpfError} `BPF_NOT_FOUND`, `BPF_STATE`. */
  map(name: string): BpfMap {
    this.#expect('loaded', `using map '${name}'`);
    const map = this.#maps.get(name);
    if (map === undefined) throw this.#missing('map', name, this.#maps);
    return map;
  }

  /** The program of that name, loaded. @throws {BpfError} `BPF_NOT_FOUND` (also when not loaded on demand), `BPF_STATE`. */
  program(name: string): BpfProgram {
    this.#expect('loaded', `using program '${name}'`);
    const program = this.#programs.get(name);
    if (program === undefined) throw this.#missing('program', name, this.#programs);
    return program;
  }

  /** All maps, loaded, in the file's order. @throws {BpfError} `BPF_STATE`. */
  maps(): BpfMap[] {
    this.#expect('loaded', 'listing its maps');
    return [...this.#maps.values()];
  }

  /** All loaded programs, in the file's order. @throws {BpfError} `BPF_STATE`. */
  programs(): BpfProgram[] {
    this.#expect('loaded', 'listing its programs');
    return [...this.#programs.values()];
  }

  /**
   * Attaches a struct_ops map (`SEC(".struct_ops.link")`), loaded: what it is for may call its programs as long as the link
   * lasts. From then on {@link BpfMap.attachStructOps} and {@link BpfLink.updateMap} take it as well.
   * @throws {BpfError} `BPF_ATTACH`: whom it is for refuses it; also `BPF_NOT_FOUND`, `BPF_STATE`.
   */
  attachStructOps(mapName: string): BpfLink {
    const { type } = this.map(mapName);
    if (type !== 'struct_ops')
      throw this.#error('BPF_ATTACH', `attaching map '${mapName}'`, `it is a ${type} map, no struct_ops`);
    const lib = libbpf();
    const { result, diagnostics } = withDiagnostics(() => {
      const link = lib.bpf_map__attach_struct_ops(this.#mapHandle(mapName));
      return { link, errno: link === null ? lastErrno() : 0 };
    });
    if (result.link === null) {
      throw failed(result.errno, {
        code: 'BPF_ATTACH',
        syscall: 'bpf_map__attach_struct_ops',
        doing: `attaching struct_ops map '${mapName}' of ${this.name}`,
        diagnostics,
      });
    }
    const fd = lib.bpf_link__fd(result.link);
    lib.bpf_link__disconnect(result.link); // frees its memory, and leaves the descriptor to us
    lib.bpf_link__destroy(result.link);
    return new BpfLink(fd);
  }

  /** Lets go of it with all its maps and programs. Links and pins keep theirs alive. Harmless when called again. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const map of this.#maps.values()) map.close();
    for (const program of this.#programs.values()) program.close();
    libbpf().bpf_object__close(this.#handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #mapToConfigure(name: string): Pointer {
    this.#expect('open', `configuring map '${name}'`);
    return this.#mapHandle(name);
  }

  #mapHandle(name: string): Pointer {
    if (this.#state === 'closed') throw this.#error('BPF_CLOSED', `using map '${name}'`, 'it is closed');
    const handle = this.#mapHandles.get(name);
    if (handle === undefined) throw this.#missing('map', name, this.#mapHandles);
    return handle;
  }

  #expect(state: State, doing: string): void {
    if (this.#state === state) return;
    if (this.#state === 'closed') throw this.#error('BPF_CLOSED', doing, 'it is closed');
    const next = { open: 'configure it before load()', loaded: 'call load() first', failed: '', closed: '' }[
      state
    ];
    throw this.#error(
      'BPF_STATE',
      doing,
      this.#state === 'failed' ? 'loading it failed before: open it anew' : next,
    );
  }

  #missing(kind: string, name: string, among: ReadonlyMap<string, unknown>): BpfError {
    return this.#error(
      'BPF_NOT_FOUND',
      `using ${kind} '${name}'`,
      `there are ${[...among.keys()].join(', ') || 'none'}`,
    );
  }

  #error(code: BpfErrorCode, doing: string, why: string): BpfError {
    return new BpfError(`BPF object '${this.name}': ${doing} failed: ${why}.`, { code });
  }
}
