// SPDX-License-Identifier: Apache-2.0
import type { HeatMap, QuantileLines } from '@undermesh/schema';
import type { EChartsOption } from 'echarts';
import { logTicks, place } from '@/domain/latency/scale';
import type { Tokens } from '@/theme/tokens';
import { chartBase, narrowClockAxis } from '../axes';
import { logAxis } from './heat-map';

const LABELS = 3;

/** Lowest and highest of the lines drawn, log2 of µs, whole octaves: small multiples share it. */
export function sharedRange(all: readonly QuantileLines[]): { low: number; high: number } {
  const known = all.flatMap(({ p50, p99 }) => [...p50, ...p99]).filter((value) => value !== null);
  if (known.length === 0) return { low: place(1000), high: place(64_000) };
  return { low: Math.floor(place(Math.min(...known))), high: Math.ceil(place(Math.max(...known))) };
}

/** One of several small charts on one scale: p50 solid, p99 dotted. */
export function partLines(
  lines: QuantileLines,
  { heat, range, tokens }: { heat: HeatMap; range: { low: number; high: number }; tokens: Tokens },
): EChartsOption {
  const from = Date.parse(heat.from);
  const step = heat.stepSeconds * 1000;
  const to = from + heat.columns * step;
  const line = (values: readonly (number | null)[], type: 'solid' | number[]) => ({
    type: 'line' as const,
    symbol: 'none',
    silent: true,
    connectNulls: false,
    lineStyle: { color: tokens['text-1'], width: 1.5, type: type as 'solid' },
    data: values.map((value, column) => [from + (column + 0.5) * step, value === null ? null : place(value)]),
  });
  return {
    ...chartBase(tokens),
    grid: { left: 46, right: 8, top: 6, bottom: 22 },
    xAxis: narrowClockAxis(tokens, { from, to, labels: LABELS }),
    yAxis: {
      ...logAxis(tokens, { ...range, ticks: logTicks(2 ** range.low, 2 ** range.high) }),
      splitLine: { show: true, lineStyle: { color: tokens['line-1'], width: 1 } },
    },
    series: [line(lines.p50, 'solid'), line(lines.p99, [2, 2])],
  };
}
