// SPDX-License-Identifier: Apache-2.0
import { Engine } from '@undermesh/bpf-abi';
import type { AttachType } from '@undermesh/libbpf-ts';

/** A program that is attached to a cgroup. */
export interface CgroupHook {
  readonly program: string;
  readonly attachType: AttachType;
  /** It steers what is new; without it no connection is steered any more. */
  readonly steers: boolean;
}

const hook = (program: string, attachType: AttachType): CgroupHook => ({
  program,
  attachType,
  steers: program.startsWith('steer_'),
});

/** Of an enrolled cgroup, in the order of attachment: who follows a connection is there before who steers it. */
export const ENROLLED_HOOKS: readonly CgroupHook[] = [
  hook('follow_sockops', 'cgroup_sock_ops'),
  hook('arm_preface', 'cgroup_sock_ops'),
  hook('show_peername4', 'cgroup_inet4_getpeername'),
  hook('show_peername6', 'cgroup_inet6_getpeername'),
  hook('show_sender4', 'cgroup_udp4_recvmsg'),
  hook('show_sender6', 'cgroup_udp6_recvmsg'),
  hook('steer_sendmsg4', 'cgroup_udp4_sendmsg'),
  hook('steer_sendmsg6', 'cgroup_udp6_sendmsg'),
  hook('steer_connect4', 'cgroup_inet4_connect'),
  hook('steer_connect6', 'cgroup_inet6_connect'),
];
/** Of a cgroup that waypoints run in. */
export const WAYPOINT_HOOKS: readonly CgroupHook[] = [
  hook('show_sockname4', 'cgroup_inet4_getsockname'),
  hook('show_sockname6', 'cgroup_inet6_getsockname'),
  hook('tell_original', 'cgroup_getsockopt'),
  hook('take_option', 'cgroup_sock_ops'),
];
export const CGROUP_HOOKS = [...ENROLLED_HOOKS, ...WAYPOINT_HOOKS];
/** Program on the sockets of a map: what they send passes by it. */
export const PREFACE_PROGRAM = 'push_preface';
export const PREFACE_MAP = 'preface_sockets';
/** Iterator over listeners that are older than {@link WAYPOINT_HOOKS}. */
export const LISTENERS_PROGRAM = 'keep_syns';
/** Attached once, to the kernel's own tracepoint. */
export const HOST_HOOK = 'follow_close';
export const HOST_ATTACH_TYPE: AttachType = 'trace_raw_tp';

/** The struct_ops map by which the kernel module asks the kernel-native engine. */
export const ROUTER = 'native_router';
/** What it is made of; on kernels without struct_ops of modules, the module asks the program itself. */
export const ROUTER_PROGRAM = 'native_route';

/** The program of each engine, by the array that a hook jumps through. */
export const ENGINE_PROGRAMS: Readonly<
  Record<string, readonly (readonly [engine: number, program: string])[]>
> = {
  connect4_programs: [
    [Engine.DUAL_ENGINE, 'dual_connect4'],
    [Engine.KERNEL_NATIVE, 'native_connect4'],
  ],
  connect6_programs: [
    [Engine.DUAL_ENGINE, 'dual_connect6'],
    [Engine.KERNEL_NATIVE, 'native_connect6'],
  ],
  sendmsg4_programs: [
    [Engine.DUAL_ENGINE, 'dual_sendmsg4'],
    [Engine.KERNEL_NATIVE, 'dual_sendmsg4'],
  ],
  sendmsg6_programs: [
    [Engine.DUAL_ENGINE, 'dual_sendmsg6'],
    [Engine.KERNEL_NATIVE, 'dual_sendmsg6'],
  ],
};
