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

/** What steers an edge: an engine, `several` on the nodes of its source, or `null` where nobody says. */
export function engineOfEdge(
  edge: Edge,
  vertices: ReadonlyMap<string, Vertex>,
  engines: EngineByNode,
): Engine | 'several' | null {
  const source = vertices.get(edge.source);
  if (source === undefined) return null;
  const found = enginesOf(source, engines);
  return found.length > 1 ? 'several' : (found[0] ?? null);
}
