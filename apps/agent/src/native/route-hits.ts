// SPDX-License-Identifier: Apache-2.0
import type { NativeRoute } from '@undermesh/schema';
import type { RouteHits } from '../kernel/index.js';
import type { RouteRow } from './route-rows.js';

/**
 * Rows with their hits. What was refused before a backend was chosen is told in the first row of its number; the kernel
 * counts as requests only those that got an endpoint.
 */
export function withHits(rows: readonly RouteRow[], hits: readonly RouteHits[]): NativeRoute[] {
  const byPlace = new Map(hits.map((hit) => [`${hit.route} ${hit.backend}`, hit]));
  const told = new Set<string>();
  const take = (number: number, place: number): RouteHits[] => {
    const key = `${number} ${place}`;
    const hit = byPlace.get(key);
    if (hit === undefined || told.has(key)) return [];
    told.add(key);
    return [hit];
  };
  return rows.map(({ places, ...row }) => {
    const sum = { requests: 0, rejected: 0, limited: 0 };
    for (const { requests, rejected, limited } of [0, ...places].flatMap((place) =>
      take(row.number, place),
    )) {
      sum.requests += requests + rejected + limited;
      sum.rejected += rejected;
      sum.limited += limited;
    }
    return { ...row, ...sum };
  });
}
