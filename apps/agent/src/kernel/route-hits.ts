// SPDX-License-Identifier: Apache-2.0
import { decodeRouteHitKey, decodeRouteHits, type RouteHitsValue } from '@undermesh/bpf-abi';
import type { BpfMap } from '@undermesh/libbpf-ts';

/** What was counted of one route and one of its backends; 0: of none. */
export interface RouteHits {
  readonly route: number;
  readonly backend: number;
  readonly requests: number;
  readonly rejected: number;
  readonly limited: number;
}

/** Sums over CPUs of the map `route_hits`. Throws BpfError. */
export function readRouteHits(map: BpfMap): RouteHits[] {
  return [...map.entriesPerCpu()].map(([key, values]) => {
    const hits = { ...decodeRouteHitKey(key), requests: 0, rejected: 0, limited: 0 };
    for (const value of values) addHits(hits, decodeRouteHits(value));
    return hits;
  });
}

function addHits(sum: { requests: number; rejected: number; limited: number }, one: RouteHitsValue): void {
  sum.requests += Number(one.requests);
  sum.rejected += Number(one.rejected);
  sum.limited += Number(one.limited);
}
