// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, openSync, statSync } from 'node:fs';
import { type AttachType, attachTypes, numberOf } from './enums.js';
import { NotSupportedError } from './errors.js';
import { failed, failedIn } from './failure.js';
import { libbpf } from './library.js';
import { mounts } from './mounts.js';

/** A cgroup: its directory, or an open file descriptor of it. */
export type Cgroup = string | number;

/**
 * Where cgroup v2 is mounted: /sys/fs/cgroup, or /sys/fs/cgroup/unified on hosts with both versions.
 * @throws {NotSupportedError} nowhere in this mount namespace (`ip netns exec` hides it).
 */
export function findCgroup2Mount(): string {
  const found = mounts().filter((mount) => mount.type === 'cgroup2');
  const best = found.find((mount) => mount.root === '/') ?? found[0];
  if (best === undefined) {
    throw new NotSupportedError(
      'Finding cgroup v2 failed: it is mounted nowhere. Run: mount -t cgroup2 none /sys/fs/cgroup',
      {
        feature: 'cgroup v2',
        since: '4.5',
      },
    );
  }
  return best.point;
}

/** The number that `bpf_get_current_cgroup_id()` gives for the cgroup at `path`: its inode number. @throws {BpfError} `BPF_CGROUP`. */
export function cgroupId(path: string): bigint {
  try {
    return statSync(path, { bigint: true }).ino;
  } catch (cause) {
    throw failedIn(cause, { code: 'BPF_CGROUP', syscall: 'stat', doing: `reading the id of cgroup ${path}` });
  }
}

/** What {@link cgroupPrograms} found. */
export interface CgroupPrograms {
  /** In the order in which they run. */
  readonly programIds: readonly number[];
  /** `BPF_F_ALLOW_OVERRIDE` (1), `BPF_F_ALLOW_MULTI` (2), or 0. */
  readonly flags: number;
}

const ENOSPC = 28;
const BPF_F_QUERY_EFFECTIVE = 1;

/**
 * Which programs are really attached to a cgroup: read back from the kernel.
 * With `effective`, those that run for it, its parents' included.
 * @throws {BpfError} `BPF_QUERY`, `BPF_CGROUP`.
 */
export function cgroupPrograms(
  cgroup: Cgroup,
  attachType: AttachType,
  options: { readonly effective?: boolean } = {},
): CgroupPrograms {
  const query = options.effective ? BPF_F_QUERY_EFFECTIVE : 0;
  return withCgroupFd(cgroup, (fd) => {
    for (let room = 64; ; room *= 4) {
      const flags = new Uint32Array(1);
      const count = new Uint32Array([room]);
      const ids = new Uint32Array(room);
      const result = libbpf().bpf_prog_query(fd, numberOf(attachTypes, attachType), query, flags, ids, count);
      if (result === -ENOSPC) continue;
      if (result < 0) {
        const doing = `asking which ${attachType} programs are attached to cgroup ${cgroup}`;
        throw failed(-result, { code: 'BPF_QUERY', syscall: 'bpf(BPF_PROG_QUERY)', doing });
      }
      return { programIds: [...ids.subarray(0, count[0])], flags: flags[0] ?? 0 };
    }
  });
}

/** Runs `use` with a file descriptor of the cgroup, opened and closed here when a path was given. */
export function withCgroupFd<T>(cgroup: Cgroup, use: (fd: number) => T): T {
  if (typeof cgroup === 'number') return use(cgroup);
  let fd: number;
  try {
    fd = openSync(cgroup, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    const next = 'Check that it exists; findCgroup2Mount() is where cgroups start.';
    throw failedIn(cause, { code: 'BPF_CGROUP', syscall: 'open', doing: `opening cgroup ${cgroup}`, next });
  }
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
