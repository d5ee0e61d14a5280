// SPDX-License-Identifier: Apache-2.0
import { dirname } from 'node:path/posix';
import { type AttachType, cgroupPrograms } from '@undermesh/libbpf-ts';
import type { Scope } from './scope.js';

/** Hooks that an agent attaches to in its cgroup. */
const HOOKS = [
  'cgroup_sock_ops',
  'cgroup_inet_ingress',
  'cgroup_inet_egress',
  'cgroup_inet4_connect',
  'cgroup_inet6_connect',
  'cgroup_udp4_sendmsg',
  'cgroup_udp6_sendmsg',
] as const satisfies readonly AttachType[];

const BPF_F_ALLOW_OVERRIDE = 1;
const BPF_F_ALLOW_MULTI = 2;

/** What is attached to one hook of a cgroup. */
export interface ProgramsBeside {
  readonly hook: AttachType;
  readonly cgroup: string;
  readonly count: number;
  /** Whether it keeps programs of ours out. */
  readonly exclusive: boolean;
}

/**
 * Programs at the agent's hooks, of whomever, in its cgroup and above. One that was attached without BPF_F_ALLOW_MULTI keeps
 * others out of its own cgroup; without BPF_F_ALLOW_OVERRIDE also out of those below. Throws BpfError `BPF_QUERY`.
 */
export function programsBeside({ mount, directory }: Scope): ProgramsBeside[] {
  return HOOKS.flatMap((hook) => {
    const here: ProgramsBeside[] = [];
    for (let cgroup = directory; ; cgroup = dirname(cgroup)) {
      const { programIds, flags } = cgroupPrograms(cgroup, hook);
      const count = programIds.length;
      const shared = (flags & BPF_F_ALLOW_MULTI) !== 0;
      const yields = cgroup !== directory && (flags & BPF_F_ALLOW_OVERRIDE) !== 0;
      if (count > 0) here.push({ hook, cgroup, count, exclusive: !shared && !yields });
      if (shared || count > 0 || cgroup === mount) return here;
    }
  });
}
