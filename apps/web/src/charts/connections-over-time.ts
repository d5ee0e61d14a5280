// SPDX-License-Identifier: Apache-2.0
import type { Series } from '@undermesh/schema';
import type { EChartsOption } from 'echarts';
import { peak, rates } from '@/domain/traffic';
import type { Tokens } from '@/theme/tokens';
import { chartBase, clockAxis, cornerLabel, hatchTile, niceCeiling, valueAxis } from './axes';

const LEFT = 52;
const RIGHT = 16;
const TOP = 26;
const BOTTOM = 26;
const LOWER = 54;
const BETWEEN = 22;

export interface Missing {
  /** Indices of the first and last step. */
  span: readonly [number, number];
  label: string;
}

/** Height of the row of flags above the plot. */
const FLAG_ROW = 24;

/** Where the plots are, px from the chart's edges: for what lies over them. */
export const trafficPlot = ({ flags }: { flags: boolean }) => ({
  left: LEFT,
  right: RIGHT,
  top: TOP + (flags ? FLAG_ROW : 0),
  bottom: BOTTOM,
});

/** Connections opened per second above, failed ones as bars below, on one clock. Spans without all nodes are hatched. */
export const connectionsOverTime = (
  series: Series,
  tokens: Tokens,
  { missing = null, flags = false, height }: { missing?: Missing | null; flags?: boolean; height: number },
): EChartsOption => {
  const { top } = trafficPlot({ flags });
  const from = Date.parse(series.from);
  const step = series.stepSeconds * 1000;
  const to = from + series.opened.length * step;
  const at = (index: number): number => from + (index + 0.5) * step;
  const opened = rates(series, 'opened');
  const failed = rates(series, 'failed');
  const upper = Math.max(40, height - top - BOTTOM - LOWER - BETWEEN);
  const tile = missing === null ? null : hatchTile(tokens.hatch);
  const hatch =
    missing === null || tile === null
      ? {}
      : {
          markArea: {
            silent: true,
            itemStyle: { color: { image: tile, repeat: 'repeat' as const } },
            data: [[{ xAxis: from + missing.span[0] * step }, { xAxis: to }]] as [
              { xAxis: number },
              { xAxis: number },
            ][],
          },
        };
  const words =
    missing === null || !('markArea' in hatch)
      ? hatch
      : {
          markArea: {
            ...hatch.markArea,
            label: {
              show: true,
              position: 'insideBottom' as const,
              color: tokens['text-2'],
              fontSize: 11.5,
              fontFamily: tokens.sans,
              distance: 8,
            },
            data: [[{ xAxis: from + missing.span[0] * step, name: missing.label }, { xAxis: to }]] as [
              { xAxis: number; name: string },
              { xAxis: number },
            ][],
          },
        };
  return {
    ...chartBase(tokens),
    grid: [
      { left: LEFT, right: RIGHT, top, height: upper },
      { left: LEFT, right: RIGHT, bottom: BOTTOM, height: LOWER },
    ],
    xAxis: [clockAxis(tokens, { from, to, labels: false }), clockAxis(tokens, { from, to, gridIndex: 1 })],
    yAxis: [
      valueAxis(tokens, { top: (peak(opened) ?? 0) * 1.15, lines: 3 }),
      valueAxis(tokens, {
        top: Math.max(peak(failed) ?? 0, niceCeiling(1 / series.stepSeconds)),
        gridIndex: 1,
      }),
    ],
    series: [
      {
        type: 'line',
        data: opened.map((value, index) => [at(index), value]),
        symbol: 'none',
        connectNulls: false,
        lineStyle: { color: tokens['text-2'], width: 1.6 },
        areaStyle: { color: tokens['text-2'], opacity: 0.1 },
        ...words,
      },
      {
        type: 'bar',
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: failed.map((value, index) => [at(index), value === 0 ? null : value]),
        barWidth: '70%',
        barMaxWidth: 8,
        barMinHeight: 2,
        itemStyle: { color: tokens.crit },
        ...hatch,
      },
    ],
    graphic: [
      cornerLabel(tokens, 'opened', { left: LEFT + 4, top: top - 15 }),
      cornerLabel(tokens, 'failed', { left: LEFT + 4, top: height - BOTTOM - LOWER - 17 }),
    ],
  };
};
