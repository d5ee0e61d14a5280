// SPDX-License-Identifier: Apache-2.0
import type { Group } from './grouping.js';

/** Whether a vertex is one of those that a query names, by `name`, `namespace/name` or the vertex's id; none: all. */
export function isNamed(wanted: string | undefined, group: Group): boolean {
  if (wanted === undefined || wanted === '') return true;
  return wanted
    .split(',')
    .some((one) => one === group.name || one === `${group.namespace}/${group.name}` || one === group.id);
}
