// SPDX-License-Identifier: Apache-2.0
import type { Path } from '@/domain/layout/types';

export interface Point {
  x: number;
  y: number;
}

const at = (path: Path, i: number) => path[i] ?? 0;

/** Number of cubics. */
export const parts = (path: Path): number => Math.max(0, (path.length - 2) / 6);

export function pointOn(path: Path, part: number, t: number): Point {
  const i = part * 6;
  const u = 1 - t;
  const mix = (k: number) =>
    u * u * u * at(path, i + k) +
    3 * u * u * t * at(path, i + 2 + k) +
    3 * u * t * t * at(path, i + 4 + k) +
    t * t * t * at(path, i + 6 + k);
  return { x: mix(0), y: mix(1) };
}

/** The path as points, `per` to a cubic: x and y in turn. */
export function sample(path: Path, per = 12): Float64Array {
  const count = parts(path);
  const points = new Float64Array((count * per + 1) * 2);
  points[0] = at(path, 0);
  points[1] = at(path, 1);
  for (let part = 0; part < count; part++) {
    for (let step = 1; step <= per; step++) {
      const { x, y } = pointOn(path, part, step / per);
      points[(part * per + step) * 2] = x;
      points[(part * per + step) * 2 + 1] = y;
    }
  }
  return points;
}

/** Point at a share of the length, from 0 to 1. */
export function pointAt(points: Float64Array, share: number): Point {
  let length = 0;
  for (let i = 2; i < points.length; i += 2) {
    length += Math.hypot(
      (points[i] ?? 0) - (points[i - 2] ?? 0),
      (points[i + 1] ?? 0) - (points[i - 1] ?? 0),
    );
  }
  let left = length * share;
  for (let i = 2; i < points.length; i += 2) {
    const dx = (points[i] ?? 0) - (points[i - 2] ?? 0);
    const dy = (points[i + 1] ?? 0) - (points[i - 1] ?? 0);
    const step = Math.hypot(dx, dy);
    if (step >= left && step > 0) {
      return { x: (points[i - 2] ?? 0) + (dx * left) / step, y: (points[i - 1] ?? 0) + (dy * left) / step };
    }
    left -= step;
  }
  return { x: points.at(-2) ?? 0, y: points.at(-1) ?? 0 };
}

/** Distance of a point from sampled points. */
export function distance(points: Float64Array, x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 2; i < points.length; i += 2) {
    const ax = points[i - 2] ?? 0;
    const ay = points[i - 1] ?? 0;
    const dx = (points[i] ?? 0) - ax;
    const dy = (points[i + 1] ?? 0) - ay;
    const size = dx * dx + dy * dy;
    const t = size === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / size));
    least = Math.min(least, Math.hypot(x - ax - t * dx, y - ay - t * dy));
  }
  return least;
}

/** The path without its last `cut` px, and the head of an arrow of that size at its end. */
export function withHead(path: Path, size: number): { line: number[]; head: [number, number][] } {
  const end = path.length - 2;
  const tip = { x: at(path, end), y: at(path, end + 1) };
  let dx = tip.x - at(path, end - 2);
  let dy = tip.y - at(path, end - 1);
  const length = Math.hypot(dx, dy) || 1;
  dx /= length;
  dy /= length;
  const back = size * 1.5;
  const line = [...path];
  const cut = Math.min(back * 0.75, length);
  line[end] = tip.x - dx * cut;
  line[end + 1] = tip.y - dy * cut;
  const base = { x: tip.x - dx * back, y: tip.y - dy * back };
  return {
    line,
    head: [
      [tip.x, tip.y],
      [base.x - dy * size, base.y + dx * size],
      [base.x + dy * size, base.y - dx * size],
    ],
  };
}
