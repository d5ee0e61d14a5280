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
 * Checks patterns of cgroups to enrol: paths below the agent's cgroup, `*` matches within a component. What is below an
 * enrolled cgroup is enrolled with it. Throws UndermeshError `enrolment_invalid`.
 */
export function checkEnrolment(patterns: readonly string[]): void {
  for (const pattern of patterns) {
    const parts = pattern.split('/').slice(1);
    const wrong =
      !pattern.startsWith('/') || parts.some((part) => part === '..' || part === '.' || part.includes('**'));
    if (wrong || (pattern !== '/' && parts.includes(''))) {
      throw agentError('enrolment_invalid', `The cgroup pattern '${pattern}' cannot be used.`);
    }
  }
}

/** Cgroups that match one of the patterns now, without those below another one of them. */
export function findEnrolled(scope: Scope, patterns: readonly string[]): EnrolledCgroup[] {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const parts = pattern.split('/').filter((part) => part !== '');
    for (const path of expand(scope.mount, scope.path, parts)) found.add(path);
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

function expand(mount: string, base: string, parts: readonly string[]): string[] {
  let paths = [base];
  for (const part of parts) {
    if (!part.includes('*')) {
      paths = paths.map((path) => join(path, part));
      continue;
    }
    const matches = new RegExp(`^${part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);
    paths = paths.flatMap((path) =>
      directories(join(mount, path))
        .filter((name) => matches.test(name))
        .map((name) => join(path, name)),
    );
  }
  return paths;
}

function directories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return []; // gone meanwhile, or not there yet
  }
}

function enrolled(mount: string, path: string): EnrolledCgroup[] {
  const directory = join(mount, path);
  try {
    return [{ id: String(cgroupId(directory)), path, directory }];
  } catch (error) {
    if (error instanceof BpfError) return []; // not there yet
    throw error;
  }
}
