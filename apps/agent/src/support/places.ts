// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { configKeys } from '@undermesh/core';
import { LEFT_OUT, type Redactor } from '@undermesh/support';
import { AgentConfig } from '../config/schema.js';
import { resolveScope } from '../kernel/index.js';

/** File systems that matter to an agent. */
const FILE_SYSTEMS: ReadonlySet<string> = new Set(['cgroup2', 'bpf', 'tracefs', 'debugfs', 'securityfs']);
/** Where they are on every machine; other places are not told. */
const STANDARD_PLACE = /^\/(sys|proc)(\/(fs|kernel|cgroup|unified|bpf|debug|tracing|security))*$/;
const OPTION =
  /^(rw|ro|nosuid|nodev|noexec|relatime|noatime|nsdelegate|memory_recursiveprot|favordynmods|mode=\d+)$/;

/** Mounts of those file systems, with the options that matter. */
export function mountFacts(): object {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , , root = '', point = '', options = ''] = before.split(' ');
      const [type = '', , superOptions = ''] = after.split(' ');
      if (!FILE_SYSTEMS.has(type)) return [];
      const kept = new Set(
        [...options.split(','), ...superOptions.split(',')].filter((one) => OPTION.test(one)),
      );
      return [
        {
          type,
          point: STANDARD_PLACE.test(point) ? point : LEFT_OUT,
          whole: root === '/',
          options: [...kept],
        },
      ];
    });
}

/** The cgroup that is observed: how deep, which controllers, how many processes. */
export function cgroupFacts(config: AgentConfig): object {
  const { wholeHost, level, directory, mount } = resolveScope(config.cgroup);
  const read = (file: string): string => readFileSync(join(directory, file), 'utf8').trim();
  return {
    wholeHost,
    level,
    mount: STANDARD_PLACE.test(mount) ? mount : LEFT_OUT,
    controllers: read('cgroup.controllers'),
    processes: read('cgroup.procs')
      .split('\n')
      .filter((line) => line !== '').length,
    ownCgroupDepth:
      (/^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/').split('/').length - 1,
  };
}

/** By setting that holds a path of a file or directory: what is there, without saying where. Room on disk in bytes. */
export function settingFiles(config: AgentConfig): object {
  return Object.fromEntries(
    configKeys('agent', AgentConfig).flatMap(({ path }) => {
      const value = path
        .split('.')
        .reduce<unknown>((tree, name) => (tree as Record<string, unknown>)?.[name], config);
      return typeof value === 'string' && value.startsWith('/') && !/cgroup$/.test(path)
        ? [[path, placeFacts(value)]]
        : [];
    }),
  );
}

function placeFacts(path: string): object {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) return { exists: false };
  const { bavail, bsize, type } = statfsSync(path);
  return {
    exists: true,
    kind: there.isDirectory() ? 'directory' : 'file',
    mode: (there.mode & 0o7777).toString(8),
    uid: there.uid,
    bytes: there.size,
    modifiedAt: there.mtime.toISOString(),
    freeBytes: bavail * bsize,
    fileSystem: `0x${type.toString(16)}`,
  };
}

/** Streams on disk, by their numbers: files and bytes. */
export function spoolState({ spool, instance, node }: AgentConfig, redactor: Redactor): object {
  const directory = join(spool.directory, instance || node);
  if (!existsSync(directory)) return { streams: [], limitBytes: spool.bytes };
  const streams = readdirSync(directory, { withFileTypes: true }).map(({ name }) => {
    const files = filesOf(join(directory, name));
    return {
      stream: /^[0-9a-f]{32}$/.test(name) ? name : redactor.text(name),
      files: files.length,
      bytes: files.reduce((sum, file) => sum + file.size, 0),
      newest:
        files
          .map(({ mtime }) => mtime.toISOString())
          .sort()
          .at(-1) ?? null,
    };
  });
  return { streams, limitBytes: spool.bytes };
}

const filesOf = (directory: string) =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => statSync(join(directory, name)));
