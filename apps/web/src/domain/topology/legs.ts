// SPDX-License-Identifier: Apache-2.0
import type { Edge, Topology } from '@undermesh/schema';

/**
 * Requests through a waypoint are drawn once: along the joined edge from client to server, without a waypoint that has no
 * other edge, or, with `legs`, along both legs. Where a leg is part of a broader edge (at the levels of namespaces and nodes)
 * that edge has its requests, and the joined one is not drawn.
 */
export function drawnOnce(topology: Topology, legs: boolean): Topology {
  const waypoints = new Set(topology.edges.flatMap(({ via }) => (via === null ? [] : [via.id])));
  if (waypoints.size === 0) return topology;
  const broader = new Set(
    topology.edges.filter(({ via, leg }) => via === null && leg === null).map((edge) => pairOf(edge)),
  );
  const isDrawn = ({ source, destination, via }: Edge): boolean =>
    via === null ||
    (!legs &&
      !broader.has(pairOf({ source, destination: via.id })) &&
      !broader.has(pairOf({ source: via.id, destination })));
  const edges = topology.edges.filter(isDrawn);
  const touched = new Set(edges.flatMap(({ source, destination }) => [source, destination]));
  const vertices = topology.vertices.filter(({ id }) => !waypoints.has(id) || touched.has(id));
  return { ...topology, vertices, edges };
}

const pairOf = ({ source, destination }: Pick<Edge, 'source' | 'destination'>): string =>
  `${source}>${destination}`;
