// SPDX-License-Identifier: Apache-2.0
import { afterAll, describe, expect, it, vi } from 'vitest';
import { clockStep, niceCeiling, niceTop } from '@/charts/axes';
import { connectionHistogram } from '@/charts/connection-histogram';
import { connectionsOverTime } from '@/charts/connections-over-time';
import { openConnections } from '@/charts/engines/open-connections';
import { TOKEN_NAMES, type Tokens } from '@/theme/tokens';
import { series } from '../fixtures';

const tokens = Object.fromEntries(TOKEN_NAMES.map((name) => [name, `<${name}>`])) as Tokens;

// the steps of the fixtures are over
vi.useFakeTimers({ now: Date.parse(series().from) + 60_000 });
afterAll(() => void vi.useRealTimers());

describe('axes', () => {
  it.each([
    [0, 1],
    [0.6, 1],
    [113, 200],
    [2400, 2500],
    [1, 1],
  ])('rounds %d up', (value, top) => expect(niceCeiling(value)).toBe(top));

  it('ends on a round number of which every grid line is one too', () => {
    expect(niceTop(126, 3)).toBe(150);
    expect(niceTop(12_800, 3)).toBe(15_000);
  });

  it('labels about six round moments', () => {
    const minute = 60_000;
    expect(clockStep(0, 30 * minute)).toBe(5 * minute);
    expect(clockStep(0, 24 * 60 * minute)).toBe(360 * minute);
  });
});

describe('connections over time', () => {
  const option = connectionsOverTime(series(), tokens, { height: 270 });
  const [opened, failed] = option.series as unknown as {
    data: [number, number | null][];
    connectNulls?: boolean;
  }[];

  it('shows rates in the middle of their steps and keeps gaps', () => {
    const from = Date.parse(series().from);
    expect(opened?.data.map(([, value]) => value)).toEqual([1, 2, null, 3]);
    expect(opened?.data[0]?.[0]).toBe(from + 5000);
    expect(opened?.connectNulls).toBe(false);
  });

  it('draws no bar where nothing failed', () => {
    expect(failed?.data.map(([, value]) => value)).toEqual([null, 0.5, null, null]);
  });

  it('never animates and starts at zero', () => {
    expect(option.animation).toBe(false);
    for (const axis of option.yAxis as { min: number }[]) expect(axis.min).toBe(0);
  });

  it('hatches nothing where no canvas is, and does not fail', () => {
    expect(() =>
      connectionsOverTime(series(), tokens, {
        height: 270,
        missing: { span: [1, 3], label: 'shop-3 missing' },
      }),
    ).not.toThrow();
  });
});

describe('open connections', () => {
  const open = { 'kernel-native': 0, 'dual-engine': 10, off: 30, forgotten: 0 };
  const samples = [
    { at: 0, open },
    { at: 1000, open },
    { at: 60_000, open: null },
    { at: 61_000, open: { ...open, off: 0 } },
  ];
  const option = openConnections(samples, { tokens, marks: [{ at: 500, text: '#1' }] });
  const lines = option.series as { data: [number, number | null][]; lineStyle: { color: string } }[];

  it('stacks the engines that any connection is with, the older one below', () => {
    expect(lines.map(({ lineStyle }) => lineStyle.color)).toEqual([tokens['e-off'], tokens['e-dual']]);
  });

  it('leaves a gap where nobody said, and where nobody looked', () => {
    expect(lines[1]?.data).toEqual([
      [0, 10],
      [1000, 10],
      [1001, null],
      [60_000, null],
      [61_000, 10],
    ]);
  });
});

describe('connection histogram', () => {
  it('stacks failed on ended, to one top', () => {
    const option = connectionHistogram(
      { from: series().from, stepSeconds: 10, ended: [4, null], failed: [3, null] },
      { tokens, changes: [] },
    );
    expect((option.yAxis as { max: number }).max).toBe(10);
    expect((option.series as { stack: string }[]).map(({ stack }) => stack)).toEqual([
      'connections',
      'connections',
    ]);
  });
});
