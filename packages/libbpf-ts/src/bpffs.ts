// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, statfsSync, unlinkSync } from 'node:fs';
import { BpfError } from './errors.js';
import { failed, failedIn } from './failure.js';
import { lastErrno, libc } from './library.js';
import { mounts } from './mounts.js';

const BPF_FS_MAGIC = 0xcafe4a11;
const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;

/** Where a bpffs is mounted: /sys/fs/bpf when it is, the first other place otherwise, undefined when nowhere. */
export function mountPoint(): string | undefined {
  const points = mounts()
    .filter((mount) => mount.type === 'bpf')
    .map((mount) => mount.point);
  return points.find((point) => point === '/sys/fs/bpf') ?? points[0];
}

/** Whether `path` exists and lies in a bpffs. */
export function isBpffs(path: string): boolean {
  try {
    return statfsSync(path).type >>> 0 === BPF_FS_MAGIC;
  } catch {
    return false;
  }
}

/**
 * Mounts a new bpffs on `path`, made if it is not there, for root alone (mode 0700). Does nothing when `path`
 * lies in a bpffs already.
 * @throws {BpfError} `BPF_BPFFS`.
 */
export function mountBpffs(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw failedIn(cause, { code: 'BPF_BPFFS', syscall: 'mkdir', doing: `making the directory ${path}` });
  }
  if (isBpffs(path)) return;
  if (libc().mount('bpf', path, 'bpf', MS_NOSUID | MS_NODEV | MS_NOEXEC, 'mode=0700') < 0) {
    throw failed(lastErrno(), { code: 'BPF_BPFFS', syscall: 'mount', doing: `mounting a bpffs on ${path}` });
  }
}

/**
 * Unmounts the bpffs on `path`. What was pinned there and is held by nothing else goes away.
 * @throws {BpfError} `BPF_BPFFS`.
 */
export function unmountBpffs(path: string): void {
  if (libc().umount2(path, 0) < 0) {
    throw failed(lastErrno(), {
      code: 'BPF_BPFFS',
      syscall: 'umount2',
      doing: `unmounting the bpffs on ${path}`,
    });
  }
}

/** Removes the pin at `path`. @throws {BpfError} `BPF_PIN`: not a pin, or not there. */
export function unpin(path: string): void {
  if (!isBpffs(path)) {
    throw new BpfError(`Unpinning ${path} failed: it does not exist or lies in no bpffs. Check the path.`, {
      code: 'BPF_PIN',
    });
  }
  try {
    unlinkSync(path);
  } catch (cause) {
    throw failedIn(cause, { code: 'BPF_PIN', syscall: 'unlink', doing: `unpinning ${path}` });
  }
}
