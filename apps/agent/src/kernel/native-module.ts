// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { libbpfVersion } from '@undermesh/libbpf-ts';

/** What programs and this agent take for granted of the module: UNDERMESH_INTERFACE of kmod/request.h. */
export const MODULE_INTERFACE = 2;
/** The oldest kernel that the module is built for. */
const OLDEST_KERNEL = [6, 1] as const;
/** Before it modules have no struct_ops and no calls for programs of cgroups: docs/decisions/0025-native-before-6-9.md. */
const STRUCT_OPS_SINCE = [6, 9] as const;
/** libbpf that knows struct_ops of modules. */
const LIBBPF_SINCE = [1, 4] as const;

/** What is looked at; everything has the real machine as its default. */
export interface ModuleSurroundings {
  readonly release?: string;
  /** `v1.4` */
  readonly libbpf?: string;
  /** What stands for /sys. */
  readonly sys?: string;
}

/** The module as the kernel tells of it. */
export interface NativeModuleState {
  readonly loaded: boolean;
  readonly version: string | null;
  /** A digest of its sources, where it tells one. */
  readonly source: string | null;
  readonly interface: number | null;
}

/** Reads what is loaded now. */
export function readModule({ sys = '/sys' }: ModuleSurroundings = {}): NativeModuleState {
  const directory = join(sys, 'module/undermesh');
  // A module that is built in, or on its way, has no state of its own.
  const loaded = existsSync(join(directory, 'initstate'));
  const number = Number(readIn(directory, 'parameters/interface') ?? Number.NaN);
  return {
    loaded,
    version: loaded ? readIn(directory, 'version') : null,
    source: loaded ? readIn(directory, 'srcversion') : null,
    interface: loaded && Number.isInteger(number) ? number : null,
  };
}

/**
 * Why the kernel-native engine cannot run here, as far as can be told without loading anything, with what to do: a clause
 * without an end. `null`: nothing speaks against it.
 */
export function moduleProblem(surroundings: ModuleSurroundings = {}): string | null {
  const { sys = '/sys', release: kernel = release() } = surroundings;
  if (!isAtLeast(kernel, OLDEST_KERNEL))
    return `this kernel is ${kernel}, and its module needs Linux 6.1 or later: boot a newer one, or use dual-engine`;
  const module = readModule(surroundings);
  if (!module.loaded)
    return 'its kernel module is not loaded: run `modprobe undermesh` on the node; where that finds none, install the package undermesh-dkms first';
  if (module.interface !== MODULE_INTERFACE) return foreignInterface(module);
  if (!hasStructOps(kernel)) return null;
  if (!existsSync(join(sys, 'kernel/btf/undermesh')))
    return 'its kernel module was built without BTF: install pahole (package dwarves), and build the module anew';
  // Asked for last: a machine that lacks it has been told so by then.
  const libbpf = surroundings.libbpf ?? libbpfVersion();
  if (!isAtLeast(libbpf.replace(/^v/, ''), LIBBPF_SINCE))
    return `libbpf is ${libbpf}: install 1.4 or later (Debian 12: libbpf1 of bookworm-backports), and restart the agent`;
  return null;
}

/** Whether modules of this kernel have struct_ops and calls for programs; programs are built for the one or the other. */
export const hasStructOps = (kernel = release()): boolean => isAtLeast(kernel, STRUCT_OPS_SINCE);

function foreignInterface({ version, interface: number }: NativeModuleState): string {
  const loaded = `the kernel module that is loaded (${version ?? 'of no version'}) has interface ${number ?? 'none'}, this agent ${MODULE_INTERFACE}`;
  return `${loaded}: install module and agent of one release, then, with the node on dual-engine and its kernel-native connections gone, \`modprobe -r undermesh && modprobe undermesh\`, or reboot`;
}

/** Counters and gauges of the module over all network namespaces, by name; none while it is not loaded. */
export function readModuleCounters(file = '/proc/undermesh'): Map<string, number> {
  const counters = new Map<string, number>();
  for (const line of readText(file)?.split('\n') ?? []) {
    const [name = '', value] = line.split(' ');
    if (value !== undefined) counters.set(name, Number(value));
  }
  return counters;
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [foundMajor = 0, foundMinor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // it may go at any moment
  }
}

const readIn = (directory: string, name: string): string | null =>
  readText(join(directory, name))?.trim() ?? null;
