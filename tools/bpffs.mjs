// SPDX-License-Identifier: Apache-2.0
// The file system that pins live in.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { Failure } from './say.mjs';
import { bpffsMount } from './testbed/cgroups.mjs';

const mountPoint = '/sys/fs/bpf';

/** Mounts it when it is not. @returns {string | undefined} the mount point when it was we who mounted it */
export function mountBpffs() {
  if (bpffsMount() !== undefined) return undefined;
  try {
    mkdirSync(mountPoint, { recursive: true });
    execFileSync('mount', ['-t', 'bpf', 'bpf', mountPoint], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    throw new Failure(
      `cannot mount the BPF file system at ${mountPoint}: ${String(error.stderr ?? error.message).trim()}`,
      {
        mend: 'in a container, run it privileged or mount /sys/fs/bpf into it',
      },
    );
  }
  return mountPoint;
}

/** Unmounts what we mounted, unless somebody else keeps pins there by now. */
export async function unmountBpffs(path) {
  if (bpffsMount() !== path) return;
  removeEmpty(`${path}/undermesh`);
  const left = readdirSync(path).filter((name) => !name.endsWith('.debug')); // the kernel's own (v5.10)
  if (left.length > 0) throw new Error(`${path} stays mounted: it holds ${left.join(', ')}`);
  execFileSync('umount', [path], { stdio: ['ignore', 'ignore', 'pipe'] });
}

// Directories that uninstalled agents left; anything else in them stays.
function removeEmpty(path) {
  try {
    for (const name of readdirSync(path)) removeEmpty(`${path}/${name}`);
    rmdirSync(path);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EPERM'].includes(error.code)) throw error;
  }
}
