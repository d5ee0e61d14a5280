// SPDX-License-Identifier: Apache-2.0
import type { Edge } from '@undermesh/schema';
import { formatNumber, formatShare } from './figures.js';

/** Which waypoint lies between and how much of the time it takes, or that it is a leg; `null`: neither. */
export function viaWords({ via, leg }: Pick<Edge, 'via' | 'leg'>): string | null {
  if (via !== null)
    return via.share === null ? via.name : `${via.name} (${formatShare(via.share)} of the time)`;
  if (leg === null) return null;
  return leg.notJoined === 0 ? 'leg' : `leg, ${formatNumber(leg.notJoined)} not joined`;
}
