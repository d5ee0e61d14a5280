// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Cells } from '../../src/aggregate/cells.js';
import { HistogramWindows } from '../../src/aggregate/histogram-windows.js';
import { lineOf, SampleRoutes } from '../../src/aggregate/sample-routes.js';
import { type CellsPart, SealedCells } from '../../src/aggregate/sealed-cells.js';
import { randomFrom } from '../store/traffic.js';

const random = randomFrom(11);
const int = (below: number): number => Math.floor(random() * below);

function counts(windows: HistogramWindows): Map<number, number> {
  const found = new Map<number, number>();
  windows.forEach((key, count) => {
    found.set(key, count);
  });
  return found;
}

/** Each edge's samples to sums of its own. */
function ownRoutes(): SampleRoutes {
  const routes = new SampleRoutes(120, [lineOf((distribution, side) => distribution * 2 + side)]);
  for (let edge = 0; edge < 120; edge++) routes.send(edge, 0, edge * 32);
  return routes;
}

/** Sums that edges share: most the same, one of the others, one of nothing. */
function sharedRoutes(): SampleRoutes {
  const routes = new SampleRoutes(120, [
    lineOf((distribution) => distribution % 3),
    lineOf((_, side) => (side === 0 ? 3 : -1)),
  ]);
  for (let edge = 0; edge < 120; edge++) if (edge !== 9) routes.send(edge, edge === 21 ? 1 : 0);
  return routes;
}

/** All samples by sum and bin. */
function samplesOf(part: CellsPart, routes: SampleRoutes): Map<string, number> {
  const found = new Map<string, number>();
  part.sendSamples(routes, {
    take: (sum, { first, counts, from, length }) => {
      for (let i = 0; i < length; i++) {
        const key = `${sum} ${first + i}`;
        const count = (found.get(key) ?? 0) + (counts[from + i] ?? 0);
        if (count === 0) found.delete(key);
        else found.set(key, count);
      }
    },
  });
  return found;
}

describe('HistogramWindows', () => {
  it('counts like a map, sample by sample and window by window', () => {
    const sample = new HistogramWindows();
    const sum = new HistogramWindows();
    const expected = new Map<number, number>();
    for (let i = 0; i < 20_000; i++) {
      const key = int(50) * 1024 + (int(3) === 0 ? int(1024) : 300 + int(40));
      const count = int(20) - 3;
      sample.add(key, count);
      expected.set(key, (expected.get(key) ?? 0) + count);
    }
    for (const [key, count] of expected) if (count === 0) expected.delete(key);
    expect(counts(sample)).toEqual(expected);
    for (let twice = 0; twice < 2; twice++) sample.forEachWindow((id, window) => sum.addWindow(id, window));
    expect(counts(sum)).toEqual(new Map([...expected].map(([key, count]) => [key, count * 2])));
    expect(sum.window(51)).toBeUndefined();
  });
});

describe('SealedCells', () => {
  it('tells the same as the cells it was made of, and gives it back', () => {
    const cells = new Cells();
    for (let edge = 0; edge < 40; edge++) {
      const row = cells.row(edge * 3);
      cells.add(row, 0, int(300));
      cells.add(row, 2, int(2 ** 31) * 8);
      cells.add(row, 5, edge === 7 ? -1 : int(2));
      for (let n = 0; n < 60; n++) {
        const width = [1, 300, 70_000, -2, 2 ** 33][int(5)] ?? 0;
        cells.sample(cells.histogram(row, int(6)), 100 + int(900), width);
      }
    }
    const sealed = SealedCells.of(cells);
    const again = new Cells();
    sealed.addTo(again);
    for (const part of [sealed, again]) {
      expect(part.count).toBe(40);
      for (let row = 0; row < 40; row++) {
        expect(part.edge(row)).toBe(cells.edge(row));
        for (let counter = 0; counter < 8; counter++) {
          expect(part.get(row, counter)).toBe(cells.get(row, counter));
        }
      }
      for (const routes of [ownRoutes(), sharedRoutes(), sharedRoutes()])
        expect(samplesOf(part, routes)).toEqual(samplesOf(cells, routes));
    }
  });
});
