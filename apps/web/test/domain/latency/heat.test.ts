// SPDX-License-Identifier: Apache-2.0
import type { HeatMap } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import { cellBeside, countAt, heatGrid, heatStep, paceAt, regionBetween } from '@/domain/latency/heat';
import { regionOf, regionText } from '@/domain/latency/region';
import { cellWords } from '@/domain/latency/words';

const FROM = '2026-11-22T14:00:00.000Z';
/** Rows from 2^40/4 µs (1.02 ms) on, four to an octave; three columns of 10 s, the second absent. */
const heat: HeatMap = {
  from: FROM,
  stepSeconds: 10,
  columns: 3,
  bordersUs: [40, 41, 42, 43, 44, 45, 46, 47, 48].map((k) => 2 ** (k / 4)),
  cells: [
    [0, 1, 10],
    [0, 2, 30],
    [0, 8, 1],
    [2, 1, 20],
  ],
  absent: [1],
};
const window = { from: FROM, to: '2026-11-22T14:00:25.000Z' };
const grid = heatGrid(heat, window, 4);

describe('heat grid', () => {
  it('merges rows until they are few, and loses no sample', () => {
    expect(grid.rows.length).toBeLessThanOrEqual(4);
    expect(grid.counts.reduce((sum, count) => sum + count, 0)).toBe(61);
    expect(countAt(grid, 0, 0)).toBe(40);
  });
  it('ends on whole octaves, so that it does not jump', () => {
    expect(Math.log2(grid.rows[0]?.lowUs ?? 0)).toBeCloseTo(10);
    expect(Math.log2(grid.rows.at(-1)?.highUs ?? 0) % 1).toBeCloseTo(0);
  });
  it('knows absent columns from empty ones', () => {
    expect(grid.absent.has(1)).toBe(true);
    expect(grid.totals[1]).toBe(0);
  });
  it('colours a half column by its pace', () => expect(paceAt(grid, 2, 0)).toBe(40));
  it('keeps single rows where there is room', () => expect(heatGrid(heat, window, 100).rows.length).toBe(8));
  it('takes an empty heat map', () =>
    expect(heatGrid({ ...heat, cells: [], bordersUs: [] }, window, 10).rows).toEqual([]));
});

describe('steps of the ramp', () => {
  it('show one among many, and nothing as nothing', () => {
    expect(heatStep(1, 24_000)).toBe(1);
    expect(heatStep(24_000, 24_000)).toBe(7);
    expect(heatStep(0, 24_000)).toBe(0);
    expect(heatStep(0, 0)).toBe(0);
  });
});

describe('regions', () => {
  const region = regionBetween(grid, { column: 2, row: 1 }, { column: 0, row: 0 });
  it('hold both corners, whichever came first', () =>
    expect(region).toEqual({
      from: Date.parse(FROM),
      to: Date.parse(FROM) + 30_000,
      minUs: grid.rows[0]?.lowUs,
      maxUs: grid.rows[1]?.highUs,
    }));
  it('come back from the URL', () =>
    expect(regionText(regionOf(regionText(region)))).toBe(regionText(region)));
  it.each([null, '', '1-2', '1790000600-1790000000,1-2', '1790000000-1790000600,5-2'])('%s is none', (text) =>
    expect(regionOf(text)).toBeNull(),
  );
  it('move by cells and stay in the map', () => {
    expect(cellBeside(grid, { column: 0, row: 0 }, { columns: -1, rows: -1 })).toEqual({ column: 0, row: 0 });
    expect(cellBeside(grid, { column: 0, row: 0 }, { columns: 1000, rows: 0 })).toEqual({
      column: 2,
      row: 0,
    });
  });
});

describe('a cell in words', () => {
  it('says when, how long and how many', () => {
    const words = cellWords(grid, { column: 0, row: 0 }, 'requests').replaceAll('\u00a0', ' ');
    expect(words).toMatch(/^\d\d:\d\d:00 to \d\d:\d\d:10, 1\.02 to .* ms: 40 requests, 98 % of them\.$/);
  });
  it('says that nobody reported rather than 0', () =>
    expect(cellWords(grid, { column: 1, row: 0 }, 'requests')).toContain('nobody reported'));
  it('says that a step is not over', () =>
    expect(cellWords(grid, { column: 2, row: 0 }, 'requests')).toContain('so far'));
});
