// SPDX-License-Identifier: Apache-2.0
import type { Vertex } from '@undermesh/schema';
import { cliError } from '../errors.js';
import { listed } from '../words/figures.js';
import { closest } from './closest.js';

type Named = Pick<Vertex, 'name'> & Partial<Pick<Vertex, 'version'>>;

const versioned = ({ name, version = null }: Named): string =>
  version === null ? name : `${name}@${version}`;

/** `namespace/name`, with `@version` where there is one. */
export const fullName = (named: Named & Pick<Vertex, 'namespace'>): string =>
  `${named.namespace === '' ? '' : `${named.namespace}/`}${versioned(named)}`;

/**
 * The workload that `wanted` means: `[namespace/]name[@version]`, as much of it as only one has. Throws
 * `workload_unknown` with what may be meant instead, or `workload_ambiguous`.
 */
export function findWorkload(vertices: readonly Vertex[], wanted: string): Vertex {
  const exact = vertices.find((vertex) => fullName(vertex) === wanted);
  if (exact !== undefined) return exact;
  const named = vertices.filter((vertex) => {
    const names = [vertex.name, versioned(vertex)];
    return names.some((name) => wanted === name || wanted === `${vertex.namespace}/${name}`);
  });
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
