// SPDX-License-Identifier: Apache-2.0
//
// From the result of a C call to the error that is thrown.
import { BpfError, type BpfErrorCode, ENOTSUPP, EOPNOTSUPP, errnoName, NotSupportedError } from './errors.js';

const advice: Readonly<Record<string, string>> = {
  EPERM:
    'Run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; a locked-down kernel refuses some program types to everyone.',
  EACCES: 'Run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.',
  ENOENT: 'Check that it still exists.',
  EEXIST: 'Something already has that name or key: choose another, or remove it first.',
  ENOMEM: 'Free memory, or make the maps smaller.',
  E2BIG: 'It is full: raise maxEntries, or delete entries first.',
  EINVAL:
    'The kernel does not accept these arguments: check sizes, types and flags, or that the kernel is new enough.',
  EBADF: 'It is not open, or not of the kind that is needed here.',
  ENOTSUPP: 'This kernel cannot do it.',
  EOPNOTSUPP: 'This kernel cannot do it.',
  EBUSY: 'Something else holds it.',
  LIBBPF_ERRNO__FORMAT: 'Compile it with clang -target bpf -g -O2.',
  LIBBPF_ERRNO__LIBELF: 'Compile it with clang -target bpf -g -O2.',
};

/** A failure in the making: what was being done, as a gerund phrase ("pinning map 'x' at /y"). */
export interface Failure {
  readonly code: BpfErrorCode;
  readonly syscall: string;
  readonly doing: string;
  /** What to do next; a general advice for the error number when absent. */
  readonly next?: string;
  readonly diagnostics?: string;
}

/** The error for a failed call: `errno` is positive. "Not supported" becomes a {@link NotSupportedError}. */
export function failed(errno: number, failure: Failure, cause?: unknown): BpfError {
  const name = errnoName(errno);
  const said = lastLine(failure.diagnostics ?? '');
  const next = failure.next ?? advice[name] ?? '';
  const message = `${capitalise(failure.doing)} failed with ${name}${said ? ` (${said})` : ''}.${next ? ` ${next}` : ''}`;
  if (errno === ENOTSUPP || errno === EOPNOTSUPP) {
    return new NotSupportedError(message, { ...failure, errno, cause, feature: failure.doing });
  }
  return new BpfError(message, { ...failure, errno, cause });
}

/**
 * Passes a result that is not negative through, throws {@link failed} otherwise. For the convention of
 * libbpf 1.0: negative error number on failure.
 */
export function check(result: number, failure: () => Failure): number {
  if (result < 0) throw failed(-result, failure());
  return result;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The error for a failed call of node:fs. */
export function failedIn(cause: unknown, failure: Failure): BpfError {
  return failed(-((cause as NodeJS.ErrnoException).errno ?? 0), failure, cause);
}

const repetition = /failed to (load|prepare load attributes): -\d+$|failed to load object /;

/** libbpf repeats a failure on its way out: the last line that says something new. */
function lastLine(text: string): string {
  const line = text.split('\n').findLast((each) => each.trim() !== '' && !repetition.test(each));
  return (
    line
      ?.trim()
      .replace(/^libbpf: /, '')
      .replace(/\.$/, '') ?? ''
  );
}
