// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '@undermesh/core';
import type { Finding } from '@undermesh/schema';
import type { AgentConfig } from '../config/schema.js';
import {
  checkEnrolment,
  checkTree,
  findEnrolled,
  findObjects,
  instanceDirectory,
  isBpffs,
  programsBeside,
  resolveScope,
  type Scope,
} from '../kernel/index.js';
import { found, tried, well } from './finding.js';

/** Cgroups, pins and objects: what an agent attaches, where, and beside whom. */
export function kernelPlaces(config: AgentConfig): Finding[] {
  let scope: Scope | undefined;
  const cgroup = tried('cgroup', () => {
    scope = resolveScope(config.cgroup);
    return `cgroup v2 at ${scope.mount}; ${scope.wholeHost ? 'the whole host' : scope.path} is observed`;
  });
  return [
    cgroup,
    ...(scope === undefined ? [] : [...enrolled(scope, config), ...beside(scope)]),
    bpffs(config.pinDirectory),
    tried('pins', () => {
      const own = instanceDirectory(config.pinDirectory, config.instance || config.node);
      checkTree(own);
      return existsSync(own) ? `what is pinned below ${own} is this user's` : 'nothing is pinned yet';
    }),
    objects(config.objectFile),
  ];
}

function enrolled(scope: Scope, { mesh }: AgentConfig): Finding[] {
  if (mesh.enrol.length === 0) return [];
  let count = 0;
  const finding = tried('enrolment', () => {
    checkEnrolment(scope, mesh.enrol);
    count = findEnrolled(scope, mesh.enrol).length;
    return `${count} cgroups are enrolled`;
  });
  if (finding.verdict !== 'ok' || count > 0) return [finding];
  const what = `no cgroup matches agent.mesh.enrol (${mesh.enrol.join(', ')}): nothing is steered`;
  return [
    found(
      'enrolment',
      'warning',
      what,
      'Correct the patterns, or start the workloads; they are taken up as they come.',
    ),
  ];
}

/** Software that attaches without letting others beside it keeps us out. */
function beside(scope: Scope): Finding[] {
  try {
    const programs = programsBeside(scope);
    const alone = programs.filter(({ exclusive }) => exclusive);
    if (alone.length === 0) {
      const count = programs.reduce((sum, { count: own }) => sum + own, 0);
      return [
        well(
          'programs',
          `${count} programs are attached to cgroups above and at this one, none for itself alone`,
        ),
      ];
    }
    return alone.map(({ hook, cgroup }) =>
      found(
        'programs',
        'wrong',
        `a program on ${hook} of ${cgroup} lets no other one beside it`,
        `bpftool cgroup show ${cgroup} names it: have its owner attach it with BPF_F_ALLOW_MULTI, or stop it.`,
      ),
    );
  } catch (error) {
    return [found('programs', 'unknown', `what is attached cannot be read: ${messageOf(error)}`)];
  }
}

function bpffs(directory: string): Finding {
  const parent = dirname(directory);
  if (!isBpffs(parent)) {
    const what = `no bpffs is mounted on ${parent}: an agent mounts one, which ends with its mount namespace`;
    const mend = `mount -t bpf bpf ${parent}, or nothing outlives an agent in a container.`;
    return found('bpffs', 'warning', what, mend);
  }
  try {
    accessSync(parent, constants.W_OK);
    return well('bpffs', `bpffs on ${parent}`);
  } catch {
    return found(
      'bpffs',
      'wrong',
      `the bpffs on ${parent} cannot be written to`,
      `mount -o remount,rw ${parent}`,
    );
  }
}

function objects(configured: string): Finding {
  return tried('objects', () => {
    const { observe } = findObjects(configured);
    return `the eBPF objects in ${dirname(observe)} are those that were built`;
  });
}

const MEBIBYTE = 1_048_576;
const mebibytes = (bytes: number): string => `${Math.floor(bytes / MEBIBYTE).toLocaleString('en')} MiB`;

/** Room on disk. */
export function diskFindings(config: AgentConfig): Finding[] {
  const { spool, engine, runDirectory } = config;
  return [
    ...(spool.bytes === 0 ? [] : [room('spool', spool.directory, spool.bytes)]),
    room('engine.directory', engine.directory, 0),
    room('runDirectory', runDirectory, 0),
  ];
}

/** Whether a directory, or the one that it will be made in, can be written to and has so much room. */
function room(check: string, directory: string, wanted: number): Finding {
  let there = directory;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    accessSync(there, constants.W_OK);
  } catch {
    return found(
      check,
      'wrong',
      `${directory} cannot be written to`,
      `Make it writable, or set agent.${check} to another one.`,
    );
  }
  const { bavail, bsize } = statfsSync(there);
  const free = bavail * bsize;
  if (free < MEBIBYTE) {
    return found(
      check,
      'wrong',
      `the disk of ${directory} is full`,
      'Free some room: what finds none on disk is lost.',
    );
  }
  if (free < wanted) {
    const what = `${directory} has ${mebibytes(free)} left of the ${mebibytes(wanted)} that it may take`;
    return found(check, 'warning', what, 'Free some room, or lower agent.spool.bytes.');
  }
  return well(check, `${directory} can be written to, ${mebibytes(free)} free`);
}
