// SPDX-License-Identifier: Apache-2.0
import type { Change, Connections } from '@undermesh/schema';
import type { EChartsOption } from 'echarts';
import type { Tokens } from '@/theme/tokens';
import { chartBase, clockAxis, niceCeiling, valueAxis } from './axes';
import { changeMarks } from './latency/change-marks';

export type Histogram = NonNullable<Connections['histogram']>;

/** Ended connections per step, failed ones on top of them, and what changed meanwhile. */
export const connectionHistogram = (
  histogram: Histogram,
  { tokens, changes }: { tokens: Tokens; changes: readonly Change[] },
): EChartsOption => {
  const from = Date.parse(histogram.from);
  const step = histogram.stepSeconds * 1000;
  const to = from + histogram.ended.length * step;
  const at = (index: number): number => from + (index + 0.5) * step;
  const tallest = histogram.ended.reduce<number>(
    (top, ended, index) => Math.max(top, (ended ?? 0) + (histogram.failed[index] ?? 0)),
    0,
  );
  const bars = (values: readonly (number | null)[], colour: string) => ({
    type: 'bar' as const,
    stack: 'connections',
    data: values.map((value, index) => [at(index), value]),
    barWidth: '72%',
    itemStyle: { color: colour },
  });
  const marks = changes
    .map(({ number, time }) => ({ at: Date.parse(time), text: `#${number}` }))
    .filter((mark) => mark.at >= from && mark.at <= to);
  return {
    ...chartBase(tokens),
    grid: { left: 48, right: 20, top: marks.length > 0 ? 24 : 14, bottom: 20 },
    xAxis: clockAxis(tokens, { from, to }),
    yAxis: valueAxis(tokens, { top: niceCeiling(tallest), lines: 1 }),
    series: [
      { ...bars(histogram.ended, tokens.edge), markLine: changeMarks(tokens, marks, (to - from) * 0.03) },
      bars(histogram.failed, tokens.crit),
    ],
  };
};
