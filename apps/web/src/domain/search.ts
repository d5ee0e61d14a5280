// SPDX-License-Identifier: Apache-2.0
import type { Node, Vertex } from '@undermesh/schema';
import { selecting } from './url-state';

/** What the palette can go to. */
export interface SearchEntry {
  kind: 'page' | 'workload' | 'node';
  id: string;
  name: string;
  /** Namespace of a workload, state of a node. */
  detail: string;
  path: string;
  parameters: Readonly<Record<string, string>>;
}

/** Workloads lead to the topology with the vertex selected, nodes to their detail. */
export const searchEntries = (vertices: readonly Vertex[], nodes: readonly Node[]): SearchEntry[] => [
  ...vertices.map(
    (vertex): SearchEntry => ({
      kind: 'workload',
      id: vertex.id,
      name: vertex.version === null ? vertex.name : `${vertex.name} ${vertex.version}`,
      detail: vertex.external ? 'outside' : vertex.namespace,
      path: '/topology/',
      parameters: { level: vertex.level, ...selecting({ kind: 'vertex', id: vertex.id }) },
    }),
  ),
  ...nodes.map(
    (node): SearchEntry => ({
      kind: 'node',
      id: `node:${node.name}`,
      name: node.name,
      detail: node.state,
      path: '/nodes/',
      parameters: { node: node.name },
    }),
  ),
];

/** 0 for no match; more for a better one: whole name, its start, a word's start, anywhere, letters in order. */
const score = (name: string, wanted: string): number => {
  if (name === wanted) return 5;
  if (name.startsWith(wanted)) return 4;
  const at = name.indexOf(wanted);
  if (at > 0) return /[^a-z0-9]/.test(name.charAt(at - 1)) ? 3 : 2;
  let next = 0;
  for (const letter of name) if (letter === wanted.charAt(next)) next += 1;
  return next === wanted.length ? 1 : 0;
};

/** The best `limit` entries for what was typed, best first; all kinds in their order when nothing was. */
export const searchFor = (entries: readonly SearchEntry[], typed: string, limit = 12): SearchEntry[] => {
  const wanted = typed.trim().toLowerCase();
  if (wanted === '') return entries.slice(0, limit);
  return entries
    .map((entry) => ({
      entry,
      rank: Math.max(
        score(entry.name.toLowerCase(), wanted),
        score(`${entry.detail}/${entry.name}`.toLowerCase(), wanted) * 0.9,
      ),
    }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank || a.entry.name.localeCompare(b.entry.name))
    .slice(0, limit)
    .map(({ entry }) => entry);
};
