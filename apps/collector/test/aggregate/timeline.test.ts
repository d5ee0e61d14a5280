// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Distribution } from '../../src/aggregate/cells.js';
import {
  COARSE_MS,
  DAY_MS,
  FINE_MS,
  FIVE_MINUTES_MS,
  HOUR_MS,
  QUARTER_DAY_MS,
  QUARTER_HOUR_MS,
} from '../../src/aggregate/tiers.js';
import { Timeline } from '../../src/aggregate/timeline.js';

const START = Math.ceil(1_763_800_000_000 / COARSE_MS) * COARSE_MS;

function count(timeline: Timeline, edge: number, time: number, now = time): void {
  const cells = timeline.at(time, now);
  if (cells === null) return;
  const row = cells.row(edge);
  cells.add(row, 0, 1);
  cells.sample(cells.histogram(row, Distribution.connectUs * 2), 100, 1);
}
function sum(timeline: Timeline, from: number, to: number, edge = 1): { count: number; samples: number } {
  const cells = timeline.read.sum({ from, to });
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

  it('keeps minutes for a day and hours for a month, then forgets', () => {
    const timeline = new Timeline();
    count(timeline, 1, START);
    const run = (from: number, to: number, step: number): void => {
      for (let now = START + from; now < START + to; now += step) timeline.tick(now);
    };
    const hour = 3_600_000;
    run(0, 3 * hour, 60_000);
    expect(sum(timeline, START, START + COARSE_MS).count).toBe(1);
    expect(timeline.read.resolutionMs({ from: START, to: START + COARSE_MS }, START + 3 * hour)).toBe(
      COARSE_MS,
    );
    run(3 * hour, 26 * hour, 600_000);
    expect(timeline.read.resolutionMs({ from: START, to: START + COARSE_MS }, START + 26 * hour)).toBe(
      HOUR_MS,
    );
    expect(sum(timeline, START, START + COARSE_MS)).toEqual({ count: 1, samples: 1 });
    run(26 * hour, 33 * 24 * hour, 12 * hour);
    expect(sum(timeline, START, START + COARSE_MS).count).toBe(0);
    expect(timeline.sealedCells).toBe(0);
    expect(timeline.sealedBytes).toBe(0);
    expect(timeline.read.oldest()).toBeNull();
  });

  it('is as fine before the first traffic as with it', () => {
    const timeline = new Timeline();
    const quiet = START + FIVE_MINUTES_MS - (START % FIVE_MINUTES_MS);
    for (let now = quiet + 250_000; now < quiet + 400_000; now += 1000) {
      count(timeline, 1, now);
      timeline.tick(now);
    }
    const now = quiet + 400_000;
    expect(timeline.read.resolutionMs({ from: quiet + 100_000, to: now }, now)).toBe(FINE_MS);
  });

  it('counts late records in the finest buckets that still tell all', () => {
    const timeline = new Timeline();
    const hour = 3_600_000;
    const day = 24 * hour;
    const events: number[] = [];
    let now = START;
    const add = (time: number): void => {
      events.push(time);
      count(timeline, 1, time, now);
    };
    for (; now < START + 3 * day; now += 7 * 60_000) {
      add(now);
      if (events.length % 5 === 0) add(now - 2 * hour);
      if (events.length % 7 === 0) add(now - 30 * hour);
      if (events.length % 11 === 0) add(now - 61_000);
      timeline.tick(now);
    }
    for (const [from, to] of [
      [START - 3 * day, now],
      [START - 3 * day, START + day],
      [START + day, START + 2 * day],
    ] as const) {
      const [first, last] = [Math.floor(from / hour) * hour, Math.ceil(to / hour) * hour];
      const expected = events.filter((time) => time >= first && time < last).length;
      expect(sum(timeline, first, last)).toEqual({ count: expected, samples: expected });
    }
    const steps = 24 * 6;
    const counted = Array<number>(steps).fill(0);
    const from = Math.floor((START - 3 * day) / hour) * hour;
    timeline.read.columns({ from, to: from + steps * hour, steps }, (step, part) => {
      for (let row = 0; row < part.count; row++) counted[step] = (counted[step] ?? 0) + part.get(row, 0);
    });
    expect(counted).toEqual(
      Array.from(
        { length: steps },
        (_, step) =>
          events.filter((time) => time >= from + step * hour && time < from + (step + 1) * hour).length,
      ),
    );
  });

  it('counts what is ahead of its time as now, and refuses what is older than a month', () => {
    const timeline = new Timeline();
    count(timeline, 1, START + 3_600_000, START);
    expect(sum(timeline, START, START + FINE_MS).count).toBe(1);
    count(timeline, 1, START - 32 * 86_400_000, START);
    expect(timeline.late).toBe(1);
  });

  it('gives up the oldest minutes rather than grow without bound', () => {
    const timeline = new Timeline({ maxCells: 500 });
    for (let minute = 0; minute < 30; minute++) {
      const now = START + minute * COARSE_MS;
      for (let edge = 0; edge < 50; edge++) count(timeline, edge, now);
      timeline.tick(now);
    }
    timeline.tick(START + 40 * COARSE_MS);
    expect(timeline.sealedCells).toBeLessThanOrEqual(600);
    expect(timeline.droppedCells).toBeGreaterThan(0);
    // The five minutes that they made up still stand for them.
    const minute = { from: START + 29 * COARSE_MS, to: START + 30 * COARSE_MS };
    expect(timeline.read.resolutionMs(minute, START + 40 * COARSE_MS)).toBe(FIVE_MINUTES_MS);
    const first = Math.floor(minute.from / FIVE_MINUTES_MS) * FIVE_MINUTES_MS;
    expect(sum(timeline, minute.from, minute.to).count).toBe((minute.to - first) / COARSE_MS);
  });

  it('gives up quarters of a day where minutes are not enough, and then no day tells of them', () => {
    const timeline = new Timeline({ maxCells: 120 });
    const end = START + 6 * DAY_MS;
    for (let now = START; now < end; now += 10 * COARSE_MS) {
      count(timeline, 1, now);
      timeline.tick(now);
    }
    expect(timeline.droppedCells).toBeGreaterThan(0);
    expect(timeline.sealedCells).toBeLessThanOrEqual(130);
    const from = Math.floor(START / QUARTER_DAY_MS) * QUARTER_DAY_MS;
    const quarters: number[] = [];
    for (let at = from; at < end; at += QUARTER_DAY_MS)
      quarters.push(sum(timeline, at, at + QUARTER_DAY_MS).count);
    const known = quarters.reduce((all, one) => all + one, 0);
    expect(quarters[0]).toBe(0);
    expect(known).toBeGreaterThan(0);
    expect(sum(timeline, from, end).count).toBe(known);
    expect(sum(timeline, from - DAY_MS, end + DAY_MS).count).toBe(known);
  });

  it('sums up widths that an earlier version did not write down', () => {
    const before = new Timeline();
    const end = START + 26 * HOUR_MS;
    for (let now = START; now < end; now += COARSE_MS) {
      count(before, 1, now);
      before.tick(now);
    }
    const after = new Timeline();
    for (const rollup of before.snapshot(new Map()))
      if (rollup.widthMs !== QUARTER_HOUR_MS) after.restore(rollup);
    after.tick(end);
    for (const from of [START, START + 5 * COARSE_MS, end - 12 * HOUR_MS, end - HOUR_MS])
      expect(sum(after, from, end)).toEqual(sum(before, from, end));
    const [parts, partsBefore] = [after, before].map((timeline) => {
      let visited = 0;
      timeline.read.columns({ from: START, to: end, steps: 1 }, () => visited++);
      return visited;
    });
    expect(parts).toBe(partsBefore);
  });
});
