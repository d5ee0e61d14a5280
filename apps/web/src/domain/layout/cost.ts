// SPDX-License-Identifier: Apache-2.0
// How good an arrangement is, and how one is kept to come back to.
import type { Model } from './model';
import { crossings } from './stack';

/** Crossings first, then length, then height. */
export function costOf(model: Model): number {
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

/** What {@link restore} puts back. */
export function save(model: Model): State {
  return {
    y: model.y.slice(),
    items: model.blocks.map((block) => block.cells.map((cell) => [...cell.items])),
    tops: model.blocks.map(({ top, height }) => ({ top, height })),
  };
}

/** Puts back what {@link save} kept. */
export function restore(model: Model, state: State): void {
  model.y.set(state.y);
  model.blocks.forEach((block, b) => {
    Object.assign(block, state.tops[b]);
    block.cells.forEach((cell, c) => {
      cell.items = [...(state.items[b]?.[c] ?? [])];
    });
  });
}
