// SPDX-License-Identifier: Apache-2.0

import { withDiagnostics } from './diagnostics.js';
import { elfSection } from './elf.js';
import {
  type AttachType,
  attachTypes,
  type MapType,
  mapTypes,
  nameOf,
  type ProgramType,
  programTypes,
} from './enums.js';
import { failed } from './failure.js';
import { addressOf, lastErrno, libbpf, type Pointer } from './library.js';
import { optionsStruct } from './options.js';

/** A map as the object file defines it. Sizes in bytes. */
export interface MapSpec {
  /** Global variables are maps as well: `.rodata`, `.data`, `.bss`. */
  readonly name: string;
  readonly type: MapType;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** `BPF_F_*` bits. */
  readonly flags: number;
}

/** A program as the object file defines it. */
export interface ProgramSpec {
  readonly name: string;
  /** For example `'cgroup/connect4'`. */
  readonly section: string;
  readonly type: ProgramType;
  readonly attachType: AttachType;
}

/** What an object file holds. The same on every machine: made from the ELF alone. */
export interface ObjectSpec {
  readonly name: string;
  readonly license: string;
  readonly maps: readonly MapSpec[];
  readonly programs: readonly ProgramSpec[];
}

/**
 * Reads an object file without touching the kernel's bpf: needs no privilege.
 * @throws {BpfError} `BPF_OPEN`: not there, or not a BPF object.
 */
export function readObjectSpec(path: string): ObjectSpec {
  const object = openHandle(path);
  try {
    return {
      name: libbpf().bpf_object__name(object),
      license: readLicense(path),
      maps: [...mapHandles(object).values()].map(mapSpec),
      programs: [...programHandles(object).values()].map(programSpec),
    };
  } finally {
    libbpf().bpf_object__close(object);
  }
}

/** bpf_object__open_file. The caller closes the handle. @throws {BpfError} `BPF_OPEN`. */
export function openHandle(path: string, pinRoot?: string): Pointer {
  const root = pinRoot === undefined ? undefined : Buffer.from(`${pinRoot}\0`);
  const options = optionsStruct(80, (view) => {
    if (root !== undefined) view.setBigUint64(24, addressOf(root), true);
  });
  const { result, diagnostics } = withDiagnostics(() => {
    const handle = libbpf().bpf_object__open_file(path, options);
    return { handle, errno: handle === null ? lastErrno() : 0, root };
  });
  if (result.handle === null) {
    throw failed(result.errno, {
      code: 'BPF_OPEN',
      syscall: 'bpf_object__open_file',
      doing: `opening the BPF object ${path}`,
      diagnostics,
    });
  }
  return result.handle;
}

/** Handles of all maps by name, in the file's order. They die with the object. */
export function mapHandles(object: Pointer): Map<string, Pointer> {
  const { bpf_object__next_map, bpf_map__name } = libbpf();
  const handles = new Map<string, Pointer>();
  for (let map = bpf_object__next_map(object, null); map !== null; map = bpf_object__next_map(object, map)) {
    handles.set(sectionName(bpf_map__name(map)), map);
  }
  return handles;
}

/** Handles of all programs by name, in the file's order. They die with the object. */
export function programHandles(object: Pointer): Map<string, Pointer> {
  const { bpf_object__next_program, bpf_program__name } = libbpf();
  const handles = new Map<string, Pointer>();
  for (
    let program = bpf_object__next_program(object, null);
    program !== null;
    program = bpf_object__next_program(object, program)
  ) {
    handles.set(bpf_program__name(program), program);
  }
  return handles;
}

/** What the ELF, and changes before loading, say of a map. */
export function mapSpec(map: Pointer): MapSpec {
  const lib = libbpf();
  return {
    name: sectionName(lib.bpf_map__name(map)),
    type: nameOf(mapTypes, lib.bpf_map__type(map)),
    keySize: lib.bpf_map__key_size(map),
    valueSize: lib.bpf_map__value_size(map),
    maxEntries: lib.bpf_map__max_entries(map),
    flags: lib.bpf_map__map_flags(map),
  };
}

/** What the ELF says of a program. */
export function programSpec(program: Pointer): ProgramSpec {
  const lib = libbpf();
  return {
    name: lib.bpf_program__name(program),
    section: lib.bpf_program__section_name(program),
    type: nameOf(programTypes, lib.bpf_program__type(program)),
    attachType: nameOf(attachTypes, lib.bpf_program__expected_attach_type(program)),
  };
}

function readLicense(path: string): string {
  const section = elfSection(path, 'license');
  return section === undefined ? '' : section.toString('utf8').replace(/\0.*$/s, '');
}

/** libbpf calls the maps of global variables "<object>.rodata": the part before the dot says nothing. */
function sectionName(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? name : name.slice(dot);
}
