// SPDX-License-Identifier: Apache-2.0
import { apart, type Block, type Cell, type Model, type Pull, padOf, stackHeight } from './model';
import { confine, crossings, settle } from './stack';

/** Orders the items of each column and the plates, and sets every `y`, `top` and `height` of the model. */
export function arrange(model: Model, spareHeight: number): void {
  const large = model.column.length > 400;
  let best = { cost: Number.POSITIVE_INFINITY, state: save(model) };
  const consider = () => {
    const cost = costOf(model);
    if (cost < best.cost - 1e-6) best = { cost, state: save(model) };
  };
  for (const start of ['left', 'right'] as const) {
    seed(model);
    for (let round = 0; round < (large ? 10 : 14); round++) {
      sweep(model, (round % 2 === 0) === (start === 'left') ? 'left' : 'right');
      if (round > 3) transpose(model);
      place(model, 0);
      place(model, 0);
      consider();
    }
  }
  restore(model, best.state);
  for (let round = 0; round < 3 && model.blocks.length > 2; round++) {
    fillHoles(model, round);
    consider();
    for (let i = 0; i < 3; i++) {
      place(model, 0, byTop(model));
      consider();
    }
    swapPlates(model, consider);
  }
  restore(model, best.state);
  if (!large) spreadOut(model, spareHeight);
  const height = Math.max(spareHeight, heightOf(model));
  for (let round = 0; round < 4; round++) place(model, height, byTop(model));
  for (let round = 0; round < 6; round++) polish(model, height);
  for (let round = 0; round < 3; round++) level(model, height);
}

const byTop = (model: Model) => [...model.blocks].sort((a, b) => a.top - b.top || a.plate - b.plate);
const byCentre = (model: Model) =>
  [...model.blocks].sort((a, b) => a.top + a.height / 2 - b.top - b.height / 2 || a.plate - b.plate);

function heightOf(model: Model): number {
  const top = Math.min(...model.blocks.map((block) => block.top - padOf(block).top));
  return Math.max(...model.blocks.map((block) => block.top + block.height + padOf(block).bottom)) - top;
}

/** Sets the cards farther apart while the drawing stays within the frame. */
function spreadOut(model: Model, spareHeight: number): void {
  for (let gap = 96; gap > model.gap; gap -= 6) {
    const before = save(model);
    const least = model.gap;
    model.gap = gap;
    for (let i = 0; i < 2; i++) place(model, 0, byTop(model));
    if (heightOf(model) <= spareHeight * 0.86) return;
    model.gap = least;
    restore(model, before);
  }
}

/** Places the plates one by one, each in the free spot that is nearest to its neighbours and adds the least height. */
function fillHoles(model: Model, round: number): void {
  const mass = (block: Block) => (block.last - block.first + 1) * block.height;
  const order = [...model.blocks].sort((a, b) =>
    round === 0
      ? mass(b) - mass(a) || a.plate - b.plate
      : round === 1
        ? a.first - b.first || mass(b) - mass(a) || a.plate - b.plate
        : b.last - a.last || mass(b) - mass(a) || a.plate - b.plate,
  );
  const placed: Block[] = [];
  const done = new Set<number>();
  const size = (block: Block) => padOf(block).top + block.height + padOf(block).bottom;
  const start = (block: Block) => block.top - padOf(block).top;
  for (const block of order) {
    const rivals = placed.filter((other) => other.first <= block.last && block.first <= other.last);
    const bottom = Math.max(0, ...placed.map((other) => start(other) + size(other)));
    const tops = [
      0,
      ...rivals.map((other) => start(other) + size(other)),
      ...rivals.map((other) => start(other) - size(block)),
    ];
    let best = { top: bottom, cost: Number.POSITIVE_INFINITY };
    for (const top of tops) {
      const clash = rivals.some(
        (other) => top < start(other) + size(other) - 0.5 && start(other) < top + size(block) - 0.5,
      );
      if (clash) continue;
      const shift = top - start(block);
      let cost = 0;
      for (const cell of block.cells) {
        for (const item of cell.items) {
          for (const list of [model.left[item], model.right[item], model.same[item]]) {
            for (const pull of list ?? []) {
              if (done.has(model.blockOf[pull.item] ?? 0)) {
                cost += Math.abs((model.y[item] ?? 0) + shift - (model.y[pull.item] ?? 0));
              }
            }
          }
        }
      }
      const over = Math.max(0, top + size(block) - bottom) + Math.max(0, -top);
      cost += over * (2 + model.segments.length * 0.02);
      if (cost < best.cost) best = { top, cost };
    }
    move(model, block, best.top - start(block));
    placed.push(block);
    done.add(model.blocks.indexOf(block));
  }
}

