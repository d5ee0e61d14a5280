// SPDX-License-Identifier: Apache-2.0
import type { Layout, PlacedVertex } from '@/domain/layout/types';
import type { Target } from '@/domain/topology/paths';
import { distance, sample } from './curve';

interface Line {
  id: string;
  points: Float64Array;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** What lies where, in world px, for pointers. */
export interface HitMap {
  cards: readonly PlacedVertex[];
  lines: readonly Line[];
}

export function hitMap(
  layout: Layout,
  shown: { vertices: ReadonlySet<string>; edges: ReadonlySet<string> },
): HitMap {
  return {
    cards: layout.vertices.filter((card) => shown.vertices.has(card.id)),
    lines: layout.routes
      .filter((route) => shown.edges.has(route.id))
      .map(({ id, path }) => {
        const points = sample(path, 10);
        let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
        for (let i = 0; i < points.length; i += 2) {
          left = Math.min(left, points[i] ?? 0);
          right = Math.max(right, points[i] ?? 0);
          top = Math.min(top, points[i + 1] ?? 0);
          bottom = Math.max(bottom, points[i + 1] ?? 0);
        }
        return { id, points, left, top, right, bottom };
      }),
  };
}

/** The card at a place, or else the nearest edge within `reach`. */
export function hit(map: HitMap, at: { x: number; y: number }, reach: number): Target | null {
  const card = map.cards.find(
    ({ x, y, width, height }) => at.x >= x && at.x <= x + width && at.y >= y && at.y <= y + height,
  );
  if (card) return { kind: 'vertex', id: card.id };
  let best: string | null = null;
  let least = reach;
  for (const line of map.lines) {
    if (at.x < line.left - least || at.x > line.right + least) continue;
    if (at.y < line.top - least || at.y > line.bottom + least) continue;
    const away = distance(line.points, at.x, at.y);
    if (away < least) {
      least = away;
      best = line.id;
    }
  }
  return best === null ? null : { kind: 'edge', id: best };
}
