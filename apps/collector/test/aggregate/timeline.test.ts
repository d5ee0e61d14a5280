// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Distribution } from '../../src/aggregate/cells.js';
import { COARSE_MS, FINE_MS, Timeline } from '../../src/aggregate/timeline.js';

const START = Math.ceil(1_763_800_000_000 / COARSE_MS) * COARSE_MS;

function count(timeline: Timeline, edge: number, time: number, now = time): void {
  const cells = timeline.at(time, now);
  if (cells === null) return;
  const row = cells.row(edge);
  cells.add(row, 0, 1);
  cells.sample(cells.histogram(row, Distribution.connectUs * 2), 100, 1);
}
function sum(timeline: Timeline, from: number, to: number, edge = 1): { count: number; samples: number } {
  const cells = timeline.sum({ from, to });
  let samples = 0;
  cells.histograms.forEach((_, n) => {
    samples += n;
  });
  return { count: cells.get(cells.row(edge), 0), samples };
}

describe('Timeline', () => {
  it('adds up the same whether buckets are open, closed or rolled up, at any cut', () => {
    const timeline = new Timeline();
    const events: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const now = START + i * 700;
      const time = now - (i % 10 === 0 ? Math.random() * 300_000 : Math.random() * 1000);
      events.push(time);
      count(timeline, 1, time, now);
      if (i % 10 === 0) timeline.tick(now);
    }
    const end = START + 2000 * 700;
    for (const [from, to] of [
      [START - 400_000, end],
      [START, START + 600_000],
      [START + 10_000, START + 70_000],
      [START + 50_000, START + 640_000],
    ] as const) {
      const expected = events.filter(
        (time) => time >= Math.floor(from / FINE_MS) * FINE_MS && time < Math.ceil(to / FINE_MS) * FINE_MS,
      ).length;
      expect(sum(timeline, from, to)).toEqual({ count: expected, samples: expected });
    }
  });

  it('keeps minutes for a day, then forgets', () => {
    const timeline = new Timeline();
    count(timeline, 1, START);
    for (let now = START; now < START + 3 * 3_600_000; now += 60_000) timeline.tick(now);
    expect(sum(timeline, START, START + COARSE_MS).count).toBe(1);
    for (let now = START + 3 * 3_600_000; now < START + 25 * 3_600_000; now += 600_000) timeline.tick(now);
    expect(sum(timeline, START, START + COARSE_MS).count).toBe(0);
    expect(timeline.sealedCells).toBe(0);
    expect(timeline.oldest()).toBeNull();
  });

  it('counts what is ahead of its time as now, and refuses what is older than a day', () => {
    const timeline = new Timeline();
    count(timeline, 1, START + 3_600_000, START);
    expect(sum(timeline, START, START + FINE_MS).count).toBe(1);
    count(timeline, 1, START - 90_000_000, START);
    expect(timeline.late).toBe(1);
  });

  it('gives up the oldest minutes rather than grow without bound', () => {
    const timeline = new Timeline(500);
    for (let minute = 0; minute < 30; minute++) {
      const now = START + minute * COARSE_MS;
      for (let edge = 0; edge < 50; edge++) count(timeline, edge, now);
      timeline.tick(now);
    }
    timeline.tick(START + 40 * COARSE_MS);
    expect(timeline.sealedCells).toBeLessThanOrEqual(600);
    expect(timeline.droppedCells).toBeGreaterThan(0);
    expect(sum(timeline, START + 29 * COARSE_MS, START + 30 * COARSE_MS).count).toBe(1);
  });
});
