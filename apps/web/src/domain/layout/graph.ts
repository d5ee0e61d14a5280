// SPDX-License-Identifier: Apache-2.0
import type { LayoutInput } from './types';
import { OUTSIDE_LEFT, OUTSIDE_RIGHT } from './types';

/** An edge between two different vertices, by index. Parallel edges of one direction are merged. */
export interface Arc {
  from: number;
  to: number;
  weight: number;
}

/** The input in a fixed order, by index, so that the result never depends on the order of arrival. */
export interface Graph {
  ids: string[];
  external: boolean[];
  /** Plate of each vertex, an index into `plates`; -1 without one. */
  plateOf: number[];
  plates: { key: string; external: boolean; side: 'left' | 'right' | null }[];
  arcs: Arc[];
  out: number[][];
  in: number[][];
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Sorts by id, drops edges without an end, merges duplicates, and gives external vertices their side. */
export function toGraph(input: Pick<LayoutInput, 'vertices' | 'edges'>): Graph {
  const sorted = [...input.vertices].sort((a, b) => byText(a.id, b.id));
  const index = new Map(sorted.map((vertex, i) => [vertex.id, i]));
  const merged = new Map<string, Arc>();
  for (const edge of input.edges) {
    const from = index.get(edge.source);
    const to = index.get(edge.destination);
    if (from === undefined || to === undefined || from === to) continue;
    const key = `${from} ${to}`;
    const known = merged.get(key);
    if (known) known.weight += edge.weight;
    else merged.set(key, { from, to, weight: edge.weight });
  }
  const arcs = [...merged.values()].sort((a, b) => a.from - b.from || a.to - b.to);
  // whole numbers add up exactly, in any order
  for (const arc of arcs) arc.weight = Math.max(1, Math.round(arc.weight * 8));
  const out: number[][] = sorted.map(() => []);
  const inn: number[][] = sorted.map(() => []);
  arcs.forEach((arc, i) => {
    out[arc.from]?.push(i);
    inn[arc.to]?.push(i);
  });
  const keys = new Map<string, number>();
  const plates: Graph['plates'] = [];
  const plateOf = sorted.map((vertex, i) => {
    if (vertex.plate === null) return -1;
    const side = !vertex.external ? null : (inn[i]?.length ?? 0) >= (out[i]?.length ?? 0) ? 'right' : 'left';
    const key = side === null ? vertex.plate : side === 'right' ? OUTSIDE_RIGHT : OUTSIDE_LEFT;
    let plate = keys.get(key);
    if (plate === undefined) {
      plate = plates.length;
      keys.set(key, plate);
      plates.push({ key, external: vertex.external, side });
    }
    return plate;
  });
  return {
    ids: sorted.map((vertex) => vertex.id),
    external: sorted.map((vertex) => vertex.external),
    plateOf,
    plates,
    arcs,
    out,
    in: inn,
  };
}

/**
 * Order of `count` items in which arcs mostly run forward: the greedy heuristic of Eades, Lin and Smyth (1993),
 * weighted, so that a cycle is broken where the least traffic flows. Ties go to the lower index.
 */
export function feedbackOrder(count: number, arcs: readonly Arc[]): number[] {
  const outWeight = new Float64Array(count);
  const inWeight = new Float64Array(count);
  const next: Arc[][] = Array.from({ length: count }, () => []);
  for (const arc of arcs) {
    if (arc.from === arc.to) continue;
    outWeight[arc.from] = (outWeight[arc.from] ?? 0) + arc.weight;
    inWeight[arc.to] = (inWeight[arc.to] ?? 0) + arc.weight;
    next[arc.from]?.push(arc);
    next[arc.to]?.push(arc);
  }
  const gone = new Uint8Array(count);
  const head: number[] = [];
  const tail: number[] = [];
  const take = (i: number) => {
    gone[i] = 1;
    for (const arc of next[i] ?? []) {
      const other = arc.from === i ? arc.to : arc.from;
      const side = arc.from === i ? inWeight : outWeight;
      side[other] = (side[other] ?? 0) - arc.weight;
    }
  };
  for (let left = count; left > 0; left--) {
    let pick = -1;
    let best = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      if (gone[i]) continue;
      const o = outWeight[i] ?? 0;
      const n = inWeight[i] ?? 0;
      // sources first, then sinks, then the largest surplus
      const score = n === 0 && o > 0 ? 1e15 : o === 0 ? 1e14 : o - n;
      if (score > best) {
        best = score;
        pick = i;
      }
    }
    if (best === 1e14) tail.push(pick);
    else head.push(pick);
    take(pick);
  }
  return head.concat(tail.reverse());
}
