// SPDX-License-Identifier: Apache-2.0
// Where on the map things are that are shown, in the layout's coordinates.

import { pointAt, sample } from '@/charts/topology/curve';
import type { Rect } from '@/domain/layout/types';
import type { Target } from '@/domain/topology/paths';
import type { Shown } from '@/domain/topology/shown';
import type { Picture } from './use-layout';

/** The layout without what is hidden. Plates without cards go too. */
export function visible({ layout }: Picture, shown: Shown) {
  if (shown.hidden.vertices === 0) return layout;
  const ids = new Set(shown.vertices.map(({ id }) => id));
  const vertices = layout.vertices.filter(({ id }) => ids.has(id));
  const plates = new Set(vertices.map(({ plate }) => plate));
  return { ...layout, vertices, plates: layout.plates.filter(({ key }) => plates.has(key)) };
}

/** What holds all that is shown; the whole layout where nothing is hidden. */
export function boundsOf(picture: Picture, shown: Shown): Rect {
  const { vertices, plates, ...all } = visible(picture, shown);
  if (shown.hidden.vertices === 0 || vertices.length === 0) {
    return { x: all.x, y: all.y, width: all.width, height: all.height };
  }
  const rects = [...vertices, ...plates];
  const x = Math.min(...rects.map((rect) => rect.x));
  const y = Math.min(...rects.map((rect) => rect.y));
  return {
    x,
    y,
    width: Math.max(...rects.map((rect) => rect.x + rect.width)) - x,
    height: Math.max(...rects.map((rect) => rect.y + rect.height)) - y,
  };
}

/** Where a card is, or the middle of an edge; null for what the layout has not. */
export function rectOf(layout: Picture['layout'], target: Target): Rect | null {
  if (target.kind === 'vertex') return layout.vertices.find(({ id }) => id === target.id) ?? null;
  const path = layout.routes.find(({ id }) => id === target.id)?.path;
  if (!path) return null;
  const { x, y } = pointAt(sample(path), 0.5);
  return { x: x - 60, y: y - 20, width: 120, height: 40 };
}
