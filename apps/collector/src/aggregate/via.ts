// SPDX-License-Identifier: Apache-2.0
import type { Leg, Via } from '@undermesh/schema';
import type { Group } from './grouping.js';
import type { Verdict } from './health.js';
import { quantilesOf } from './histogram.js';
import { Sample, type TrafficSum } from './traffic.js';

/** An edge that all of its rows are legs of, on one side of one waypoint. */
export interface LegOf {
  readonly side: Leg['side'];
  readonly waypoint: Group;
}

/** The API's shape of what lies between the ends of a joined edge. */
export function viaOf(waypoint: Group, sum: TrafficSum): Via {
  const { timed, waypointUs, totalUs } = sum.waypoint;
  const own = timed === 0 ? 0 : Math.round(waypointUs / timed);
  const beyond = timed === 0 ? 0 : Math.round((totalUs - waypointUs) / timed);
  return {
    id: waypoint.id,
    name: waypoint.name,
    namespace: waypoint.namespace,
    timed,
    waypointUs: quantilesOf(sum.samples[Sample.waypointUs]),
    time: timed === 0 ? null : { waypointUs: own, beyondUs: beyond, totalUs: own + beyond },
    share: totalUs === 0 ? null : Math.min(1, waypointUs / totalUs),
  };
}

/** The API's shape of a leg. */
export function legOf({ side, waypoint }: LegOf, { requests, waypoint: sum }: TrafficSum): Leg {
  const { joinedTotal: joined, answered } = sum;
  return {
    side,
    waypoint: waypoint.id,
    joined,
    answered,
    notJoined: Math.max(0, requests.total - joined - answered),
  };
}

/** Share of a leg's requests that may be on no joined edge: the youngest are joined some seconds after they were told. */
const NOT_JOINED_SHARE = 0.1;

/** Whether a leg says nothing that joined edges do not: it is well, and so many of its requests are there or were answered. */
export function isTold(leg: LegOf | null, sum: TrafficSum, verdict: Verdict | undefined): boolean {
  if (leg === null || sum.requests.total === 0 || (verdict !== undefined && verdict.health !== 'ok'))
    return false;
  return legOf(leg, sum).notJoined <= NOT_JOINED_SHARE * sum.requests.total;
}
