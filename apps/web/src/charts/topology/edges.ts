// SPDX-License-Identifier: Apache-2.0
import type { Edge, Engine } from '@undermesh/schema';
import { engineOfEdge } from '@/domain/engines/steering';
import { ENGINE_TOKEN } from '@/domain/glyphs';
import type { Path, Rect } from '@/domain/layout/types';
import { flowRate } from '@/domain/topology/measures';
import { edgeWidth } from '@/domain/topology/scale';
import { pointAt, sample, withHead } from './curve';
import { EDGE_SHAPE, type Element, engineElements, Z } from './elements';
import { edgeColour, isDim, isTarget, loudStatus, type SceneContext } from './scene';

/** A node that saw it is silent. */
const STALE_DASH = [3, 3];
/** Solid: kernel-native, or no node of the mesh steers anything. */
const ENGINE_DASH: Record<Engine | 'several', number[] | null> = {
  'kernel-native': null,
  'dual-engine': [9, 5],
  off: [1.5, 4.5],
  several: [9, 4, 1.5, 4],
};

/** An edge: a halo when it is selected or found, the line, and its head. */
export function edgeElements(context: SceneContext, edge: Edge, path: Path): Element[] {
  const { tokens, scale } = context;
  const rate = flowRate(edge.traffic, context.window) ?? 0;
  const thin = Math.min(2.2, 1 / Math.max(0.3, scale));
  const width = Math.max(1, edgeWidth(rate, context.topRate) * context.slim) * thin ** 0.6;
  const colour = edgeColour(context, edge);
  const selected = isTarget(context.selected, 'edge', edge.id);
  const hovered = isTarget(context.hovered, 'edge', edge.id);
  const loud = loudStatus(edge.health);
  const raised = selected || hovered || (loud !== null && loud !== 'unk');
  const onPath = context.onPath !== null && !isDim(context, edge);
  const z2 = raised ? Z.loud : onPath ? Z.edge + 1 : Z.edge;
  const found = context.found.edges.has(edge.id);
  const elements: Element[] = [];
  // there from the start in small drawings, so that pointing at an edge only changes styles
  if (selected || hovered || found || context.edges.length <= 300) {
    elements.push({
      type: EDGE_SHAPE,
      z2: Z.halo,
      shape: { path },
      style: {
        fill: null,
        stroke: tokens.accent,
        lineWidth: width + 9,
        opacity: selected ? 0.3 : found ? 0.24 : hovered ? 0.16 : 0,
        lineCap: 'round',
      },
    });
  }
  const { line, head } = withHead(path, Math.max(3.6, width * 0.85 + 2));
  const engine = engineOfEdge(edge, context.byId, context.engines);
  const dash = edge.partial ? STALE_DASH : engine === null ? null : ENGINE_DASH[engine];
  elements.push(
    {
      type: EDGE_SHAPE,
      z2,
      shape: { path: line },
      style: { fill: null, stroke: colour, lineWidth: width, lineDash: dash },
    },
    { type: 'polygon', z2, shape: { points: head }, style: { fill: colour } },
  );
  if (edge.via !== null && context.detail !== 'bare') elements.push(...waypointMark(context, path, z2));
  return elements;
}

/** Px of a waypoint's sign. */
const MARK = 18;

/** Where the mark of a waypoint stands. */
export const waypointRect = (path: Path): Rect => {
  const { x, y } = pointAt(sample(path), 0.5);
  return { x: x - MARK / 2, y: y - MARK / 2, width: MARK, height: MARK };
};

/** The sign of a waypoint on the line: what goes along it stops there, in the middle of its way. */
function waypointMark({ tokens }: SceneContext, path: Path, z2: number): Element[] {
  const { x, y, width } = waypointRect(path);
  const [half, ground] = [width / 2, tokens['bg-0']];
  const points = [
    [x + half, y],
    [x + width, y + half],
    [x + half, y + width],
    [x, y + half],
  ] as const;
  const ink = tokens[ENGINE_TOKEN.waypoint as keyof typeof tokens];
  return [
    { type: 'polygon', z2, shape: { points }, style: { fill: ground, stroke: ground, lineWidth: 3 } },
    ...engineElements('waypoint', { x, y, size: width, z2 }, { ink, ground }),
  ];
}
