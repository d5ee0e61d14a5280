// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { agentError } from '../errors.js';

/** What preflight looks at; everything has the real machine as its default. */
export interface Surroundings {
  readonly release?: string;
  /** Text of /proc/self/status. */
  readonly status?: string;
  readonly btf?: string;
}

/** Oldest kernel whose features the programs need (bpf_sock_from_file, socket storage in iterators and tracepoints). */
const OLDEST_KERNEL = [5, 15] as const;
/** Numbers of capabilities (include/uapi/linux/capability.h). */
const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;

/**
 * Checks what can be checked before anything is loaded.
 * Throws UndermeshError `kernel_too_old`, `not_root` or `btf_missing`.
 */
export function preflight(surroundings: Surroundings = {}): void {
  checkKernel(surroundings);
  checkCapabilities(surroundings);
  checkBtf(surroundings);
}

/** Throws UndermeshError `kernel_too_old`. */
export function checkKernel(surroundings: Surroundings = {}): void {
  const kernel = surroundings.release ?? release();
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor, oldestMinor] = OLDEST_KERNEL;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw agentError('kernel_too_old', `This kernel is ${kernel}.`);
  }
}

/** Throws UndermeshError `not_root`. */
export function checkCapabilities(surroundings: Surroundings = {}): void {
  const status = surroundings.status ?? readFileSync('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const has = (capability: number): boolean => ((effective >> BigInt(capability)) & 1n) === 1n;
  const missing = Object.entries(CAPABILITIES)
    .filter(([name, number]) => name !== 'CAP_SYS_ADMIN' && !has(number))
    .map(([name]) => name);
  if (missing.length > 0 && !has(CAPABILITIES.CAP_SYS_ADMIN)) {
    throw agentError('not_root', `The agent lacks ${missing.join(', ')}.`);
  }
}

/** Throws UndermeshError `btf_missing`. */
export function checkBtf(surroundings: Surroundings = {}): void {
  const btf = surroundings.btf ?? '/sys/kernel/btf/vmlinux';
  if (!existsSync(btf))
    throw agentError('btf_missing', `The kernel does not describe its types: ${btf} is missing.`);
}
