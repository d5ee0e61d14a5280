// SPDX-License-Identifier: Apache-2.0
import type { Edge, Engine, Vertex } from '@undermesh/schema';
import { SLOT_ENGINES } from './switch';

/** Which engines steer what the map shows. A connection is steered where it starts: on its source's node. */

/** Observed engine by node; those that are not known are absent. */
export type EngineByNode = ReadonlyMap<string, Engine>;

/** Reads engines off a list of nodes. */
export const enginesByNode = (
  items: readonly { node: string; engine: { observed: Engine | null } }[],
): EngineByNode =>
  new Map(items.flatMap(({ node, engine }) => (engine.observed === null ? [] : [[node, engine.observed]])));

/** Whether any node steers. Where none does, lines and cards need not say so one by one. */
export const anySteers = (engines: EngineByNode): boolean =>
  [...engines.values()].some((engine) => engine !== 'off');

/** Engines of the nodes that a vertex was seen on, in the order of {@link SLOT_ENGINES}. */
export const enginesOf = (vertex: Vertex, engines: EngineByNode): Engine[] =>
  SLOT_ENGINES.filter((engine) => vertex.nodes.some((node) => engines.get(node) === engine));

/** Which of a vertex's nodes run an engine. */
export interface EngineShare {
  engine: Engine;
  nodes: readonly string[];
  /** Of all its nodes, 0 to 1. What is missing to 1 is on nodes whose engine is not known. */
  share: number;
}

/** How the nodes of a vertex divide between engines, in the order of {@link SLOT_ENGINES}. */
export const engineShares = (vertex: Vertex, engines: EngineByNode): EngineShare[] =>
  enginesOf(vertex, engines).map((engine) => {
    const nodes = vertex.nodes.filter((node) => engines.get(node) === engine);
    return { engine, nodes, share: nodes.length / vertex.nodes.length };
  });

/** Below this share of an edge's bytes an engine is not shown: what is left of before a switch. */
const LEAST_SHARE = 0.05;

/**
 * What steers an edge: an engine, `several`, or `null` where nobody says. Its connections' records know; where none did in
 * the window it is the engine in force on the nodes of its source.
 */
export function engineOfEdge(
  { source, traffic, via }: Edge,
  vertices: ReadonlyMap<string, Vertex>,
  engines: EngineByNode,
): Engine | 'several' | null {
  if (engines.size === 0) return null;
  // only what is steered at connect() goes to a waypoint
  if (via !== null) return 'dual-engine';
  const recorded = recordedEngines(traffic);
  const vertex = vertices.get(source);
  const found = recorded.length > 0 ? recorded : vertex === undefined ? [] : enginesOf(vertex, engines);
  return found.length > 1 ? 'several' : (found[0] ?? null);
}

const recordedEngines = ({ engineBytes }: Edge['traffic']): Engine[] => {
  const total = Object.values(engineBytes).reduce((sum, bytes) => sum + bytes, 0);
  return SLOT_ENGINES.filter((engine) => (engineBytes[engine] ?? 0) > LEAST_SHARE * total);
};
