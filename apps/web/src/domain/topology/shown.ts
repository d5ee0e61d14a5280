// SPDX-License-Identifier: Apache-2.0
import type { Edge, Level, Topology, Vertex } from '@undermesh/schema';
import { formatNumber, formatShare, NBSP, plural } from '../format';
import { attempts } from '../traffic';
import { asksFor, edgeMatches, parseQuery, vertexMatches } from './find';

/** What is left to draw after hiding, and what is found among it. */
export interface Shown {
  vertices: readonly Vertex[];
  edges: readonly Edge[];
  found: { vertices: ReadonlySet<string>; edges: ReadonlySet<string> };
  /** Hidden here, by the reader's own filters. */
  hidden: { vertices: number; edges: number; share: number };
  /** What is wrong with the find text, in a sentence. */
  problem: string | null;
}

/** Applies Hide (each text on its own, any of them hides) and Find. */
export function show(topology: Topology, find: string, hide: readonly string[]): Shown {
  const byId = new Map(topology.vertices.map((vertex) => [vertex.id, vertex]));
  const endsOf = (edge: Edge) =>
    [byId.get(edge.source), byId.get(edge.destination)].filter((v) => v !== undefined);
  const typed = parseQuery(find);
  const hiding = hide
    // switched off, but kept
    .filter((text) => !text.startsWith('~'))
    .map((text) => parseQuery(text).terms.map((term) => ({ ...term, hide: false })));
  hiding.push(...typed.terms.filter((term) => term.hide).map((term) => [term]));
  const filters = hiding.filter((terms) => terms.length > 0);
  const at = (edge: Edge) => ({ ends: endsOf(edge), window: topology.window });

  const gone = new Set<string>();
  for (const terms of filters) {
    // health alone hides edges; a card goes with its last edge
    if (!terms.some((term) => term.kind === 'text') || !asksFor(terms).vertices) continue;
    for (const vertex of topology.vertices) if (vertexMatches(vertex, terms)) gone.add(vertex.id);
  }
  const edges = topology.edges.filter(
    (edge) =>
      byId.has(edge.source) &&
      byId.has(edge.destination) &&
      !gone.has(edge.source) &&
      !gone.has(edge.destination) &&
      !filters.some((terms) => asksFor(terms).edges && edgeMatches(edge, terms, at(edge))),
  );
  const touched = new Set(edges.flatMap((edge) => [edge.source, edge.destination]));
  const had = new Set(topology.edges.flatMap((edge) => [edge.source, edge.destination]));
  const vertices =
    filters.length === 0
      ? topology.vertices
      : topology.vertices.filter(
          (vertex) =>
            !gone.has(vertex.id) &&
            (touched.has(vertex.id) || !had.has(vertex.id) || isUnhealthy(vertex.health)),
        );

  const wanted = typed.terms.filter((term) => !term.hide);
  const asks = asksFor(wanted);
  const all = topology.edges.reduce((sum, edge) => sum + attempts(edge.traffic), 0);
  const left = edges.reduce((sum, edge) => sum + attempts(edge.traffic), 0);
  return {
    vertices,
    edges,
    found: {
      vertices: new Set(
        asks.vertices ? vertices.filter((v) => vertexMatches(v, wanted)).map((v) => v.id) : [],
      ),
      edges: new Set(asks.edges ? edges.filter((e) => edgeMatches(e, wanted, at(e))).map((e) => e.id) : []),
    },
    hidden: {
      vertices: topology.vertices.length - vertices.length,
      edges: topology.edges.length - edges.length,
      share: all > 0 ? (all - left) / all : 0,
    },
    problem: typed.problem,
  };
}

export const isUnhealthy = (health: Vertex['health']): boolean =>
  health === 'warning' || health === 'failing';

const NOUNS: Record<Level, string> = {
  namespace: 'namespace',
  service: 'service',
  workload: 'workload',
  node: 'node',
};
export const countOf = (level: Level, count: number): string => plural(count, NOUNS[level]);

/** "3 edges", "2 workloads", "1 workload, 1 edge"; `null` when nothing was asked for. */
export function foundText(shown: Shown, find: string, level: Level): string | null {
  if (parseQuery(find).terms.every((term) => term.hide)) return null;
  const { vertices, edges } = shown.found;
  if (vertices.size + edges.size === 0) return 'none';
  return [
    ...(vertices.size > 0 ? [countOf(level, vertices.size)] : []),
    ...(edges.size > 0 ? [plural(edges.size, 'edge')] : []),
  ].join(', ');
}

/** What stands top left: how much is in view, and what is not and why. */
export function shownText(topology: Topology, shown: Shown): { shown: string; hidden: string[] } {
  const { level, hidden } = topology;
  const total = topology.vertices.length + hidden.vertices;
  const visible = shown.vertices.length;
  const share = (1 - hidden.connectionShare) * (1 - shown.hidden.share);
  const edges = plural(shown.edges.length, 'edge');
  const missing: string[] = [];
  if (shown.hidden.vertices + shown.hidden.edges > 0) {
    const what = [
      ...(shown.hidden.vertices > 0 ? [countOf(level, shown.hidden.vertices)] : []),
      ...(shown.hidden.edges > 0 ? [plural(shown.hidden.edges, 'edge')] : []),
    ].join(' and ');
    missing.push(`${what} hidden by you, ${formatShare(shown.hidden.share)} of connections.`);
  }
  if (hidden.vertices + hidden.edges > 0) {
    const what = [
      ...(hidden.vertices > 0 ? [formatNumber(hidden.vertices)] : []),
      ...(hidden.edges > 0 ? [plural(hidden.edges, 'edge')] : []),
    ].join(' and ');
    missing.push(`The quietest ${what} are left out, ${formatShare(hidden.connectionShare)} of connections.`);
  }
  const lead =
    visible === total
      ? `${countOf(level, total)}, ${edges}.`
      : `${formatNumber(visible)} of${NBSP}${countOf(level, total)}, ${edges}, ${share < 1 && share > 0.99 ? `>99${NBSP}%` : formatShare(share)} of connections.`;
  return { shown: lead, hidden: missing };
}