function move(model: Model, block: Block, shift: number): void {
  block.top += shift;
  for (const cell of block.cells) for (const item of cell.items) model.y[item] = (model.y[item] ?? 0) + shift;
}

function seed(model: Model): void {
  for (const block of model.blocks) {
    block.top = 0;
    for (const cell of block.cells) {
      cell.items.sort((a, b) => a - b);
      stack(model, cell, 0);
    }
  }
  packBlocks(model, model.blocks, 0);
}

function stack(model: Model, cell: Cell, top: number): void {
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
function sweep(model: Model, from: 'left' | 'right'): void {
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
function transpose(model: Model): void {
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

/** Settles every column on its neighbours, fits columns into their plates and packs the plates. */
function place(model: Model, spareHeight: number, order?: readonly Block[]): void {
  const alone = model.blocks.length === 1;
  for (const block of model.blocks) {
    const least = Math.max(...block.cells.map((cell) => stackHeight(model, cell.items)));
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let centres = 0;
    for (const cell of block.cells) {
      settleOnNeighbours(model, cell);
      const first = cell.items[0] ?? 0;
      const last = cell.items.at(-1) ?? 0;
      const top = (model.y[first] ?? 0) - (model.height[first] ?? 0) / 2;
      const bottom = (model.y[last] ?? 0) + (model.height[last] ?? 0) / 2;
      low = Math.min(low, top);
      high = Math.max(high, bottom);
      centres += (top + bottom) / 2;
    }
    const most = alone ? Math.max(least, Math.min(least * 1.7, spareHeight)) : least * 1.04;
    const height = Math.max(least, Math.min(high - low, most));
    block.top = high - low <= height ? low : centres / block.cells.length - height / 2;
    block.height = height;
    for (const cell of block.cells) confineCell(model, block, cell);
  }
  packBlocks(model, order ?? byCentre(model), spareHeight);
}

/** The last touch, with the plates' heights and order kept: items level with neighbours, loose plates with theirs. */
function polish(model: Model, height: number): void {
  for (const block of model.blocks) {
    for (const cell of block.cells) {
      settleOnNeighbours(model, cell);
      confineCell(model, block, cell);
    }
  }
  const order = byTop(model);
  const pull = order.map((block) => outwardPull(model, block));
  order.forEach((block, i) => {
    move(model, block, pull[i] ?? 0);
  });
  packBlocks(model, order, height);
}

/** Moves small plates, one by one, level with what they talk to, as far as there is room. */
function level(model: Model, height: number): void {
  const count = (block: Block) => block.cells.reduce((sum, cell) => sum + cell.items.length, 0);
  const order = [...model.blocks].sort((a, b) => count(a) - count(b) || a.plate - b.plate);
  for (const block of order) {
    const pad = padOf(block);
    let low = 0;
    let high = height - pad.top - block.height - pad.bottom;
    for (const other of model.blocks) {
      if (other === block || other.last < block.first || block.last < other.first) continue;
      const theirs = padOf(other);
      if (other.top < block.top) low = Math.max(low, other.top + other.height + theirs.bottom);
      else high = Math.min(high, other.top - theirs.top - block.height - pad.bottom - pad.top);
    }
    const start = block.top - pad.top;
    if (high < low) continue;
    move(model, block, Math.max(low, Math.min(high, start + outwardPull(model, block))) - start);
  }
}

/** How far a plate would have to move to be level, on average, with what its members talk to elsewhere. */
function outwardPull(model: Model, block: Block): number {
  let sum = 0;
  let mass = 0;
  for (const item of block.cells.flatMap((cell) => cell.items)) {
    for (const list of [model.left[item], model.right[item], model.same[item]]) {
      for (const pull of list ?? []) {
        if (model.blockOf[pull.item] === model.blockOf[item]) continue;
        sum += pull.weight * ((model.y[pull.item] ?? 0) - (model.y[item] ?? 0));
        mass += pull.weight;
      }
    }
  }
  return mass === 0 ? 0 : sum / mass;
}

function settleOnNeighbours(model: Model, cell: Cell): void {
  settleCell(model, cell, (item) => {
    const mean = pulled(model, model.left[item], model.right[item], model.same[item]);
    return Number.isNaN(mean) ? (model.y[item] ?? 0) : mean;
  });
}

function confineCell(model: Model, block: Block, cell: Cell): void {
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

/** Puts the plates below one another in this order where they share columns, each as near as can be to where it is. */
function packBlocks(model: Model, order: readonly Block[], spareHeight: number): void {
  const columns = 1 + Math.max(...model.column);
  const size = order.map((block) => {
    const pad = padOf(block);
    return pad.top + block.height + pad.bottom;
  });
  const filled = new Float64Array(columns);
  const earliest = order.map((block, i) => {
    const top = greatest(filled, block);
    filled.fill(top + (size[i] ?? 0), block.first, block.last + 1);
    return top;
  });
  const total = filled.reduce((max, height) => Math.max(max, height), spareHeight);
  const below = new Float64Array(columns).fill(-total);
  const latest: number[] = [];
  for (let i = order.length - 1; i >= 0; i--) {
    const block = order[i];
    if (!block) continue;
    latest[i] = -greatest(below, block) - (size[i] ?? 0);
    below.fill(-(latest[i] ?? 0), block.first, block.last + 1);
  }
  const wanted = order.map((block) => block.top - padOf(block).top);
  const used = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY);
  order.forEach((block, i) => {
    const least = Math.max(earliest[i] ?? 0, greatest(used, block));
    const top = Math.max(least, Math.min(latest[i] ?? 0, wanted[i] ?? 0));
    used.fill(top + (size[i] ?? 0), block.first, block.last + 1);
    move(model, block, top + padOf(block).top - block.top);
  });
}

function greatest(heights: Float64Array, block: Block): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let c = block.first; c <= block.last; c++) most = Math.max(most, heights[c] ?? 0);
  return most;
}

/** Tries neighbouring plates in each other's place. */
function swapPlates(model: Model, consider: () => void): void {
  const count = model.blocks.length;
  if (count < 2) return;
  let least = costOf(model);
  const order = [...model.blocks].sort((a, b) => a.top - b.top || a.plate - b.plate);
  for (let pass = 0; pass < 3; pass++) {
    let better = false;
    for (let i = 1; i < count; i++) {
      const upper = order[i - 1];
      const lower = order[i];
      if (!upper || !lower || upper.last < lower.first || lower.last < upper.first) continue;
      const before = model.blocks.map((block) => block.top);
      order[i - 1] = lower;
      order[i] = upper;
      packBlocks(model, order, 0);
      const cost = costOf(model);
      if (cost < least - 1e-6) {
        least = cost;
        better = true;
        consider();
      } else {
        order[i - 1] = upper;
        order[i] = lower;
        model.blocks.forEach((block, b) => {
          move(model, block, (before[b] ?? 0) - block.top);
        });
      }
    }
    if (!better) return;
  }
}

/** Crossings first, then length, then height. */
function costOf(model: Model): number {
  const gaps: { left: number[]; right: number[] }[] = [];
  let length = 0;
  for (const { left, right, weight } of model.segments) {
    const from = model.column[left] ?? 0;
    const to = model.column[right] ?? 0;
    const a = model.y[left] ?? 0;
    const b = model.y[right] ?? 0;
    length += Math.abs(b - a) * (0.5 + weight / 8);
    for (let column = from; column < to; column++) {
      gaps[column] ??= { left: [], right: [] };
      gaps[column]?.left.push(a + ((b - a) * (column - from)) / (to - from));
      gaps[column]?.right.push(a + ((b - a) * (column + 1 - from)) / (to - from));
    }
  }
  let crossed = 0;
  for (const gap of gaps) if (gap) crossed += crossings(gap.left, gap.right);
  model.same.forEach((list, item) => {
    for (const pull of list) length += Math.abs((model.y[item] ?? 0) - (model.y[pull.item] ?? 0)) / 2;
  });
  const bottom = Math.max(...model.blocks.map((block) => block.top + block.height));
  const top = Math.min(...model.blocks.map((block) => block.top));
  return crossed * 60 + length + (bottom - top) * (0.5 + 0.25 * model.segments.length);
}

interface State {
  y: Float64Array;
  items: number[][][];
  tops: { top: number; height: number }[];
}

function save(model: Model): State {
  return {
    y: model.y.slice(),
    items: model.blocks.map((block) => block.cells.map((cell) => [...cell.items])),
    tops: model.blocks.map(({ top, height }) => ({ top, height })),
  };
}

function restore(model: Model, state: State): void {
  model.y.set(state.y);
  model.blocks.forEach((block, b) => {
    Object.assign(block, state.tops[b]);
    block.cells.forEach((cell, c) => {
      cell.items = [...(state.items[b]?.[c] ?? [])];
    });
  });
}
