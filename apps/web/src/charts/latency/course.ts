// SPDX-License-Identifier: Apache-2.0
import type { Change, Latency } from '@undermesh/schema';
import type { EChartsOption } from 'echarts';
import type { Tokens } from '@/theme/tokens';
import { chartBase, fewLines, narrowClockAxis, valueAxis } from '../axes';
import { changeMarks } from './change-marks';

const GRID = { left: 40, right: 10, top: 26, bottom: 20 } as const;
/** So many labels fit under a panel's chart. */
const LABELS = 4;

/** The course of p99 in a panel, in ms, with changes and the limit it is judged by. */
export function latencyCourse(
  { heat, lines }: Pick<Latency, 'heat' | 'lines'>,
  { tokens, changes, limitUs }: { tokens: Tokens; changes: readonly Change[]; limitUs: number | null },
): EChartsOption {
  const from = Date.parse(heat.from);
  const step = heat.stepSeconds * 1000;
  const to = from + heat.columns * step;
  const values = lines.p99.map((value) => (value === null ? null : value / 1000));
  const most = Math.max(0.001, (limitUs ?? 0) / 1000, ...values.map((value) => value ?? 0)) * 1.08;
  const count = fewLines(most);
  const marks = changes
    .map(({ number, time }) => ({ at: Date.parse(time), text: `#${number}` }))
    .filter(({ at }) => at >= from && at <= to);
  const limit =
    limitUs === null
      ? []
      : [
          {
            yAxis: limitUs / 1000,
            lineStyle: { color: tokens.warn, width: 1, type: [4, 3] as never },
            label: {
              formatter: `limit ${limitUs / 1000}`,
              position: 'insideEndTop' as const,
              color: tokens.warn,
              backgroundColor: 'transparent',
              borderWidth: 0,
              padding: 0,
            },
          },
        ];
  const marked = changeMarks(tokens, marks, (to - from) * 0.14);
  return {
    ...chartBase(tokens),
    grid: GRID,
    xAxis: narrowClockAxis(tokens, { from, to, labels: LABELS }),
    yAxis: valueAxis(tokens, { top: most, lines: count }),
    series: [
      {
        type: 'line',
        symbol: 'none',
        silent: true,
        connectNulls: false,
        lineStyle: { color: tokens['text-1'], width: 1.6 },
        data: values.map((value, column) => [from + (column + 0.5) * step, value]),
        markLine: { ...marked, data: [...marked.data, ...limit] },
      },
    ],
  };
}
