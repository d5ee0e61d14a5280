// SPDX-License-Identifier: Apache-2.0
import type { Group } from './grouping.js';

/** The names that a workload goes by where the namespace is known: its own, and `name@version`. */
export const namesOf = ({ name, version }: { name: string; version: string | null }): string[] =>
  version === null ? [name] : [name, `${name}@${version}`];

/**
 * Whether a vertex is one of those that a query names, by `name`, `namespace/name`, either with `@version`, or the
 * vertex's id; none: all.
 */
export function isNamed(wanted: string | undefined, group: Group): boolean {
  if (wanted === undefined || wanted === '') return true;
  const names = namesOf(group);
  return wanted
    .split(',')
    .some(
      (one) => one === group.id || names.some((name) => one === name || one === `${group.namespace}/${name}`),
    );
}
