// SPDX-License-Identifier: Apache-2.0
import { closeSync, existsSync } from 'node:fs';
import {
  type AttachType,
  attachTypes,
  type MapType,
  mapTypes,
  numberOf,
  type ProgramType,
  programTypes,
} from './enums.js';
import { errnoName } from './errors.js';
import { check } from './failure.js';
import { libbpf } from './library.js';
import { optionsStruct } from './options.js';

/** What {@link kernelFeatures} looks at. */
export const featureNames = [
  'btf',
  'ringbuf',
  'sockops',
  'cgroupSkb',
  'skStorage',
  'tpBtf',
  'iterators',
  'cgroupLink',
] as const;

/** One of {@link featureNames}. */
export type KernelFeature = (typeof featureNames)[number];

/** Whether a feature can be used here, and why not: the kernel's answer and the version that brought it. */
export interface FeatureProbe {
  readonly available: boolean;
  /** Empty when available. */
  readonly reason: string;
}

/** Version of the libbpf in use, for example `'v1.1'`. @throws {NotSupportedError} none is installed. */
export function libbpfVersion(): string {
  return libbpf().libbpf_version_string();
}

/** libbpf_probe_bpf_prog_type: whether the kernel loads a trivial program of this type. @throws {BpfError} `BPF_PROBE`. */
export function probeProgramType(type: ProgramType): boolean {
  const result = libbpf().libbpf_probe_bpf_prog_type(numberOf(programTypes, type), null);
  return (
    check(result, () => ({
      code: 'BPF_PROBE',
      syscall: 'libbpf_probe_bpf_prog_type',
      doing: `probing program type ${type}`,
    })) === 1
  );
}

/** libbpf_probe_bpf_map_type: whether the kernel creates a map of this type. @throws {BpfError} `BPF_PROBE`. */
export function probeMapType(type: MapType): boolean {
  const result = libbpf().libbpf_probe_bpf_map_type(numberOf(mapTypes, type), null);
  return (
    check(result, () => ({
      code: 'BPF_PROBE',
      syscall: 'libbpf_probe_bpf_map_type',
      doing: `probing map type ${type}`,
    })) === 1
  );
}

/**
 * libbpf_probe_bpf_helper: whether programs of this type may call a helper.
 * @param helper its number in `enum bpf_func_id`.
 * @throws {BpfError} `BPF_PROBE`; libbpf cannot tell for tracing programs (EOPNOTSUPP).
 */
export function probeHelper(type: ProgramType, helper: number): boolean {
  const result = libbpf().libbpf_probe_bpf_helper(numberOf(programTypes, type), helper, null);
  return (
    check(result, () => ({
      code: 'BPF_PROBE',
      syscall: 'libbpf_probe_bpf_helper',
      doing: `probing helper ${helper} in ${type} programs`,
    })) === 1
  );
}

/** What this kernel can do of what a mesh needs, found by trying: a few ms, nothing stays behind. */
export function kernelFeatures(): Readonly<Record<KernelFeature, FeatureProbe>> {
  const btf = existsSync('/sys/kernel/btf/vmlinux');
  return {
    btf: probe(
      btf,
      'No /sys/kernel/btf/vmlinux: the kernel is older than 5.4 or built without CONFIG_DEBUG_INFO_BTF.',
    ),
    ringbuf: tryMap('ringbuf', '5.8'),
    sockops: tryProgram({ type: 'sock_ops', attachType: 'cgroup_sock_ops', since: '4.13' }),
    cgroupSkb: tryProgram({ type: 'cgroup_skb', attachType: 'cgroup_inet_egress', since: '4.10' }),
    skStorage: tryMap('sk_storage', '5.2'),
    tpBtf: tryProgram({ type: 'tracing', attachType: 'trace_raw_tp', target: 'sys_enter', since: '5.5' }),
    iterators: tryProgram({ type: 'tracing', attachType: 'trace_iter', target: 'task', since: '5.8' }),
    cgroupLink: tryCgroupLink('5.7'),
  };
}

const EBADF = 9;

interface TrivialProgram {
  readonly type: ProgramType;
  readonly attachType: AttachType;
  /** Kernel function or tracepoint that a tracing program names. */
  readonly target?: string;
  readonly since: string;
}

// mov r0, 0; exit
const TRIVIAL = new Uint8Array([0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);

function probe(available: boolean, reason: string): FeatureProbe {
  return { available, reason: available ? '' : reason };
}

function refused(errno: number, since: string): FeatureProbe {
  return probe(
    false,
    `The kernel answers ${errnoName(errno)}: it is older than ${since}, built or locked down without it, or the process lacks privileges.`,
  );
}

function tryMap(type: MapType, since: string): FeatureProbe {
  const result = libbpf().libbpf_probe_bpf_map_type(numberOf(mapTypes, type), null);
  return result === 1 ? probe(true, '') : refused(result < 0 ? -result : 22, since);
}

function tryProgram(program: TrivialProgram): FeatureProbe {
  const fd = loadTrivial(program);
  if (fd < 0) return refused(-fd, program.since);
  closeSync(fd);
  return probe(true, '');
}

/** Kernels with cgroup links look at the cgroup's file descriptor, which is wrong; others at nothing. */
function tryCgroupLink(since: string): FeatureProbe {
  const fd = loadTrivial({ type: 'cgroup_skb', attachType: 'cgroup_inet_egress', since });
  if (fd < 0) return refused(-fd, since);
  const result = libbpf().bpf_link_create(fd, -1, numberOf(attachTypes, 'cgroup_inet_egress'), null);
  closeSync(fd);
  return result === -EBADF ? probe(true, '') : refused(-result, since);
}

function loadTrivial({ type, attachType, target }: TrivialProgram): number {
  const attach = numberOf(attachTypes, attachType);
  const btfId = target === undefined ? 0 : libbpf().libbpf_find_vmlinux_btf_id(target, attach);
  if (btfId < 0) return btfId;
  const options = optionsStruct(104, (view) => {
    view.setUint32(12, attach, true);
    view.setUint32(32, btfId, true);
  });
  return libbpf().bpf_prog_load(
    numberOf(programTypes, type),
    'probe',
    'GPL',
    TRIVIAL,
    TRIVIAL.length / 8,
    options,
  );
}
