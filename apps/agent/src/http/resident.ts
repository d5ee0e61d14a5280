// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** Resident memory of this process, bytes, by what is behind it (proc_pid_status(5)). */
export interface ResidentBytes {
  /** Its own: the JavaScript heap, buffers, what libraries have allocated. */
  readonly anonymous: number;
  /** Of files: the program, libraries, and the kernel's ring, which is mapped twice. */
  readonly file: number;
  /** Shared with others. */
  readonly shared: number;
}

const KIBIBYTES = 1024;

export function residentBytes(): ResidentBytes {
  const status = readFileSync('/proc/self/status', 'utf8');
  const of = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * KIBIBYTES;
  return { anonymous: of('RssAnon'), file: of('RssFile'), shared: of('RssShmem') };
}
