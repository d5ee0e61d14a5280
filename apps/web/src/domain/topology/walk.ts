// SPDX-License-Identifier: Apache-2.0
import type { Edge } from '@undermesh/schema';
import type { Layout, PlacedVertex } from '../layout/types';
import type { Target } from './paths';

export type Direction = 'left' | 'right' | 'up' | 'down';

/**
 * Where an arrow key leads: left and right follow edges (or fall back to the nearest card), up and down go to the nearest
 * card of the column. From an edge: to its ends. From nothing: to the first card.
 */
export function walk(
  at: { layout: Layout; edges: readonly Edge[]; from: Target | null },
  direction: Direction,
): Target | null {
  const { layout, edges, from } = at;
  const cards = new Map(layout.vertices.map((card) => [card.id, card]));
  const to = (card: PlacedVertex | undefined): Target | null =>
    card ? { kind: 'vertex', id: card.id } : null;
  if (from?.kind === 'edge') {
    const edge = edges.find((one) => one.id === from.id);
    if (!edge) return null;
    const ends = [cards.get(edge.source), cards.get(edge.destination)].filter((card) => card !== undefined);
    const side = direction === 'left' || direction === 'right' ? 'x' : 'y';
    ends.sort((a, b) => a[side] - b[side]);
    return to(direction === 'left' || direction === 'up' ? ends[0] : ends.at(-1));
  }
  const start = from === null ? undefined : cards.get(from.id);
  if (!start) return to([...layout.vertices].sort((a, b) => a.x - b.x || a.y - b.y)[0]);
  const sign = direction === 'left' || direction === 'up' ? -1 : 1;
  const across = direction === 'left' || direction === 'right';
  const ahead = (card: PlacedVertex) => (across ? (card.x - start.x) * sign : (card.y - start.y) * sign);
  const cost = (card: PlacedVertex) =>
    across
      ? Math.abs(card.x - start.x) * 0.4 + Math.abs(card.y - start.y)
      : Math.abs(card.y - start.y) + Math.abs(card.x - start.x) * 4;
  const linked = across
    ? edges.flatMap((edge) =>
        edge.source === start.id ? [edge.destination] : edge.destination === start.id ? [edge.source] : [],
      )
    : [];
  const nearest = (list: readonly PlacedVertex[]) =>
    list.filter((card) => ahead(card) > 0).sort((a, b) => cost(a) - cost(b) || (a.id < b.id ? -1 : 1))[0];
  return to(nearest(linked.flatMap((id) => cards.get(id) ?? [])) ?? nearest(layout.vertices));
}
