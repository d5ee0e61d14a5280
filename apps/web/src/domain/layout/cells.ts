// SPDX-License-Identifier: Apache-2.0
// The items of one column of one plate: their order, and where each stands.
import { apart, type Block, type Cell, type Model, type Pull } from './model';
import { confine, settle } from './stack';

/** Puts the items one below the other, as close as they may be. */
export function stack(model: Model, cell: Cell, top: number): void {
  let y = top;
  cell.items.forEach((item, i) => {
    const previous = cell.items[i - 1];
    y = previous === undefined ? top + (model.height[item] ?? 0) / 2 : y + apart(model, previous, item);
    model.y[item] = y;
  });
}

/** Weighted mean height of the neighbours; NaN without any. */
function pulled(model: Model, ...lists: (readonly Pull[] | undefined)[]): number {
  let sum = 0;
  let mass = 0;
  for (const list of lists) {
    for (const { item, weight } of list ?? []) {
      sum += (model.y[item] ?? 0) * weight;
      mass += weight;
    }
  }
  return mass === 0 ? Number.NaN : sum / mass;
}

/** One pass over the columns: each is sorted by the mean of its neighbours in the columns already passed. */
export function sweep(model: Model, from: 'left' | 'right'): void {
  const cells = model.blocks.flatMap((block) => block.cells.map((cell) => ({ block, cell })));
  cells.sort((a, b) => (from === 'left' ? a.cell.column - b.cell.column : b.cell.column - a.cell.column));
  for (const { cell } of cells) {
    const mean = new Map<number, number>();
    for (const item of cell.items) {
      const near = pulled(model, from === 'left' ? model.left[item] : model.right[item]);
      const any = Number.isNaN(near)
        ? pulled(model, model.left[item], model.right[item], model.same[item])
        : near;
      mean.set(item, Number.isNaN(any) ? (model.y[item] ?? 0) : any);
    }
    cell.items.sort(
      (a, b) => (mean.get(a) ?? 0) - (mean.get(b) ?? 0) || (model.y[a] ?? 0) - (model.y[b] ?? 0) || a - b,
    );
    settleCell(model, cell, (item) => mean.get(item) ?? 0);
  }
}

function settleCell(model: Model, cell: Cell, want: (item: number) => number): void {
  const { wanted, weights, gaps } = demands(model, cell, want);
  settle(wanted, weights, gaps).forEach((y, i) => {
    model.y[cell.items[i] ?? 0] = y;
  });
}

function demands(model: Model, cell: Cell, want: (item: number) => number) {
  const mass = (list: readonly Pull[] | undefined) =>
    (list ?? []).reduce((sum, pull) => sum + pull.weight, 0);
  return {
    wanted: cell.items.map(want),
    weights: cell.items.map((item) => 0.05 + mass(model.left[item]) + mass(model.right[item])),
    gaps: cell.items.slice(1).map((item, i) => apart(model, cell.items[i] ?? 0, item)),
  };
}

/** Swaps neighbours in a column while that removes crossings. */
export function transpose(model: Model): void {
  for (let pass = 0; pass < 4; pass++) {
    let better = false;
    for (const block of model.blocks) {
      for (const cell of block.cells) {
        for (let i = 1; i < cell.items.length; i++) {
          const upper = cell.items[i - 1] ?? 0;
          const lower = cell.items[i] ?? 0;
          if (pairCrossings(model, upper, lower) > pairCrossings(model, lower, upper)) {
            cell.items[i - 1] = lower;
            cell.items[i] = upper;
            const y = model.y[upper] ?? 0;
            model.y[upper] = model.y[lower] ?? 0;
            model.y[lower] = y;
            better = true;
          }
        }
      }
    }
    if (!better) return;
  }
}

function pairCrossings(model: Model, upper: number, lower: number): number {
  let count = 0;
  for (const side of [model.left, model.right]) {
    for (const a of side[upper] ?? []) {
      for (const b of side[lower] ?? []) {
        if ((model.y[a.item] ?? 0) > (model.y[b.item] ?? 0)) count++;
      }
    }
  }
  return count;
}

/** Puts each item as level with its neighbours as the others of its column allow. */
export function settleOnNeighbours(model: Model, cell: Cell): void {
  settleCell(model, cell, (item) => {
    const mean = pulled(model, model.left[item], model.right[item], model.same[item]);
    return Number.isNaN(mean) ? (model.y[item] ?? 0) : mean;
  });
}

/** Moves the items of a column into their plate. */
export function confineCell(model: Model, block: Block, cell: Cell): void {
  const { gaps } = demands(model, cell, () => 0);
  const half = (item: number | undefined) => (model.height[item ?? 0] ?? 0) / 2;
  const bounds = {
    top: block.top,
    bottom: block.top + block.height,
    first: half(cell.items[0]),
    last: half(cell.items.at(-1)),
  };
  const centres = cell.items.map((item) => model.y[item] ?? 0);
  confine(centres, gaps, bounds).forEach((y, i) => {
    model.y[cell.items[i] ?? 0] = y;
  });
}
