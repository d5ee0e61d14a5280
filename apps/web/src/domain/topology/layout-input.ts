// SPDX-License-Identifier: Apache-2.0
import type { Level, Topology } from '@undermesh/schema';
import type { LayoutInput, Size } from '../layout/types';
import { volume } from '../traffic';

/** Namespaces stand in flat cards without plates; nodes without plates. */
export const cardSize = (level: Level): Size =>
  level === 'namespace' ? { width: 146, height: 34 } : { width: 134, height: 48 };

const plated = (level: Level): boolean => level === 'service' || level === 'workload';

/** What the layout needs of a topology: who is where and who talks to whom, with the logarithm of how much. */
export function layoutInput(
  topology: Pick<Topology, 'level' | 'vertices' | 'edges'>,
  frame: Size,
): LayoutInput {
  return {
    vertices: topology.vertices.map((vertex) => ({
      id: vertex.id,
      plate: !plated(topology.level) ? null : vertex.external ? '' : vertex.namespace,
      external: vertex.external,
    })),
    edges: topology.edges.map((edge) => ({
      id: edge.id,
      source: edge.source,
      destination: edge.destination,
      weight: 1 + Math.log2(1 + volume(edge.traffic)),
    })),
    card: cardSize(topology.level),
    frame,
  };
}

/** Changes only when something has to be placed or routed anew, not with every figure. */
export function shapeKey(topology: Pick<Topology, 'level' | 'vertices' | 'edges'>): string {
  const vertices = topology.vertices.map((vertex) => vertex.id).sort();
  const edges = topology.edges.map((edge) => edge.id).sort();
  return `${topology.level}\n${vertices.join('\n')}\n\n${edges.join('\n')}`;
}
