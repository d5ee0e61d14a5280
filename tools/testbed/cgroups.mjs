// SPDX-License-Identifier: Apache-2.0
// Control groups of a testbed: found, made, emptied and removed.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where the cgroup v2 hierarchy is mounted (`/sys/fs/cgroup` on most systems, below it on hybrid ones).
 * @param {string} [mountinfo] the text of /proc/self/mountinfo
 * @returns {string | undefined} undefined when there is none
 */
export function cgroup2Mount(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')) {
  return mountOf('cgroup2', mountinfo);
}

/** Where the BPF file system is mounted; undefined when it is not. */
export function bpffsMount(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')) {
  return mountOf('bpf', mountinfo);
}

// proc(5): the file system type follows the lone hyphen; field 5 is the mount point, spaces as \040.
function mountOf(type, mountinfo) {
  for (const line of mountinfo.split('\n')) {
    const [left, right] = line.split(' - ');
    if (right?.split(' ')[0] === type) {
      return left
        .split(' ')[4]
        .replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
    }
  }
  return undefined;
}

/** Makes a cgroup and its parents. */
export function makeCgroup(path) {
  mkdirSync(path, { recursive: true });
}

/** Pids in a cgroup and all below it. */
export function cgroupProcesses(path) {
  if (!existsSync(path)) return [];
  const own = readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  return own.concat(...children(path).map(cgroupProcesses));
}

/**
 * Ends every process in a cgroup that we made, then removes it with all below it.
 * @returns {Promise<void>} rejects when it is still busy after `timeoutMs`
 */
export async function removeCgroup(path, timeoutMs = 5000) {
  const deadline = Date.now() + timeoutMs;
  while (existsSync(path)) {
    killAll(path);
    if (removeTree(path)) return;
    if (Date.now() > deadline) {
      throw new Error(
        `cannot remove the cgroup ${path}: processes ${cgroupProcesses(path).join(', ')} do not end`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function killAll(path) {
  const file = join(path, 'cgroup.kill'); // v5.14
  try {
    if (existsSync(file)) return writeFileSync(file, '1');
    for (const pid of cgroupProcesses(path)) process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH' && error.code !== 'ENOENT') throw error;
  }
}

// A cgroup stays busy for a moment after its last process ended.
function removeTree(path) {
  try {
    for (const child of children(path)) if (!removeTree(child)) return false;
    rmdirSync(path);
    return true;
  } catch (error) {
    if (error.code === 'ENOENT') return true;
    if (error.code === 'EBUSY') return false;
    throw error;
  }
}

function children(path) {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(path, entry.name));
}
