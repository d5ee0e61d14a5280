// SPDX-License-Identifier: Apache-2.0
import type { QuantileLines } from '@undermesh/schema';
import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams, EChartsOption } from 'echarts';
import { durationFigure } from '@/domain/format';
import { type HeatGrid, heatStep, paceAt } from '@/domain/latency/heat';
import { apart, logTicks, place } from '@/domain/latency/scale';
import type { TokenName, Tokens } from '@/theme/tokens';
import { chartBase, clockAxis, hatchTile } from '../axes';
import { PLOT, plotBox } from './plot';

const LINES = [
  { key: 'p50', type: 'solid', width: 1.6 },
  { key: 'p95', type: [6, 3], width: 1.5 },
  { key: 'p99', type: [2, 2], width: 1.6 },
] as const;
const LABEL_GAP = 15;

/** Lowest and highest latency of the plot, log2 of µs. */
export const heatRange = (grid: HeatGrid): { low: number; high: number } => ({
  low: place(grid.rows[0]?.lowUs ?? 1000),
  high: place(grid.rows.at(-1)?.highUs ?? 4000),
});

/** Samples by time and latency, with the course of p50, p95 and p99 above them. Columns without reports are hatched. */
export function heatMap(
  grid: HeatGrid,
  lines: QuantileLines,
  { tokens, size, top }: { tokens: Tokens; size: { width: number; height: number }; top: number },
): EChartsOption {
  const { low, high } = heatRange(grid);
  const to = grid.from + grid.columns * grid.step;
  const ramp = Array.from({ length: 8 }, (_, step) => tokens[`h${step}` as TokenName]);
  const hatch = hatchTile(tokens.hatch);
  const box = plotBox(size, top);
  const yOf = (at: number): number => box.top + ((high - at) / Math.max(1e-9, high - low)) * box.height;
  const drawColumn = (_: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
    const column = Number(api.value(2));
    const from = grid.from + column * grid.step;
    const [x0 = 0] = api.coord([from, low]);
    const [x1 = 0] = api.coord([from + grid.step, low]);
    const width = Math.max(1, x1 - x0 - 1);
    if (grid.absent.has(column)) {
      const fill = hatch === null ? tokens['bg-2'] : { image: hatch, repeat: 'repeat' as const };
      return {
        type: 'rect' as const,
        shape: { x: x0, y: box.top, width: x1 - x0, height: box.height },
        style: { fill },
      };
    }
    return {
      type: 'group' as const,
      children: grid.rows.map((row, index) => {
        const y = yOf(place(row.highUs));
        const height = Math.max(1, yOf(place(row.lowUs)) - y - 1);
        const fill = ramp[heatStep(paceAt(grid, column, index), grid.most)] ?? 'transparent';
        return {
          type: 'rect' as const,
          shape: { x: x0 + 0.5, y: y + 0.5, width, height, r: 1 },
          style: { fill },
        };
      }),
    };
  };
  const at = (index: number): number => grid.from + (index + 0.5) * grid.step;
  const ends = LINES.map(({ key }) => lines[key].findLast((value) => value !== null) ?? null);
  const labelled = ends.map((value) => (value === null ? null : yOf(place(value))));
  const spread = apart(
    labelled.map((y) => y ?? box.top + box.height),
    LABEL_GAP,
  );
  const unit = ends.some((value) => value !== null)
    ? durationFigure(ends.findLast((v) => v !== null) ?? 0).unit
    : '';
  const series = LINES.flatMap(({ key, type, width }, index) => {
    const data = lines[key].map((value, column) => [at(column), value === null ? null : place(value)]);
    const end = ends[index] ?? null;
    const shared = { type: 'line' as const, data, symbol: 'none', silent: true, connectNulls: false };
    const figure = durationFigure(end);
    return [
      {
        ...shared,
        z: 5,
        lineStyle: { color: tokens['bg-1'], width: width + 3, opacity: 0.9, join: 'round' as const },
      },
      {
        ...shared,
        z: 6,
        lineStyle: { color: tokens['text-1'], width, type: type as 'solid' | number[] },
        endLabel: {
          show: end !== null,
          formatter: `${key} ${figure.value}${figure.unit === unit ? '' : ` ${figure.unit}`}`,
          color: tokens['text-1'],
          fontSize: 11.5,
          fontWeight: 500 as const,
          fontFamily: tokens.sans,
          // lines end in the middle of the last column
          distance: 6 + box.width / grid.columns / 2,
          offset: [0, (spread[index] ?? 0) - (labelled[index] ?? spread[index] ?? 0)],
        },
      },
    ];
  });
  const ticks = logTicks(2 ** low, 2 ** high);
  return {
    ...chartBase(tokens),
    grid: { left: PLOT.left, right: PLOT.right, top, bottom: PLOT.bottom },
    xAxis: clockAxis(tokens, { from: grid.from, to }),
    yAxis: logAxis(tokens, { low, high, ticks }),
    series: [
      {
        type: 'custom',
        silent: true,
        data: Array.from({ length: grid.columns }, (_, column) => [
          grid.from + column * grid.step,
          low,
          column,
        ]),
        renderItem: drawColumn as never,
        z: 1,
      },
      ...series,
    ],
  } as EChartsOption;
}

/** A logarithmic latency axis on log2 of µs. */
export const logAxis = (
  tokens: Tokens,
  { low, high, ticks }: { low: number; high: number; ticks: readonly { at: number; text: string }[] },
) => {
  const texts = new Map(ticks.map(({ at, text }) => [at.toFixed(3), text]));
  const customValues = ticks.map(({ at }) => at);
  return {
    type: 'value' as const,
    min: low,
    max: high,
    axisLine: { show: false },
    axisTick: { show: false, customValues },
    splitLine: { show: false },
    axisLabel: {
      color: tokens['text-3'],
      fontSize: 11,
      fontFamily: tokens.sans,
      customValues,
      formatter: (value: number) => texts.get(value.toFixed(3)) ?? '',
    },
  };
};
