// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { Descriptor } from './descriptor.js';
import {
  type AttachType,
  attachTypes,
  type LinkType,
  linkTypes,
  type MapType,
  mapTypes,
  nameOf,
  type ProgramType,
  programTypes,
} from './enums.js';
import { check, failed } from './failure.js';
import { addressOf, libbpf } from './library.js';

/** What the kernel says of a map (`struct bpf_map_info`). Sizes in bytes. */
export interface MapInfo {
  readonly id: number;
  readonly type: MapType;
  /** At most 15 characters: the kernel cuts the rest. */
  readonly name: string;
  readonly keySize: number;
  /** Of one value; a per-CPU map has one per CPU. */
  readonly valueSize: number;
  /** Of a ring buffer: its size in bytes. */
  readonly maxEntries: number;
  /** `BPF_F_*` bits. */
  readonly flags: number;
}

/** What the kernel says of a program (`struct bpf_prog_info`). */
export interface ProgramInfo {
  readonly id: number;
  readonly type: ProgramType;
  /** At most 15 characters: the kernel cuts the rest. */
  readonly name: string;
  /** 16 hexadecimal digits, a digest of the instructions: equal programs have equal tags. */
  readonly tag: string;
  /** CLOCK_BOOTTIME, ns. */
  readonly loadedAtNs: bigint;
  /** Total time spent in it, ns; counts only while statistics are on (see enableProgramStats). */
  readonly runTimeNs: bigint;
  /** Number of runs; counts only while statistics are on. */
  readonly runCount: bigint;
  /** Runs skipped because the program was already running on that CPU. */
  readonly recursionMisses: bigint;
  readonly xlatedBytes: number;
  readonly jitedBytes: number;
  /** Instructions that the verifier walked through; 0 before 5.16. */
  readonly verifiedInstructions: number;
  readonly mapIds: readonly number[];
}

/** What the kernel says of a link (`struct bpf_link_info`). */
export interface LinkInfo {
  readonly id: number;
  readonly type: LinkType;
  readonly programId: number;
  /** Cgroup and tracing links. */
  readonly attachType?: AttachType;
  /** Cgroup links: 0 once the cgroup is gone or the link was detached. */
  readonly cgroupId?: bigint;
  /** Links of struct_ops: the map in force; 0 once what it was for has let go of it. */
  readonly mapId?: number;
}

// Larger than every version of the three structures; the kernel fills what it knows.
const INFO_BYTES = 512;

/** @throws {BpfError} `BPF_INFO`. */
export function mapInfo(fd: number): MapInfo {
  const view = readInfo(fd, new Uint8Array(INFO_BYTES));
  return {
    type: nameOf(mapTypes, view.getUint32(0, true)),
    id: view.getUint32(4, true),
    keySize: view.getUint32(8, true),
    valueSize: view.getUint32(12, true),
    maxEntries: view.getUint32(16, true),
    flags: view.getUint32(20, true),
    name: readName(view, 24),
  };
}

/** @throws {BpfError} `BPF_INFO`. */
export function programInfo(fd: number): ProgramInfo {
  const mapCount = readInfo(fd, new Uint8Array(INFO_BYTES)).getUint32(52, true);
  // Asked again with room for the map ids: nr_map_ids (52) and map_ids (56) are then input as well.
  const mapIds = new Uint32Array(Math.max(mapCount, 1));
  const info = new Uint8Array(INFO_BYTES);
  const view = new DataView(info.buffer);
  view.setUint32(52, mapCount, true);
  if (mapCount > 0) view.setBigUint64(56, addressOf(mapIds), true);
  readInfo(fd, info);
  return {
    type: nameOf(programTypes, view.getUint32(0, true)),
    id: view.getUint32(4, true),
    tag: Buffer.from(info.subarray(8, 16)).toString('hex'),
    jitedBytes: view.getUint32(16, true),
    xlatedBytes: view.getUint32(20, true),
    loadedAtNs: view.getBigUint64(40, true),
    mapIds: [...mapIds.subarray(0, mapCount)],
    name: readName(view, 64),
    runTimeNs: view.getBigUint64(192, true),
    runCount: view.getBigUint64(200, true),
    recursionMisses: view.getBigUint64(208, true),
    verifiedInstructions: view.getUint32(216, true),
  };
}

