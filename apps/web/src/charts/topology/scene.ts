// SPDX-License-Identifier: Apache-2.0
import type { Edge, Level, Vertex, Window } from '@undermesh/schema';
import type { EngineByNode } from '@/domain/engines/steering';
import type { StatusKind } from '@/domain/glyphs';
import type { Layout } from '@/domain/layout/types';
import { type Colour, type Label, MEASURES } from '@/domain/topology/measures';
import { type OnPath, pathThrough, type Target } from '@/domain/topology/paths';
import { type Domain, domainOf, RAMP, rampStep } from '@/domain/topology/scale';
import { isUnhealthy } from '@/domain/topology/shown';
import { volume } from '@/domain/traffic';
import { healthStatus } from '@/domain/words';
import type { Tokens } from '@/theme/tokens';
import type { Detail } from './camera';
import { cardElements } from './cards';
import { edgeElements } from './edges';
import type { Element, Measure } from './elements';
import { labelElements } from './labels';
import { plateElements } from './plates';

export interface SceneInput {
  level: Level;
  window: Window;
  layout: Layout;
  vertices: readonly Vertex[];
  edges: readonly Edge[];
  /** Rate that is drawn widest: of all edges, also those hidden, so that hiding changes no width. */
  topRate: number;
  found: { vertices: ReadonlySet<string>; edges: ReadonlySet<string> };
  /** Observed engines by node. Empty: no node steers, and nothing is said of engines. */
  engines: EngineByNode;
  colour: Colour;
  label: Label;
  selected: Target | null;
  /** Under the pointer or focused in the list. */
  hovered: Target | null;
  tokens: Tokens;
  detail: Detail;
  /** Scale that names and thin lines are sized for; 1 in full detail. */
  scale: number;
  measure: Measure;
  hatch: HTMLCanvasElement | null;
}

/** One drawn thing: a plate, an edge, a card or all labels. Its id keeps it the same thing in the next scene. */
export interface Item {
  id: string;
  elements: Element[];
}

/** Everything the parts of a scene share. */
export interface SceneContext extends SceneInput {
  domain: Domain | null;
  onPath: OnPath | null;
  /** In a busy drawing only these stand out while nothing else does; `null`: all do. */
  busiest: ReadonlySet<string> | null;
  byId: ReadonlyMap<string, Vertex>;
  /** Vertices that legs meet at. */
  waypoints: ReadonlySet<string>;
  /** All widths are multiplied by this, so that a crowd stays lines. */
  slim: number;
}

/** With more edges than this, most are drawn quietly. */
const CROWD = 40;
const LEADING = 12;

/** The map as plain data: plates, edges from quiet to loud, cards, labels. */
export function buildScene(input: SceneInput): Item[] {
  const focus = input.hovered ?? input.selected;
  const context: SceneContext = {
    ...input,
    domain: input.colour === 'health' ? null : domainOf(input.edges, input.colour, input.window),
    onPath: focus === null ? null : pathThrough(input.edges, focus),
    byId: new Map(input.vertices.map((vertex) => [vertex.id, vertex])),
    waypoints: new Set(input.edges.flatMap(({ leg }) => (leg === null ? [] : [leg.waypoint]))),
    slim: Math.min(1, Math.max(0.4, Math.sqrt(100 / Math.max(1, input.edges.length)))),
    busiest: input.edges.length <= CROWD ? null : busiest(input.edges),
  };
  const routes = new Map(input.layout.routes.map((route) => [route.id, route.path]));
  const places = new Map(input.layout.vertices.map((card) => [card.id, card]));
  const items: Item[] = plateElements(context).map((elements, i) => ({
    id: `plate ${input.layout.plates[i]?.key}`,
    elements,
  }));
  for (const edge of input.edges) {
    const path = routes.get(edge.id);
    if (path) items.push({ id: `edge ${edge.id}`, elements: edgeElements(context, edge, path) });
  }
  for (const vertex of input.vertices) {
    const card = places.get(vertex.id);
    if (card) items.push({ id: `vertex ${vertex.id}`, elements: cardElements(context, vertex, card) });
  }
  items.push(...labelElements(context, routes).map(({ id, elements }) => ({ id: `label ${id}`, elements })));
  return items;
}

function busiest(edges: readonly Edge[]): ReadonlySet<string> {
  const order = [...edges].sort((a, b) => volume(b.traffic) - volume(a.traffic) || (a.id < b.id ? -1 : 1));
  return new Set(order.slice(0, LEADING).map((edge) => edge.id));
}

export const isTarget = (target: Target | null, kind: Target['kind'], id: string): boolean =>
  target !== null && target.kind === kind && target.id === id;

/** Off the highlighted path and not in need of a look. */
export const isDim = (context: SceneContext, edge: Edge): boolean =>
  context.onPath !== null &&
  !context.onPath.edges.has(edge.id) &&
  !isUnhealthy(edge.health) &&
  !context.found.edges.has(edge.id);

/** A status that shows on the map: healthy is quiet. */
export const loudStatus = (health: Edge['health']): Exclude<StatusKind, 'ok' | 'run'> | null => {
  const kind = healthStatus(health);
  return kind === 'ok' || kind === 'run' ? null : kind;
};

/** Colour of an edge: its health, or its step on the ramp. */
export function edgeColour(context: SceneContext, edge: Edge): string {
  const { tokens, colour, domain, window } = context;
  if (isDim(context, edge)) return tokens['edge-dim'];
  if (colour === 'health') {
    const loud = loudStatus(edge.health);
    if (loud !== null) return tokens[loud];
    const leads = context.onPath !== null || context.busiest === null || context.busiest.has(edge.id);
    return leads ? tokens.edge : tokens['edge-dim'];
  }
  const { value, log } = MEASURES[colour];
  const step = rampStep(value(edge.traffic, window), domain, log);
  return step === null ? tokens['edge-dim'] : tokens[RAMP[step] ?? 'h3'];
}
