// SPDX-License-Identifier: Apache-2.0
import type { HeatMap, Window } from '@undermesh/schema';
import type { Region } from './region';

/** A heat map as it is drawn: rows merged so that cells are tall enough, counts in one array. */
export interface HeatGrid {
  /** Epoch ms of the first column, and ms of each. */
  from: number;
  step: number;
  columns: number;
  /** From fast to slow; row r holds (lowUs, highUs]. */
  rows: readonly { lowUs: number; highUs: number }[];
  /** `counts[column · rows + row]` */
  counts: Float64Array;
  /** Samples by column. */
  totals: Float64Array;
  /** Share of each column that is over: the last one is seldom whole. */
  covered: Float64Array;
  /** The fullest cell, as if its column were whole. */
  most: number;
  absent: ReadonlySet<number>;
}

const PER_OCTAVE = 4;
/** The API's borders are so close to 2^(k/4) µs that k names them. */
const indexOf = (borderUs: number): number => Math.round(PER_OCTAVE * Math.log2(borderUs));

/** A column of which less is over says too little about its pace. */
const LEAST_COVERED = 0.1;

/** Merges rows to at most `maxRows`, whole octaves from top to bottom, so that the picture does not jump. */
export function heatGrid(heat: HeatMap, window: Pick<Window, 'to'>, maxRows: number): HeatGrid {
  const from = Date.parse(heat.from);
  const step = heat.stepSeconds * 1000;
  const covered = Float64Array.from({ length: heat.columns }, (_, column) => {
    const start = from + column * step;
    return Math.max(LEAST_COVERED, Math.min(1, (Date.parse(window.to) - start) / step));
  });
  const used = heat.cells.map(([, row]) => indexOf(heat.bordersUs[row] ?? 1));
  const low = used.length === 0 ? 0 : Math.floor((Math.min(...used) - 1) / PER_OCTAVE) * PER_OCTAVE;
  const high = used.length === 0 ? 0 : Math.ceil(Math.max(...used) / PER_OCTAVE) * PER_OCTAVE;
  const merge = [1, 2, 4].find((factor) => (high - low) / factor <= maxRows) ?? 8;
  const count = Math.ceil((high - low) / merge);
  const border = (k: number): number => 2 ** (k / PER_OCTAVE);
  const rows = Array.from({ length: count }, (_, row) => ({
    lowUs: border(low + row * merge),
    highUs: border(low + (row + 1) * merge),
  }));
  const counts = new Float64Array(heat.columns * count);
  const totals = new Float64Array(heat.columns);
  for (const [column, row, samples] of heat.cells) {
    if (column >= heat.columns) continue;
    const to = Math.ceil((indexOf(heat.bordersUs[row] ?? 1) - low) / merge) - 1;
    counts[column * count + to] = (counts[column * count + to] ?? 0) + samples;
    totals[column] = (totals[column] ?? 0) + samples;
  }
  return {
    from,
    step,
    columns: heat.columns,
    rows,
    counts,
    totals,
    covered,
    most: counts.reduce(
      (most, samples, index) => Math.max(most, samples / (covered[Math.floor(index / count)] ?? 1)),
      0,
    ),
    absent: new Set(heat.absent),
  };
}

export const countAt = (grid: HeatGrid, column: number, row: number): number =>
  grid.counts[column * grid.rows.length + row] ?? 0;

/** A cell's count as if its column were whole: what its colour says. */
export const paceAt = (grid: HeatGrid, column: number, row: number): number =>
  countAt(grid, column, row) / (grid.covered[column] ?? 1);

/** Step of the ramp, 1 to 7; 0 for nothing. Not linear: the few slow ones must show beside the many usual ones. */
export const heatStep = (count: number, most: number): number =>
  count <= 0 || most <= 0 ? 0 : Math.max(1, Math.min(7, Math.ceil((count / most) ** 0.6 * 7)));

/** A cell of the grid. */
export interface Cell {
  column: number;
  row: number;
}

/** The rectangle from one cell to another, both included. */
export function regionBetween(grid: HeatGrid, one: Cell, other: Cell): Region {
  const [left, right] = [Math.min(one.column, other.column), Math.max(one.column, other.column)];
  const [low, high] = [Math.min(one.row, other.row), Math.max(one.row, other.row)];
  return {
    from: grid.from + left * grid.step,
    to: grid.from + (right + 1) * grid.step,
    minUs: grid.rows[low]?.lowUs ?? 0,
    maxUs: grid.rows[high]?.highUs ?? 1,
  };
}

/** The cell a step away, kept in the grid. */
export const cellBeside = (
  grid: HeatGrid,
  { column, row }: Cell,
  by: { columns: number; rows: number },
): Cell => ({
  column: Math.max(0, Math.min(grid.columns - 1, column + by.columns)),
  row: Math.max(0, Math.min(grid.rows.length - 1, row + by.rows)),
});
