// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Bins, BinsBlock } from '../../src/aggregate/bins.js';
import { BINS } from '../../src/aggregate/histogram.js';

/** Counts by bin, as a map would have them. */
function counted(bins: Bins | undefined): [number, number][] {
  const result: [number, number][] = [];
  bins?.forEach((count, bin) => {
    result.push([bin, count]);
  });
  return result;
}

const windowOf = (first: number, counts: number[]) => ({
  first,
  counts: [99, ...counts, 99],
  from: 1,
  length: counts.length,
});

describe('Bins', () => {
  it('count what a map would count, wherever samples come', () => {
    const bins = new Bins();
    const expected = new Map<number, number>();
    for (let i = 0; i < 500; i++) {
      const bin = Math.floor(Math.random() * (i % 2 === 0 ? 40 : BINS));
      bins.add(bin, 2);
      expected.set(bin, (expected.get(bin) ?? 0) + 2);
    }
    expect(counted(bins)).toEqual([...expected].sort((a, b) => a[0] - b[0]));
    expect(bins.total).toBe(1000);
  });

  it('add windows, and each other', () => {
    const bins = new Bins();
    bins.addWindow(windowOf(100, [1, 0, 2]));
    bins.addWindow(windowOf(0, [3]));
    bins.addWindow(windowOf(BINS - 2, [4, 5]));
    bins.addWindow(windowOf(500, []));
    const sum = new Bins();
    sum.addWindow(bins);
    sum.addWindow(bins);
    expect(counted(sum)).toEqual([
      [0, 6],
      [100, 2],
      [102, 4],
      [BINS - 2, 8],
      [BINS - 1, 10],
    ]);
  });
});

describe('BinsBlock', () => {
  it('has room for what was expected, and widens alone beyond that', () => {
    const block = new BinsBlock(4);
    block.take(0, windowOf(10, [1, 1]));
    block.take(0, windowOf(20, [1]));
    block.take(1, windowOf(5, [1]));
    block.expectAll(2, 0);
    block.expectAll(2, 1);
    block.expectAll(2, 3);
    const [a, b, both, none] = block.make();
    expect(none).toBeUndefined();
    expect(both).toMatchObject({ first: 5, length: 16 });
    a?.addWindow(windowOf(10, [1, 1]));
    a?.addWindow(windowOf(20, [1]));
    b?.addWindow(windowOf(5, [7]));
    if (a !== undefined) both?.addWindow(a);
    b?.add(300, 1);
    expect([a, b, both].map(counted)).toEqual([
      [
        [10, 1],
        [11, 1],
        [20, 1],
      ],
      [
        [5, 7],
        [300, 1],
      ],
      [
        [10, 1],
        [11, 1],
        [20, 1],
      ],
    ]);
  });
});
