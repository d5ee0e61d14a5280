// SPDX-License-Identifier: Apache-2.0
import type { HeatMap, Quantiles, Window } from '@undermesh/schema';
import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams, EChartsOption } from 'echarts';
import { heatGrid } from '@/domain/latency/heat';
import { logTicks, place } from '@/domain/latency/scale';
import type { Tokens } from '@/theme/tokens';
import { chartBase } from '../axes';
import { logAxis } from './heat-map';

const MARKS = ['p50', 'p95', 'p99'] as const;
/** Bars at most: more would be hairlines in a panel. */
const BARS = 36;
/** Marks closer than this share of the width are not both named. */
const NEAR = 0.065;

/** Samples of a window by latency, with its percentiles marked; what is over the limit is amber. */
export function latencyHistogram(
  { heat, window, quantiles }: { heat: HeatMap; window: Window; quantiles: Quantiles },
  { tokens, limitUs }: { tokens: Tokens; limitUs: number | null },
): EChartsOption {
  const grid = heatGrid(heat, window, BARS);
  const bars = grid.rows.map((row, index) => {
    let count = 0;
    for (let column = 0; column < grid.columns; column += 1) {
      count += grid.counts[column * grid.rows.length + index] ?? 0;
    }
    return { ...row, count };
  });
  const low = place(grid.rows[0]?.lowUs ?? 1000);
  const high = place(grid.rows.at(-1)?.highUs ?? 64_000);
  const most = Math.max(1, ...bars.map(({ count }) => count));
  let named = Number.NEGATIVE_INFINITY;
  const marks = MARKS.flatMap((key) => {
    const value = quantiles[key];
    if (value === null) return [];
    const at = place(value);
    const free = (at - named) / Math.max(1e-9, high - low) >= NEAR;
    if (free) named = at;
    return [{ xAxis: at, label: { show: free, formatter: key } }];
  });
  return {
    ...chartBase(tokens),
    grid: { left: 8, right: 8, top: 22, bottom: 22 },
    xAxis: logAxis(tokens, { low, high, ticks: logTicks(2 ** low, 2 ** high) }),
    yAxis: { type: 'value', show: false, min: 0, max: most },
    series: [
      {
        type: 'custom',
        silent: true,
        data: bars.map(({ lowUs, highUs, count }) => [place(lowUs), place(highUs), count]),
        renderItem: ((_: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
          const [from, to, count] = [0, 1, 2].map((index) => Number(api.value(index)));
          const [x0 = 0, y0 = 0] = api.coord([from ?? 0, count ?? 0]);
          const [x1 = 0, y1 = 0] = api.coord([to ?? 0, 0]);
          const over = limitUs !== null && 2 ** (from ?? 0) >= limitUs * 0.999;
          const tall = (count ?? 0) > 0 ? Math.max(1, y1 - y0) : 0;
          return {
            type: 'rect' as const,
            shape: { x: x0 + 0.5, y: y1 - tall, width: Math.max(1, x1 - x0 - 1), height: tall },
            style: { fill: over ? tokens.warn : tokens.edge },
          };
        }) as never,
      },
      {
        type: 'line',
        data: [],
        markLine: {
          silent: true,
          symbol: 'none',
          lineStyle: { color: tokens['text-1'], width: 1, type: [3, 3] },
          label: {
            position: 'end',
            distance: 4,
            color: tokens['text-1'],
            fontSize: 11,
            fontWeight: 500,
            fontFamily: tokens.sans,
          },
          data: marks,
        },
      },
    ],
  } as EChartsOption;
}
