// SPDX-License-Identifier: Apache-2.0
import type { Change, Series } from '@undermesh/schema';
import type { EChartsOption } from 'echarts';
import { peak, rates } from '@/domain/traffic';
import type { Tokens } from '@/theme/tokens';
import { chartBase, clockAxis, cornerLabel, narrowClockAxis, niceCeiling, valueAxis } from '../axes';
import { changeMarks } from '../latency/change-marks';

const LEFT = 36;
const RIGHT = 10;
const UPPER = { top: 18, height: 62 } as const;
const LOWER = { top: 102, height: 28 } as const;
/** So many labels fit under a panel's chart. */
const LABELS = 4;

/** An edge over the window, in a panel: opened per second above, failed below, with changes. Gaps stay gaps. */
export function edgeHistory(
  series: Series,
  { tokens, changes }: { tokens: Tokens; changes: readonly Change[] },
): EChartsOption {
  const step = series.stepSeconds * 1000;
  const from = Date.parse(series.from);
  const to = from + series.opened.length * step;
  const at = (index: number) => from + (index + 0.5) * step;
  const opened = rates(series, 'opened');
  const failed = rates(series, 'failed');
  return {
    ...chartBase(tokens),
    grid: [
      { left: LEFT, right: RIGHT, ...UPPER },
      { left: LEFT, right: RIGHT, ...LOWER },
    ],
    xAxis: [
      clockAxis(tokens, { from, to, labels: false }),
      narrowClockAxis(tokens, { from, to, labels: LABELS, gridIndex: 1 }),
    ],
    yAxis: [
      valueAxis(tokens, { top: (peak(opened) ?? 0) * 1.1, lines: 2 }),
      valueAxis(tokens, {
        top: Math.max(peak(failed) ?? 0, niceCeiling(1 / series.stepSeconds)),
        lines: 1,
        gridIndex: 1,
      }),
    ],
    series: [
      {
        type: 'line',
        data: opened.map((value, index) => [at(index), value]),
        symbol: 'none',
        lineStyle: { color: tokens['text-1'], width: 1.6 },
        markLine: changeMarks(
          tokens,
          changes
            .map(({ number, time }) => ({ at: Date.parse(time), text: `#${number}` }))
            .filter((mark) => mark.at >= from && mark.at <= to),
          (to - from) * 0.12,
        ),
      },
      {
        type: 'bar',
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: failed.map((value, index) => [at(index), value === 0 ? null : value]),
        barWidth: '70%',
        barMaxWidth: 6,
        barMinHeight: 2,
        itemStyle: { color: tokens.crit },
      },
    ],
    graphic: [
      cornerLabel(tokens, 'opened', { left: LEFT + 2, top: UPPER.top - 15 }),
      cornerLabel(tokens, 'failed', { left: LEFT + 2, top: LOWER.top - 15 }),
    ],
  };
}