/** @throws {BpfError} `BPF_INFO`. */
export function linkInfo(fd: number): LinkInfo {
  const view = readInfo(fd, new Uint8Array(INFO_BYTES));
  const type = nameOf(linkTypes, view.getUint32(0, true));
  const base = { type, id: view.getUint32(4, true), programId: view.getUint32(8, true) };
  if (type === 'cgroup') {
    return {
      ...base,
      cgroupId: view.getBigUint64(16, true),
      attachType: nameOf(attachTypes, view.getUint32(24, true)),
    };
  }
  if (type === 'struct_ops') return { ...base, mapId: view.getUint32(16, true) };
  if (type === 'tracing') return { ...base, attachType: nameOf(attachTypes, view.getUint32(16, true)) };
  return base;
}

/** Every map in the kernel, of whichever process. @throws {BpfError} `BPF_INFO`. */
export function listMaps(): MapInfo[] {
  const { bpf_map_get_next_id, bpf_map_get_fd_by_id } = libbpf();
  return list(bpf_map_get_next_id, bpf_map_get_fd_by_id, mapInfo);
}

/** Every program in the kernel, of whichever process. @throws {BpfError} `BPF_INFO`. */
export function listPrograms(): ProgramInfo[] {
  const { bpf_prog_get_next_id, bpf_prog_get_fd_by_id } = libbpf();
  return list(bpf_prog_get_next_id, bpf_prog_get_fd_by_id, programInfo);
}

/** Every link in the kernel, of whichever process. @throws {BpfError} `BPF_INFO`. */
export function listLinks(): LinkInfo[] {
  const { bpf_link_get_next_id, bpf_link_get_fd_by_id } = libbpf();
  return list(bpf_link_get_next_id, bpf_link_get_fd_by_id, linkInfo);
}

/**
 * Has the kernel count runs and run time of every program until disposed of. Costs some 20 to 30 ns per run of
 * every program on the machine. Several may be open; the last one closed stops the counting.
 * @throws {BpfError} `BPF_INFO`.
 */
export function enableProgramStats(): Disposable {
  const BPF_STATS_RUN_TIME = 0;
  const fd = check(libbpf().bpf_enable_stats(BPF_STATS_RUN_TIME), () => ({
    code: 'BPF_INFO',
    syscall: 'bpf(BPF_ENABLE_STATS)',
    doing: 'switching program statistics on',
  }));
  const descriptor = new Descriptor(fd, () => 'program statistics');
  return { [Symbol.dispose]: () => descriptor.close() };
}

const ENOENT = 2;

function list<T>(
  nextId: (start: number, next: Uint32Array) => number,
  open: (id: number) => number,
  info: (fd: number) => T,
): T[] {
  const found: T[] = [];
  const next = new Uint32Array(1);
  for (let id = 0; ; ) {
    const result = nextId(id, next);
    if (result === -ENOENT) return found;
    const failure = {
      code: 'BPF_INFO',
      syscall: 'bpf(BPF_*_GET_NEXT_ID)',
      doing: 'listing what is in the kernel',
    } as const;
    check(result, () => failure);
    id = next[0] ?? 0;
    const fd = open(id);
    if (fd === -ENOENT) continue; // gone meanwhile
    if (fd < 0) throw failed(-fd, failure);
    try {
      found.push(info(fd));
    } finally {
      closeSync(fd);
    }
  }
}

function readInfo(fd: number, info: Uint8Array): DataView {
  check(libbpf().bpf_obj_get_info_by_fd(fd, info, new Uint32Array([info.length])), () => ({
    code: 'BPF_INFO',
    syscall: 'bpf(BPF_OBJ_GET_INFO_BY_FD)',
    doing: `asking the kernel about file descriptor ${fd}`,
  }));
  return new DataView(info.buffer, info.byteOffset, info.length);
}

function readName(view: DataView, offset: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, 16);
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end < 0 ? 16 : end)).toString('utf8');
}
