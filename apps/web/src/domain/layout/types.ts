// SPDX-License-Identifier: Apache-2.0
/** Where the drawing's words and numbers meet: everything below is plain data, in world pixels (scale 1). */

export interface LayoutVertex {
  /** Stable across refreshes. */
  id: string;
  /** Name of the plate it lives on; `null` draws no plate. */
  plate: string | null;
  /** Known only as a peer: its plate is dashed and stands at the left (source) or the right (destination). */
  external: boolean;
}

export interface LayoutEdge {
  id: string;
  source: string;
  destination: string;
  /** Larger is kept straighter and is reversed last when a cycle is broken. */
  weight: number;
}

export interface LayoutInput {
  vertices: readonly LayoutVertex[];
  edges: readonly LayoutEdge[];
  card: Size;
  /** Size of the canvas: spare height is used to spread, never to shrink. */
  frame: Size;
}

export interface Size {
  width: number;
  height: number;
}

export interface Rect extends Size {
  /** Left. */
  x: number;
  /** Top. */
  y: number;
}

export interface Plate extends Rect {
  /** Unique: the name, with `#2` and on for parts that had to be placed apart. */
  key: string;
  name: string;
  external: boolean;
}

export interface PlacedVertex extends Rect {
  id: string;
  /** Key of its plate; `null` without one. */
  plate: string | null;
}

/** Start point, then control, control, end for each cubic: `[x, y, (c1x, c1y, c2x, c2y, x, y)+]`. */
export type Path = readonly number[];

export interface Route {
  id: string;
  path: Path;
}

export interface Layout extends Rect {
  vertices: readonly PlacedVertex[];
  plates: readonly Plate[];
  routes: readonly Route[];
}

/** What is remembered of a layout, per view. */
export interface Placement {
  vertices: readonly PlacedVertex[];
  plates: readonly Plate[];
}

export const PLATE_PAD = { side: 10, top: 30, bottom: 10 } as const;
/** Least distance between cards of one column, plates, and cards that belong to no plate. */
export const GAP = { card: 18, plate: 22, column: 92, lane: 9 } as const;
export const OUTSIDE_LEFT = 'outside the mesh ←';
export const OUTSIDE_RIGHT = 'outside the mesh';
