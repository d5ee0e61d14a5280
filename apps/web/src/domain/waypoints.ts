// SPDX-License-Identifier: Apache-2.0
import type { Peer, Topology } from '@undermesh/schema';

/** Workloads that requests go through, as `namespace/name`. */
export type Waypoints = ReadonlySet<string>;

/** The waypoints that a topology knows, in one text: the same until one comes or goes. */
export const waypointsKey = (topology: Topology | null): string =>
  [...new Set(topology?.edges.flatMap(({ via }) => (via === null ? [] : [`${via.namespace}/${via.name}`])))]
    .sort()
    .join(',');

/** Reads a {@link waypointsKey}. */
export const waypointsOf = (key: string): Waypoints => new Set(key === '' ? [] : key.split(','));

export const isWaypoint = ({ namespace, workload }: Peer, waypoints: Waypoints): boolean =>
  waypoints.has(`${namespace}/${workload}`);
