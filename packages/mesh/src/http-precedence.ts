// SPDX-License-Identifier: Apache-2.0
import type { HttpMatch, HttpRoute, HttpRule, PathMatch } from './model.js';

/** One match of one rule, as it competes with all others. */
export interface MatchCandidate {
  readonly route: HttpRoute;
  readonly rule: HttpRule;
  readonly match: HttpMatch;
  /** `null`: any host. */
  readonly hostname: string | null;
}

/**
 * All matches of some routes in the order in which they are to be tried: the first that takes a request decides. It is the
 * Gateway API's: the more specific host name, then path (exact, regular expression, longer prefix), a method, more headers,
 * more query parameters; then the order of the routes (oldest first) and of the rules.
 * `byHostname: false` leaves host names out, as they are of routes whose parent is a service.
 */
export function orderMatches(
  routes: readonly HttpRoute[],
  options: { readonly byHostname: boolean },
): MatchCandidate[] {
  const candidates = routes.flatMap((route) => {
    const hostnames = options.byHostname && route.hostnames.length > 0 ? route.hostnames : [null];
    return hostnames.flatMap((hostname) =>
      route.rules.flatMap((rule) => rule.matches.map((match) => ({ route, rule, match, hostname }))),
    );
  });
  const ranked = candidates.map((candidate) => ({ candidate, rank: rankOf(candidate) }));
  ranked.sort((one, other) => compare(one.rank, other.rank));
  return ranked.map(({ candidate }) => candidate);
}

/** Greater goes first, from left to right. */
function rankOf({ match, hostname }: MatchCandidate): number[] {
  const host = hostname === null ? 0 : hostname.startsWith('*.') ? 1 : 2;
  return [
    host,
    hostname?.length ?? 0,
    PATH_RANK[match.path.kind],
    match.path.value.length,
    match.method === null ? 0 : 1,
    match.headers.length,
    match.query.length,
  ];
}

const PATH_RANK: Readonly<Record<PathMatch['kind'], number>> = { exact: 2, regex: 1, prefix: 0 };

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((rank, index) => rank !== other[index]);
  return at < 0 ? 0 : (other[at] ?? 0) - (one[at] ?? 0);
}
