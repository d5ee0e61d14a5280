// SPDX-License-Identifier: Apache-2.0

import {
  ENGINE_GLYPHS,
  type EngineMark,
  GLYPH_BOX,
  type GlyphShape,
  STATUS_GLYPHS,
  type StatusKind,
} from '@/domain/glyphs';
import type { Path, Rect } from '@/domain/layout/types';

/** What an ECharts custom series draws, as far as the map uses it. Coordinates are world px. */
export type Element =
  | { type: 'rect'; z2: number; shape: Rect & { r: number }; style: Style }
  | { type: 'circle'; z2: number; shape: { cx: number; cy: number; r: number }; style: Style }
  | {
      type: 'polygon' | 'polyline';
      z2: number;
      shape: { points: readonly (readonly [number, number])[] };
      style: Style;
    }
  | { type: typeof EDGE_SHAPE; z2: number; shape: { path: Path }; style: Style }
  | { type: 'text'; z2: number; style: TextStyle };

export interface Style {
  fill?: string | null | { image: HTMLCanvasElement; repeat: 'repeat' };
  stroke?: string | null;
  lineWidth?: number;
  lineDash?: number[] | null;
  lineCap?: 'round' | 'butt';
  lineJoin?: 'round' | 'miter';
  opacity?: number;
}

export interface TextStyle {
  text: string;
  x: number;
  y: number;
  fill: string;
  font: string;
  align: 'left' | 'right' | 'center';
  verticalAlign: 'middle';
  /** A halo in this colour. */
  stroke?: string;
  lineWidth?: number;
}

/** The registered shape that draws a `Path`. */
export const EDGE_SHAPE = 'undermeshEdge' as const;

/** Drawn in this order. */
export const Z = { plate: 0, halo: 10, edge: 11, loud: 13, card: 20, label: 30 } as const;

/** Width of a text in px. */
export type Measure = (text: string, size: number, weight: number) => number;

/** Shortens with an ellipsis until it fits. */
export function cut(text: string, room: number, measured: (text: string) => number): string {
  if (measured(text) <= room) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measured(`${text.slice(0, middle)}…`) <= room) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : `${text.slice(0, low)}…`;
}

interface Place {
  x: number;
  y: number;
  size: number;
  z2: number;
}
interface Inks {
  ink: string;
  ground: string;
}

export const statusElements = (kind: StatusKind, place: Place, inks: Inks): Element[] =>
  STATUS_GLYPHS[kind].flatMap((shape) => glyphElement(shape, place, inks));

export const engineElements = (engine: EngineMark, place: Place, inks: Inks): Element[] =>
  ENGINE_GLYPHS[engine].flatMap((shape) => glyphElement(shape, place, inks));

function glyphElement(shape: GlyphShape, { x, y, size, z2 }: Place, inks: Inks): Element[] {
  const k = size / GLYPH_BOX;
  const colour = 'ink' in shape && shape.ink === 'ground' ? inks.ground : inks.ink;
  const move = (points: readonly (readonly [number, number])[]) =>
    points.map(([px, py]) => [x + px * k, y + py * k] as const);
  const stroke = (width: number, dash?: readonly number[]): Style => ({
    fill: null,
    stroke: colour,
    lineWidth: width * k,
    lineDash: dash ? dash.map((d) => d * k) : null,
  });
  switch (shape.kind) {
    case 'line':
      return [
        {
          type: 'polyline',
          z2,
          shape: { points: move(shape.points) },
          style: stroke(shape.width, shape.dash),
        },
      ];
    case 'circle':
      return [
        {
          type: 'circle',
          z2,
          shape: { cx: x + shape.cx * k, cy: y + shape.cy * k, r: shape.r * k },
          style: shape.width === undefined ? { fill: colour } : stroke(shape.width, shape.dash),
        },
      ];
    case 'polygon':
      return [
        {
          type: 'polygon',
          z2,
          shape: { points: move(shape.points) },
          style: shape.filled
            ? {
                fill: colour,
                ...(shape.width === undefined
                  ? {}
                  : { stroke: colour, lineWidth: shape.width * k, lineJoin: 'round' }),
              }
            : stroke(shape.width ?? 1),
        },
      ];
    case 'path':
      // only short-cut and the running ring have one, and neither stands on the map yet
      return [];
  }
}
