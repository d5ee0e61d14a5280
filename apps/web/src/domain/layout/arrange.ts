// SPDX-License-Identifier: Apache-2.0
import { confineCell, settleOnNeighbours, stack, sweep, transpose } from './cells';
import { costOf, restore, save } from './cost';
import { type Block, type Model, stackHeight } from './model';
import {
  byCentre,
  byTop,
  fillHoles,
  heightOf,
  level,
  move,
  outwardPull,
  packBlocks,
  swapPlates,
} from './plates';

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
