// SPDX-License-Identifier: Apache-2.0
import type { Endpoint, LocalityPolicy, LocalityScope } from '@undermesh/mesh';

/** Where this node is; `null`: not known, shared with nobody. */
export type Locality = Readonly<Record<LocalityScope, string | null>>;

/**
 * The groups of a service's endpoints, nearest first; an empty one keeps its place. Kernels draw from the first that has
 * a usable endpoint.
 */
export function groupByLocality<T extends { readonly endpoint: Endpoint }>(
  members: readonly T[],
  policy: LocalityPolicy,
  here: Locality,
): T[][] {
  const near = (scope: LocalityScope, { endpoint }: T): boolean =>
    here[scope] !== null && endpoint[scope] === here[scope];
  const { mode, scopes } = policy;
  if (mode === 'none') return [[...members]];
  let rest = [...members];
  const groups = scopes.map((scope) => {
    const group = rest.filter((member) => near(scope, member));
    rest = rest.filter((member) => !near(scope, member));
    return group;
  });
  return mode === 'strict' ? groups.slice(0, 1) : [...groups, rest];
}
