// SPDX-License-Identifier: Apache-2.0
import type { Vertex } from '@undermesh/schema';
import { cliError } from '../errors.js';
import { listed } from '../words/figures.js';
import { closest } from './closest.js';

/** `namespace/name`. */
export const fullName = ({ namespace, name }: Pick<Vertex, 'namespace' | 'name'>): string =>
  namespace === '' ? name : `${namespace}/${name}`;

/**
 * The workload that `wanted` means: `name` where only one namespace has it, or `namespace/name`. Throws
 * `workload_unknown` with what may be meant instead, or `workload_ambiguous`.
 */
export function findWorkload(vertices: readonly Vertex[], wanted: string): Vertex {
  const exact = vertices.find((vertex) => fullName(vertex) === wanted);
  if (exact !== undefined) return exact;
  const named = vertices.filter((vertex) => vertex.name === wanted);
  const [only] = named;
  if (only !== undefined && named.length === 1) return only;
  if (named.length > 1) {
    const names = named.map(fullName).sort();
    throw cliError(
      'workload_ambiguous',
      `There are ${named.length} workloads '${wanted}': ${listed(names)}.`,
    );
  }
  const suggestions = closest(vertices.map(fullName), wanted);
  const question = suggestions.length === 0 ? '' : ` Did you mean ${suggestions.join(' or ')}?`;
  throw cliError('workload_unknown', `No workload '${wanted}' was seen in this window.${question}`);
}
