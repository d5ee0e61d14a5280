// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { join } from 'node:path/posix';
import { BpfError, cgroupId } from '@undermesh/libbpf-ts';
import { agentError } from '../errors.js';
import type { Scope } from './scope.js';

/** A cgroup whose workloads are steered. */
export interface EnrolledCgroup {
  /** As a text, as in names of links. */
  readonly id: string;
  /** Below the cgroup2 mount. */
  readonly path: string;
  readonly directory: string;
}

/**
 * Checks patterns of cgroups to enrol: paths below the cgroup2 mount, at or below the agent's, `*` matches within a
 * component. What is below an enrolled cgroup is enrolled with it. Throws UndermeshError `enrolment_invalid`.
 */
export function checkEnrolment(scope: Scope, patterns: readonly string[]): void {
  for (const pattern of patterns) {
    const parts = partsOf(pattern);
    const wrong = parts.some((part) => part === '..' || part === '.' || part.includes('**'));
    if (!pattern.startsWith('/') || wrong) {
      throw agentError('enrolment_invalid', `The cgroup pattern '${pattern}' cannot be used.`);
    }
    const outside = partsOf(scope.path).some((part, i) => !matcher(parts[i] ?? '').test(part));
    if (outside) {
      throw agentError('enrolment_invalid', `The cgroup pattern '${pattern}' is not below ${scope.path}.`);
    }
  }
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

const matcher = (part: string): RegExp =>
  new RegExp(`^${part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);

/**
 * Cgroups that match one of the patterns now, without those below another one of them. `looked` takes the directories in
 * which another one would have to appear.
 */
export function findEnrolled(
  scope: Scope,
  patterns: readonly string[],
  looked = new Set<string>(),
): EnrolledCgroup[] {
  const found = new Set<string>();
  const level = partsOf(scope.path).length;
  for (const pattern of patterns) {
    for (const path of expand(scope, partsOf(pattern).slice(level), looked)) found.add(path);
  }
  const isBelow = (path: string): boolean => {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      if (found.has(path.slice(0, at))) return true;
    }
    return path !== '/' && found.has('/');
  };
  return [...found]
    .filter((path) => !isBelow(path))
    .sort()
    .flatMap((path) => enrolled(scope.mount, path));
}

function expand({ mount, path: base }: Scope, parts: readonly string[], looked: Set<string>): string[] {
  let paths = [base];
  for (const part of parts) {
    const matches = matcher(part);
    for (const path of paths) looked.add(join(mount, path));
    paths = part.includes('*')
      ? paths.flatMap((path) =>
          directories(join(mount, path))
            .filter((name) => matches.test(name))
            .map((name) => join(path, name)),
        )
      : paths.map((path) => join(path, part));
  }
  return paths;
}

/** Gone meanwhile, or not there yet. */
const isAbsence = (code: string | undefined): boolean =>
  code === 'ENOENT' || code === 'ENODEV' || code === 'ENOTDIR';

function directories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    if (isAbsence((error as NodeJS.ErrnoException).code)) return [];
    throw error; // nobody is to be let go for a look that failed
  }
}

function enrolled(mount: string, path: string): EnrolledCgroup[] {
  const directory = join(mount, path);
  try {
    return [{ id: String(cgroupId(directory)), path, directory }];
  } catch (error) {
    if (error instanceof BpfError && isAbsence(error.errnoName)) return [];
    throw error;
  }
}
