// SPDX-License-Identifier: Apache-2.0
import { getSystemErrorName } from 'node:util';

/**
 * What failed, as a stable string to switch on. The README's error table says what each one means and what
 * to do about it; a test keeps the two equal.
 */
export const errorCodes = [
  'BPF_ATTACH',
  'BPF_BPFFS',
  'BPF_CGROUP',
  'BPF_CLOCK',
  'BPF_PIPE',
  'BPF_CLOSED',
  'BPF_INCOMPATIBLE',
  'BPF_INFO',
  'BPF_ITERATOR',
  'BPF_LINK',
  'BPF_LOAD',
  'BPF_MAP',
  'BPF_MEMORY',
  'BPF_NAMESPACE',
  'BPF_NOT_FOUND',
  'BPF_NOT_SUPPORTED',
  'BPF_OPEN',
  'BPF_PIN',
  'BPF_PROBE',
  'BPF_QUERY',
  'BPF_RING',
  'BPF_SIZE',
  'BPF_STATE',
  'BPF_TEST_RUN',
  'BPF_VERIFIER',
] as const;

/** One of {@link errorCodes}. */
export type BpfErrorCode = (typeof errorCodes)[number];

/** What a {@link BpfError} is made of. */
export interface BpfErrorOptions {
  readonly code: BpfErrorCode;
  /** Positive error number, 0 when no system call failed. */
  readonly errno?: number;
  /** The libbpf function or system call that failed, empty when none did. */
  readonly syscall?: string;
  /** What libbpf itself said while it worked, one line per message. */
  readonly diagnostics?: string;
  readonly cause?: unknown;
}

/** Any failure of this package. The message says what was being done, to what, and what to do next. */
export class BpfError extends Error {
  override readonly name: string = 'BpfError';
  readonly code: BpfErrorCode;
  /** Positive error number (`1` is EPERM), 0 when no system call failed. */
  readonly errno: number;
  /** Name of {@link errno} (`'EPERM'`), empty when it is 0. */
  readonly errnoName: string;
  /** The libbpf function or system call that failed, empty when none did. */
  readonly syscall: string;
  /** What libbpf said while it worked, one line per message; empty when it was silent. */
  readonly diagnostics: string;

  constructor(message: string, options: BpfErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.errno = options.errno ?? 0;
    this.errnoName = errnoName(this.errno);
    this.syscall = options.syscall ?? '';
    this.diagnostics = options.diagnostics ?? '';
  }
}

/** The kernel's verifier refused a program. The message is short; {@link log} has everything. */
export class VerifierError extends BpfError {
  override readonly name = 'VerifierError';
  /** Name of the refused program. */
  readonly program: string;
  /** The verifier's whole log, lines separated by `\n`. */
  readonly log: string;

  constructor(
    message: string,
    options: BpfErrorOptions & { readonly program: string; readonly log: string },
  ) {
    super(message, options);
    this.program = options.program;
    this.log = options.log;
  }
}

/** This machine (kernel, architecture or installed libraries) lacks a feature. */
export class NotSupportedError extends BpfError {
  override readonly name = 'NotSupportedError';
  /** What is missing, for example `'ring buffer'`. */
  readonly feature: string;
  /** First kernel (`'5.8'`) or package that has it, empty when that is not a matter of version. */
  readonly since: string;

  constructor(
    message: string,
    options: Omit<BpfErrorOptions, 'code'> & { readonly feature: string; readonly since?: string },
  ) {
    super(message, { ...options, code: 'BPF_NOT_SUPPORTED' });
    this.feature = options.feature;
    this.since = options.since ?? '';
  }
}

/** Linux' internal "operation not supported", which leaks out of bpf(2) and has no name in libc. */
export const ENOTSUPP = 524;
export const EOPNOTSUPP = 95;

const unnamed: Readonly<Record<number, string>> = {
  [ENOTSUPP]: 'ENOTSUPP',
  4000: 'LIBBPF_ERRNO__LIBELF',
  4001: 'LIBBPF_ERRNO__FORMAT',
  4002: 'LIBBPF_ERRNO__KVERSION',
  4003: 'LIBBPF_ERRNO__ENDIAN',
  4004: 'LIBBPF_ERRNO__INTERNAL',
  4005: 'LIBBPF_ERRNO__RELOC',
  4006: 'LIBBPF_ERRNO__LOAD',
  4007: 'LIBBPF_ERRNO__VERIFY',
  4008: 'LIBBPF_ERRNO__PROG2BIG',
  4009: 'LIBBPF_ERRNO__KVER',
  4010: 'LIBBPF_ERRNO__PROGTYPE',
};

/** Name of a positive error number (`1` gives `'EPERM'`), empty for 0, `'E<number>'` when it has no name. */
export function errnoName(errno: number): string {
  if (errno === 0) return '';
  const name = unnamed[errno];
  if (name !== undefined) return name;
  const system = getSystemErrorName(-errno);
  return system.startsWith('E') ? system : `E${errno}`;
}
