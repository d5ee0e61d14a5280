// SPDX-License-Identifier: Apache-2.0
import type { Topology } from '@undermesh/schema';

/**
 * Requests through a waypoint are drawn once: along the joined edge from client to server, without a waypoint that has no
 * other edge, or, with `legs`, along both legs.
 */
export function drawnOnce(topology: Topology, legs: boolean): Topology {
  const waypoints = new Set(topology.edges.flatMap(({ via }) => (via === null ? [] : [via.id])));
  if (waypoints.size === 0) return topology;
  const edges = legs ? topology.edges.filter(({ via }) => via === null) : topology.edges;
  const touched = new Set(edges.flatMap(({ source, destination }) => [source, destination]));
  const vertices = topology.vertices.filter(({ id }) => !waypoints.has(id) || touched.has(id));
  return { ...topology, vertices, edges };
}
