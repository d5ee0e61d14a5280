// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { type BpfLink, type BpfMap, type BpfProgram, cgroupPrograms } from '@undermesh/libbpf-ts';
import type { Hook, MapUse } from '@undermesh/schema';

/** One attachment of a program. */
export interface Attachment {
  readonly program: BpfProgram;
  readonly link: BpfLink;
  /** For people. */
  readonly attachedTo: string;
  /** Set for programs on a cgroup: its directory. */
  readonly cgroup?: string;
}

/** What the kernel says of an attachment now. `realtimeOffsetMs`: Unix time of boot. */
export function readHook(attachment: Attachment, realtimeOffsetMs: number, statistics: boolean): Hook {
  const { program, attachedTo } = attachment;
  const { name } = program;
  const offsetMs = realtimeOffsetMs;
  return {
    ...readProgram(program, { name, attachedTo, offsetMs, statistics }),
    attached: isAttached(attachment),
  };
}

/** What the kernel says of a program that is attached. `offsetMs`: Unix time of boot. */
export function readProgram(
  program: BpfProgram,
  of: {
    readonly name: string;
    readonly attachedTo: string;
    readonly offsetMs: number;
    readonly statistics: boolean;
  },
): Omit<Hook, 'attached'> {
  const info = program.info();
  return {
    name: of.name,
    type: info.type,
    attachedTo: of.attachedTo,
    programId: info.id,
    tag: info.tag,
    loadedAtMs: Math.round(of.offsetMs + Number(info.loadedAtNs) / 1e6),
    ...(of.statistics ? { runTimeNs: Number(info.runTimeNs), runCount: Number(info.runCount) } : {}),
  };
}

function isAttached({ program, link, cgroup }: Attachment): boolean {
  const { programId, cgroupId } = link.info();
  if (programId !== program.id) return false;
  if (cgroup === undefined) return true;
  if (cgroupId === 0n) return false;
  const { attachType } = program;
  return attachType !== undefined && cgroupPrograms(cgroup, attachType).programIds.includes(program.id);
}

/** Types of maps whose entries can be counted cheaply enough. */
const COUNTED = new Set(['hash', 'lru_hash']);

/** How full a map is and what it takes, as the kernel says; `entries` where they are known without counting. */
export function readMapUse(map: BpfMap, entries?: number): MapUse {
  const memoryBytes = memoryOf(map.fd);
  return {
    name: map.name,
    type: map.type,
    maxEntries: map.maxEntries,
    ...(COUNTED.has(map.type) ? { entries: entries ?? map.readAll().count } : {}),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}

/** `memlock` of fdinfo: what the kernel accounts for the map. */
function memoryOf(fd: number): number | undefined {
  const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  const bytes = /^memlock:\s*(\d+)/m.exec(text)?.[1];
  return bytes === undefined ? undefined : Number(bytes);
}
