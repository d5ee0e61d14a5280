// SPDX-License-Identifier: Apache-2.0
import type { Edge } from '@undermesh/schema';

/** What is selected or pointed at: `edge:<id>` or `vertex:<id>` in the URL. */
export type Target = { kind: 'edge' | 'vertex'; id: string };

export const targetText = (target: Target | null): string | null =>
  target === null ? null : `${target.kind}:${target.id}`;

export function parseTarget(text: string | null): Target | null {
  const match = /^(edge|vertex):(.+)$/s.exec(text ?? '');
  return match?.[1] === undefined || match[2] === undefined
    ? null
    : { kind: match[1] as Target['kind'], id: match[2] };
}

export const sameTarget = (a: Target | null, b: Target | null): boolean =>
  a === b || (a !== null && b !== null && a.kind === b.kind && a.id === b.id);

export interface OnPath {
  vertices: ReadonlySet<string>;
  edges: ReadonlySet<string>;
}

/** Everything whose requests reach the target and everything that they reach from it. `null` when it is not there. */
export function pathThrough(edges: readonly Edge[], target: Target): OnPath | null {
  const into = new Map<string, Edge[]>();
  const outOf = new Map<string, Edge[]>();
  const add = (map: Map<string, Edge[]>, key: string, edge: Edge) => {
    const list = map.get(key);
    if (list) list.push(edge);
    else map.set(key, [edge]);
  };
  for (const edge of edges) {
    add(into, edge.destination, edge);
    add(outOf, edge.source, edge);
  }
  const onPath = { vertices: new Set<string>(), edges: new Set<string>() };
  const walk = (start: string, next: Map<string, Edge[]>, end: 'source' | 'destination') => {
    const seen = new Set([start]);
    const queue = [start];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      onPath.vertices.add(id);
      for (const edge of next.get(id) ?? []) {
        onPath.edges.add(edge.id);
        if (!seen.has(edge[end])) {
          seen.add(edge[end]);
          queue.push(edge[end]);
        }
      }
    }
  };
  if (target.kind === 'vertex') {
    walk(target.id, into, 'source');
    walk(target.id, outOf, 'destination');
    return onPath;
  }
  const edge = edges.find((one) => one.id === target.id);
  if (!edge) return null;
  onPath.edges.add(edge.id);
  walk(edge.source, into, 'source');
  walk(edge.destination, outOf, 'destination');
  return onPath;
}
