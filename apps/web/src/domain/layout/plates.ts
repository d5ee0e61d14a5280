// SPDX-License-Identifier: Apache-2.0
// Plates: where each stands as a whole.
import { costOf } from './cost';
import { type Block, type Model, padOf } from './model';

/** From the topmost plate down. */
export const byTop = (model: Model) => [...model.blocks].sort((a, b) => a.top - b.top || a.plate - b.plate);

/** By the middles of the plates, from the top. */
export const byCentre = (model: Model) =>
  [...model.blocks].sort((a, b) => a.top + a.height / 2 - b.top - b.height / 2 || a.plate - b.plate);

/** Of the whole drawing, with what surrounds the plates. */
export function heightOf(model: Model): number {
  const top = Math.min(...model.blocks.map((block) => block.top - padOf(block).top));
  return Math.max(...model.blocks.map((block) => block.top + block.height + padOf(block).bottom)) - top;
}

/** Moves a plate with all that is on it. */
export function move(model: Model, block: Block, shift: number): void {
  block.top += shift;
  for (const cell of block.cells) for (const item of cell.items) model.y[item] = (model.y[item] ?? 0) + shift;
}

/** Puts the plates below one another in this order where they share columns, each as near as can be to where it is. */
export function packBlocks(model: Model, order: readonly Block[], spareHeight: number): void {
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

/** How far a plate would have to move to be level, on average, with what its members talk to elsewhere. */
export function outwardPull(model: Model, block: Block): number {
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

/** Places the plates one by one, each in the free spot that is nearest to its neighbours and adds the least height. */
export function fillHoles(model: Model, round: number): void {
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

/** Tries neighbouring plates in each other's place. */
export function swapPlates(model: Model, consider: () => void): void {
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

/** Moves small plates, one by one, level with what they talk to, as far as there is room. */
export function level(model: Model, height: number): void {
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
