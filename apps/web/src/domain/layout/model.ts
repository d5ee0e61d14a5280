// SPDX-License-Identifier: Apache-2.0
import type { Graph } from './graph';
import { GAP, PLATE_PAD } from './types';

/** A column of a plate: items from top to bottom. */
export interface Cell {
  column: number;
  items: number[];
}

/** A plate while it is being arranged; without plates there is one that is not drawn. */
export interface Block {
  /** Index into the graph's plates; -1 is not drawn. */
  plate: number;
  cells: Cell[];
  first: number;
  last: number;
  /** Edges of the content, without padding. */
  top: number;
  height: number;
}

/** Neighbour and how strongly it pulls. */
export interface Pull {
  item: number;
  weight: number;
}

/** Vertices come first, then one dummy for each column that an edge skips inside its plate. */
export interface Model {
  graph: Graph;
  blocks: Block[];
  /** Block of each item. */
  blockOf: number[];
  column: number[];
  height: number[];
  /** Centre of each item. */
  y: Float64Array;
  left: Pull[][];
  right: Pull[][];
  same: Pull[][];
  /** Pairs of items that an edge joins in different columns, left one first. */
  segments: { left: number; right: number; weight: number }[];
  /** Dummies of each arc, from its source on. */
  chains: number[][];
  /** Least distance between two cards of a column: more than the least when there is room. */
  gap: number;
}

const LANE = 10;
/** With more edges than this, lanes are found after placing. */
const MOST_CHAINED = 260;

export function toModel(graph: Graph, columns: readonly number[], card: number): Model {
  const blocks: Block[] = [];
  const blockOf: number[] = [];
  const known = new Map<number, number>();
  graph.plateOf.forEach((plate, i) => {
    let block = known.get(plate);
    if (block === undefined) {
      block = blocks.length;
      known.set(plate, block);
      blocks.push({ plate, cells: [], first: Number.POSITIVE_INFINITY, last: -1, top: 0, height: 0 });
    }
    blockOf[i] = block;
  });
  const model: Model = {
    graph,
    blocks,
    blockOf,
    column: [...columns],
    height: graph.ids.map(() => card),
    y: new Float64Array(0),
    left: graph.ids.map(() => []),
    right: graph.ids.map(() => []),
    same: graph.ids.map(() => []),
    segments: [],
    chains: [],
    gap: GAP.card,
  };
  const chained = graph.arcs.length <= MOST_CHAINED;
  for (const arc of graph.arcs) model.chains.push(addChain(model, arc, chained));
  model.column.forEach((column, item) => {
    const block = blocks[model.blockOf[item] ?? 0];
    if (!block) return;
    let cell = block.cells.find((c) => c.column === column);
    if (!cell) {
      cell = { column, items: [] };
      block.cells.push(cell);
    }
    cell.items.push(item);
    block.first = Math.min(block.first, column);
    block.last = Math.max(block.last, column);
  });
  for (const block of blocks) block.cells.sort((a, b) => a.column - b.column);
  model.y = new Float64Array(model.column.length);
  return model;
}

function addChain(
  model: Model,
  arc: { from: number; to: number; weight: number },
  chained: boolean,
): number[] {
  const start = model.column[arc.from] ?? 0;
  const end = model.column[arc.to] ?? 0;
  const weight = 1 + Math.log2(arc.weight);
  if (start === end) {
    model.same[arc.from]?.push({ item: arc.to, weight });
    model.same[arc.to]?.push({ item: arc.from, weight });
    return [];
  }
  const block = model.blockOf[arc.from] ?? 0;
  const step = start < end ? 1 : -1;
  const chain: number[] = [];
  if (chained && block === model.blockOf[arc.to]) {
    for (let column = start + step; column !== end; column += step) {
      chain.push(model.column.length);
      model.column.push(column);
      model.height.push(LANE);
      model.blockOf.push(block);
      model.left.push([]);
      model.right.push([]);
      model.same.push([]);
    }
  }
  const items = [arc.from, ...chain, arc.to];
  for (let i = 1; i < items.length; i++) {
    const a = items[i - 1] ?? 0;
    const b = items[i] ?? 0;
    const dummies = (i > 1 ? 1 : 0) + (i < items.length - 1 ? 1 : 0);
    // straight lanes matter more than straight edges (Gansner et al., 1993)
    const pull = weight * (dummies === 2 ? 8 : dummies === 1 ? 2 : 1);
    const [left, right] = step > 0 ? [a, b] : [b, a];
    model.right[left]?.push({ item: right, weight: pull });
    model.left[right]?.push({ item: left, weight: pull });
    model.segments.push({ left, right, weight });
  }
  return chain;
}

/** Least distance between the centres of two items, one above the other. */
export function apart(model: Model, upper: number, lower: number): number {
  const cards = model.graph.ids.length;
  const gap = upper < cards && lower < cards ? model.gap : upper < cards || lower < cards ? 7 : 0;
  return ((model.height[upper] ?? 0) + (model.height[lower] ?? 0)) / 2 + gap;
}

export function stackHeight(model: Model, items: readonly number[]): number {
  const first = items[0];
  const last = items.at(-1);
  if (first === undefined || last === undefined) return 0;
  let height = ((model.height[first] ?? 0) + (model.height[last] ?? 0)) / 2;
  for (let i = 1; i < items.length; i++) height += apart(model, items[i - 1] ?? 0, items[i] ?? 0);
  return height;
}

/** Room that a block takes above and below its content. */
export function padOf(block: Block): { top: number; bottom: number } {
  return block.plate < 0
    ? { top: 0, bottom: GAP.card }
    : { top: PLATE_PAD.top, bottom: PLATE_PAD.bottom + GAP.plate };
}
