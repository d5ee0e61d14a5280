// SPDX-License-Identifier: Apache-2.0
import { arrange } from './arrange';
import { carryOver } from './carry';
import { fittingColumns } from './columns';
import { type Graph, toGraph } from './graph';
import { type Block, type Model, toModel } from './model';
import { type Lanes, route } from './route';
import {
  GAP,
  type Layout,
  type LayoutInput,
  PLATE_PAD,
  type PlacedVertex,
  type Placement,
  type Plate,
  type Rect,
  type Route,
} from './types';

/**
 * Lays a graph out from left to right by request flow (Sugiyama, Tagawa and Toda, 1981), inside plates that never
 * overlap. The same input gives the same result. With `previous`, known vertices keep their place.
 */
export function layOut(input: LayoutInput, previous?: Placement | null): Layout {
  const graph = toGraph(input);
  const carried = previous ? carryOver(input, graph, previous) : null;
  const { vertices, plates, lanes }: Placement & { lanes?: Lanes } = carried ?? fresh(input, graph);
  const routes = route(vertices, input.edges, lanes);
  return { vertices, plates, routes, ...boundsOf(vertices, plates, routes) };
}

function fresh(input: LayoutInput, graph: Graph): Placement & { lanes?: Lanes } {
  if (graph.ids.length === 0) return { vertices: [], plates: [] };
  const column = fittingColumns(graph, input.card, input.frame);
  const model = toModel(graph, column, input.card.height);
  arrange(model, input.frame.height);
  const lefts = columnLefts(model, input);
  const vertices = graph.ids.map((id, i): PlacedVertex => {
    const block = model.blocks[model.blockOf[i] ?? 0];
    return {
      id,
      x: lefts[column[i] ?? 0] ?? 0,
      y: Math.round((model.y[i] ?? 0) - input.card.height / 2),
      ...input.card,
      plate: graph.plates[block?.plate ?? -1]?.key ?? null,
    };
  });
  const plates = model.blocks.flatMap((block) => plateOf({ block, graph, lefts, width: input.card.width }));
  return { vertices, plates, lanes: lanesOf(model, lefts) };
}

function plateOf(at: { block: Block; graph: Graph; lefts: readonly number[]; width: number }): Plate[] {
  const info = at.graph.plates[at.block.plate];
  if (!info) return [];
  const x = (at.lefts[at.block.first] ?? 0) - PLATE_PAD.side;
  const right = (at.lefts[at.block.last] ?? 0) + at.width + PLATE_PAD.side;
  const y = Math.floor(at.block.top) - PLATE_PAD.top;
  const bottom = Math.ceil(at.block.top + at.block.height) + PLATE_PAD.bottom;
  return [
    { key: info.key, name: info.key, external: info.external, x, y, width: right - x, height: bottom - y },
  ];
}

/** Left of each column: the more edges pass between two columns, the farther apart they stand. */
function columnLefts(model: Model, input: LayoutInput): number[] {
  const count = 1 + Math.max(...model.column);
  const passing = new Array<number>(count).fill(0);
  for (const { left, right } of model.segments) {
    for (let c = model.column[left] ?? 0; c < (model.column[right] ?? 0); c++)
      passing[c] = (passing[c] ?? 0) + 1;
  }
  const lefts: number[] = [];
  let x = 0;
  for (let c = 0; c < count; c++) {
    lefts.push(x);
    x += input.card.width + Math.round(GAP.column + Math.min(76, 1.6 * Math.max(0, (passing[c] ?? 0) - 5)));
  }
  return lefts;
}

function lanesOf(model: Model, lefts: readonly number[]): Lanes {
  const lanes = new Map<string, Map<number, number>>();
  model.graph.arcs.forEach((arc, i) => {
    const chain = model.chains[i] ?? [];
    if (chain.length === 0) return;
    const key = `${model.graph.ids[arc.from]} ${model.graph.ids[arc.to]}`;
    lanes.set(key, new Map(chain.map((item) => [lefts[model.column[item] ?? 0] ?? 0, model.y[item] ?? 0])));
  });
  return lanes;
}

function boundsOf(vertices: readonly Rect[], plates: readonly Rect[], routes: readonly Route[]): Rect {
  let left = Number.POSITIVE_INFINITY;
  let top = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  let bottom = Number.NEGATIVE_INFINITY;
  const cover = (x: number, y: number) => {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  };
  for (const rect of [...vertices, ...plates]) {
    cover(rect.x, rect.y);
    cover(rect.x + rect.width, rect.y + rect.height);
  }
  if (left > right) return { x: 0, y: 0, width: 0, height: 0 };
  for (const { path } of routes) {
    for (let i = 0; i + 1 < path.length; i += 6) cover(path[i] ?? 0, path[i + 1] ?? 0);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}
