// SPDX-License-Identifier: Apache-2.0
import type { Edge } from '@undermesh/schema';
import type { Path, Rect, Size } from '@/domain/layout/types';
import { labelOf, troubleOf } from '@/domain/topology/measures';
import { isUnhealthy } from '@/domain/topology/shown';
import { volume } from '@/domain/traffic';
import { type Point, pointAt, sample } from './curve';
import { waypointRect } from './edges';
import { type Element, statusElements, Z } from './elements';
import { isDim, isTarget, loudStatus, type SceneContext } from './scene';

const SIZE = 11.5;
const LINE = 20;
/** Where along an edge a label may stand, best first. */
const PLACES = [0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78];
/** Px from the middle of a waypoint's mark to that of the label beside it. */
const BESIDE = 23;
/** How many edges are labelled for being busy. */
const TOP = 6;

/** Labels of the busiest, the selected and the hovered edges; a sign on every unhealthy one. None covers a card or another. */
export function labelElements(
  context: SceneContext,
  routes: ReadonlyMap<string, Path>,
): { id: string; elements: Element[] }[] {
  if (context.detail === 'bare') return [];
  const taken: Rect[] = [...context.layout.vertices, ...waypointRects(context, routes)];
  const plates = context.layout.plates.map(({ x, y, name }) => ({
    x,
    y: y + 6,
    width: 14 + name.length * 7,
    height: 18,
  }));
  const drawn: { id: string; elements: Element[] }[] = [];
  for (const edge of inOrder(context)) {
    const path = routes.get(edge.id);
    if (!path) continue;
    const content = contentOf(context, edge);
    const points = sample(path);
    const free = (rect: Rect) => ![...taken, ...plates].some((other) => overlaps(grown(rect, 2), other));
    const wide = sizeOf(context, content);
    const places = placesOf(edge, points);
    let rect = places.map((place) => around(place, wide)).find(free);
    if (!rect && content.kind !== null && content.text !== '') {
      // no room for words: the sign alone
      content.text = '';
      const small = sizeOf(context, content);
      rect = places.map((place) => around(place, small)).find(free);
    }
    if (!rect && (content.kind !== null || content.focus)) {
      const over = { x: 0, y: content.kind === null ? -18 : 0 };
      const middle = pointAt(points, 0.5);
      rect = around({ x: middle.x + over.x, y: middle.y + over.y }, sizeOf(context, content));
    }
    if (!rect) continue;
    taken.push(rect);
    drawn.push({ id: edge.id, elements: draw(context, content, rect) });
  }
  return drawn;
}

/** Where on an edge its label may stand, best first; beside the mark where there is one. */
function placesOf({ via }: Edge, points: Float64Array): Point[] {
  const along = PLACES.map((share) => pointAt(points, share));
  const [middle] = along;
  if (via === null || middle === undefined) return along;
  return [-BESIDE, BESIDE].map((by) => ({ x: middle.x, y: middle.y + by })).concat(along);
}

/** Marks of waypoints are not written over. */
const waypointRects = ({ edges }: SceneContext, routes: ReadonlyMap<string, Path>): Rect[] =>
  edges.flatMap(({ id, via }) => {
    const path = via === null ? undefined : routes.get(id);
    return path === undefined ? [] : [waypointRect(path)];
  });

const around = (at: { x: number; y: number }, { width, height }: Size): Rect => ({
  x: at.x - width / 2,
  y: at.y - height / 2,
  width,
  height,
});
const grown = ({ x, y, width, height }: Rect, by: number): Rect => ({
  x: x - by,
  y: y - by,
  width: width + 2 * by,
  height: height + 2 * by,
});
const sizeOf = (context: SceneContext, { text, kind }: Content): Size =>
  text === ''
    ? { width: 19, height: 19 }
    : { width: context.measure(text, SIZE, 500) + 12 + (kind === null ? 0 : 15), height: LINE };

const overlaps = (a: Rect, b: Rect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

interface Content {
  text: string;
  kind: 'warn' | 'crit' | null;
  focus: boolean;
  selected: boolean;
}

/** Selected first, then hovered, unhealthy, found, busiest. */
function inOrder(context: SceneContext): Edge[] {
  const { edges, selected, hovered, detail } = context;
  const busiest = [...edges].sort((a, b) => volume(b.traffic) - volume(a.traffic) || (a.id < b.id ? -1 : 1));
  const top =
    context.label === 'none' || detail !== 'full'
      ? []
      : busiest.filter((edge) => volume(edge.traffic) > 0 && !isDim(context, edge)).slice(0, TOP);
  const touching =
    hovered?.kind === 'vertex' && detail === 'full'
      ? edges.filter((edge) => edge.source === hovered.id || edge.destination === hovered.id)
      : [];
  const order = [
    ...edges.filter((edge) => isTarget(selected, 'edge', edge.id) || isTarget(hovered, 'edge', edge.id)),
    ...edges.filter((edge) => isUnhealthy(edge.health)),
    ...(context.found.edges.size <= 40 ? edges.filter((edge) => context.found.edges.has(edge.id)) : []),
    ...touching,
    ...top,
  ];
  return [...new Map(order.map((edge) => [edge.id, edge])).values()];
}

function contentOf(context: SceneContext, edge: Edge): Content {
  const loud = loudStatus(edge.health);
  const kind = loud === 'unk' ? null : loud;
  const selected = isTarget(context.selected, 'edge', edge.id);
  const focus = selected || isTarget(context.hovered, 'edge', edge.id);
  const figures = labelOf(edge, context.label, context.window);
  const wordy = context.detail === 'full' || focus;
  if (kind === null) return { text: wordy ? figures : '', kind, focus, selected };
  // off the path or from afar an unhealthy edge keeps its sign alone
  const said =
    focus || context.found.edges.has(edge.id) || (context.edges.length <= 60 && context.detail === 'full');
  return {
    text: said && wordy ? (troubleOf(edge.healthReason, edge.traffic) ?? figures) : '',
    kind,
    focus,
    selected,
  };
}

function draw(context: SceneContext, content: Content, rect: Rect): Element[] {
  const { tokens } = context;
  const colour = content.kind === null ? tokens['text-2'] : tokens[content.kind];
  const z2 = Z.label + (content.focus ? 2 : 0);
  const middle = rect.y + rect.height / 2;
  const inks = { ink: colour, ground: tokens['bg-0'] };
  if (content.text === '') {
    if (content.kind === null) return [];
    const x = rect.x + rect.width / 2;
    return [
      { type: 'circle', z2, shape: { cx: x, cy: middle, r: 9.5 }, style: { fill: tokens['bg-0'] } },
      ...statusElements(content.kind, { x: x - 6.5, y: middle - 6.5, size: 13, z2 }, inks),
    ];
  }
  const elements: Element[] = [
    {
      type: 'rect',
      z2,
      shape: { ...rect, r: 4 },
      style: {
        fill: tokens['bg-0'],
        stroke: content.selected ? tokens.accent : tokens['line-2'],
        lineWidth: 1,
      },
    },
  ];
  let x = rect.x + 6;
  if (content.kind !== null) {
    elements.push(...statusElements(content.kind, { x, y: middle - 5.5, size: 11, z2: z2 + 1 }, inks));
    x += 15;
  }
  elements.push({
    type: 'text',
    z2: z2 + 1,
    style: {
      text: content.text,
      x,
      y: middle,
      fill: colour,
      font: `500 ${SIZE}px ${tokens.sans}`,
      align: 'left',
      verticalAlign: 'middle',
    },
  });
  return elements;
}
