// SPDX-License-Identifier: Apache-2.0
import type { Rect, Size } from '@/domain/layout/types';

/** Where the world stands in the canvas: `screen = world · scale + (x, y)`. */
export interface Camera {
  x: number;
  y: number;
  scale: number;
}

export const SCALE = { least: 0.08, most: 2.5, fit: 1.12, step: 1.25 } as const;
/** Room kept free around a fitted drawing: the statement above, the legend below. */
export const INSET = { top: 50, right: 20, bottom: 54, left: 20 } as const;

const clamp = (scale: number) => Math.max(SCALE.least, Math.min(SCALE.most, scale));

/** The whole drawing, centred, never much larger than life. */
export function fit(bounds: Rect, canvas: Size): Camera {
  const width = Math.max(1, canvas.width - INSET.left - INSET.right);
  const height = Math.max(1, canvas.height - INSET.top - INSET.bottom);
  const scale = Math.min(
    SCALE.fit,
    Math.max(SCALE.least, Math.min(width / Math.max(1, bounds.width), height / Math.max(1, bounds.height))),
  );
  return {
    scale,
    x: INSET.left + (width - bounds.width * scale) / 2 - bounds.x * scale,
    y: INSET.top + (height - bounds.height * scale) / 2 - bounds.y * scale,
  };
}

/** Zooms so that the place under the pointer stays. */
export function zoom(camera: Camera, factor: number, at: { x: number; y: number }): Camera {
  const scale = clamp(camera.scale * factor);
  const ratio = scale / camera.scale;
  return { scale, x: at.x - (at.x - camera.x) * ratio, y: at.y - (at.y - camera.y) * ratio };
}

/** Pans, but never so far that nothing is left to see. */
export function pan(
  camera: Camera,
  by: { x: number; y: number },
  limits: { bounds: Rect; canvas: Size },
): Camera {
  const { bounds, canvas } = limits;
  const keep = 60;
  const hold = (value: number, start: number, size: number, room: number) => {
    const low = keep - (start + size) * camera.scale;
    const high = room - keep - start * camera.scale;
    return Math.max(low, Math.min(high, value));
  };
  return {
    scale: camera.scale,
    x: hold(camera.x + by.x, bounds.x, bounds.width, canvas.width),
    y: hold(camera.y + by.y, bounds.y, bounds.height, canvas.height),
  };
}

/** The same camera, moved as little as it takes to bring `rect` into view. */
export function reveal(camera: Camera, rect: Rect, canvas: Size): Camera {
  const move = (start: number, size: number, low: number, high: number) =>
    start < low ? low - start : start + size > high ? Math.max(low - start, high - start - size) : 0;
  const x = rect.x * camera.scale + camera.x;
  const y = rect.y * camera.scale + camera.y;
  const dx = move(x, rect.width * camera.scale, INSET.left, canvas.width - INSET.right);
  const dy = move(y, rect.height * camera.scale, INSET.top, canvas.height - INSET.bottom);
  return dx === 0 && dy === 0 ? camera : { ...camera, x: camera.x + dx, y: camera.y + dy };
}

export const toWorld = (camera: Camera, at: { x: number; y: number }): { x: number; y: number } => ({
  x: (at.x - camera.x) / camera.scale,
  y: (at.y - camera.y) / camera.scale,
});

/** How much is drawn: cards in full, names only, or bare shapes. */
export type Detail = 'full' | 'names' | 'bare';
export const detailAt = (scale: number): Detail =>
  scale >= 0.66 ? 'full' : scale >= 0.32 ? 'names' : 'bare';

/** Steps of the scale between which nothing is drawn anew; names are sized for the step. */
export const scaleStep = (scale: number): number =>
  scale >= 0.66 ? 1 : 0.66 * 1.3 ** -Math.ceil(Math.log(0.66 / scale) / Math.log(1.3));
