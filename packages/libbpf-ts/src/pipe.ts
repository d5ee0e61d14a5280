// SPDX-License-Identifier: Apache-2.0
import { failed } from './failure.js';
import { lastErrno, libc } from './library.js';

const F_SETPIPE_SZ = 1031;

/**
 * Gives a pipe or FIFO room for so many bytes, in whole pages (pipe(7)).
 * @throws {BpfError} `BPF_PIPE`: it holds more than that now, or the limit in /proc/sys/fs/pipe-max-size forbids it.
 */
export function setPipeSize(fd: number, bytes: number): void {
  if (libc().fcntl(fd, F_SETPIPE_SZ, bytes) >= 0) return;
  throw failed(lastErrno(), {
    code: 'BPF_PIPE',
    syscall: 'fcntl',
    doing: `giving a pipe room for ${bytes} bytes`,
  });
}
