// SPDX-License-Identifier: Apache-2.0
import type { Edge, Topology, Vertex } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import { TopologyTurn } from '../../src/api/topology-turn.js';

const vertex = (name: string, over = {}) =>
  ({ id: `workload:default/shop/${name}`, name, ...over }) as Vertex;
const edge = (id: string, opened: number) => ({ id, traffic: { opened } }) as Edge;
const topology = (over: Partial<Topology>): Topology => ({
  level: 'workload',
  window: { from: 'a', to: 'b', seconds: 900, resolutionSeconds: 10 },
  vertices: [],
  edges: [],
  hidden: { vertices: 0, edges: 0, connectionShare: 0, systemVertices: 0, systemEdges: 0, legs: 0 },
  missingNodes: ['node-c'],
  ...over,
});

describe('a turn of a topology', () => {
  it('is written whole, as the topology is', () => {
    const whole = topology({ vertices: [vertex('a "quoted"')], edges: [edge('e', 1), edge('f', 2)] });
    expect(JSON.parse(new TopologyTurn(whole).whole.json)).toEqual({ type: 'topology', data: whole });
    expect(JSON.parse(new TopologyTurn(topology({})).whole.json)).toEqual({
      type: 'topology',
      data: topology({}),
    });
  });

  it('is written as what differs from an earlier one, once for all who have that', () => {
    const former = new TopologyTurn(
      topology({ vertices: [vertex('a'), vertex('b'), vertex('c')], edges: [edge('e', 1), edge('f', 2)] }),
    );
    const turn = new TopologyTurn(
      topology({
        vertices: [vertex('c'), vertex('b', { external: true }), vertex('d')],
        edges: [edge('e', 1), edge('g', 3)],
        missingNodes: [],
      }),
    );
    const { window, hidden } = topology({});
    expect(JSON.parse(turn.since(former).json)).toEqual({
      type: 'topology-delta',
      window,
      hidden,
      missingNodes: [],
      vertices: [vertex('b', { external: true }), vertex('d')],
      edges: [edge('g', 3)],
      removedVertices: [vertex('a').id],
      removedEdges: ['f'],
    });
    expect(turn.since(former)).toBe(turn.since(former));
    expect(turn.whole).toBe(turn.whole);
  });
});
