// SPDX-License-Identifier: Apache-2.0
import type { Latency } from '@undermesh/schema';
import type { EChartsOption } from 'echarts';
import { formatMilliseconds } from '@/domain/format';
import { apart } from '@/domain/latency/scale';
import type { Tokens } from '@/theme/tokens';
import { chartBase, clockAxis, fewLines, hatchTile, niceTop, valueAxis } from '../axes';
import { changeMarks, type Mark } from './change-marks';
import { PLOT, plotBox } from './plot';

const TOP = 24;
/** Longer labels than this get a line for the figure. */
const SHORT = 13;
const LABEL_GAP = 15;

/** Mean time per step, stacked: local queue, network, application. Steps without requests stay empty. */
export function timeSplit(
  latency: Pick<Latency, 'heat' | 'time'>,
  {
    tokens,
    size,
    destination,
    marks,
  }: {
    tokens: Tokens;
    size: { width: number; height: number };
    destination: string;
    /** Changes to mark, by their number. */
    marks: readonly Mark[];
  },
): EChartsOption {
  const { heat, time } = latency;
  const from = Date.parse(heat.from);
  const step = heat.stepSeconds * 1000;
  const to = from + heat.columns * step;
  const parts = [
    { name: 'queue', colour: tokens['t-queue'], values: time.localUs },
    { name: 'network', colour: tokens['t-net'], values: time.networkUs },
    { name: destination, colour: tokens['t-app'], values: time.applicationUs },
  ];
  const known = (column: number): boolean => time.applicationUs[column] != null;
  const ms = (value: number | null | undefined): number => (value ?? 0) / 1000;
  const sums = Array.from({ length: heat.columns }, (_, column) =>
    parts.reduce((sum, { values }) => sum + ms(values[column]), 0),
  );
  const most = Math.max(...sums, 0.001) * 1.05;
  const lines = fewLines(most);
  const top = niceTop(most, lines);
  const box = plotBox(size, TOP);
  const last = Array.from({ length: heat.columns }, (_, column) => column).findLast(known) ?? null;
  let below = 0;
  const middles = parts.map(({ values }) => {
    const value = last === null ? 0 : ms(values[last]);
    const middle = below + value / 2;
    below += value;
    return box.top + (1 - middle / top) * box.height;
  });
  // the queue is named in the legend; a label for a line of a pixel would only push the others away
  const labelled = parts.map((part, index) => ({ ...part, y: middles[index] ?? 0 })).slice(1);
  const places = apart(
    labelled.map(({ y }) => y),
    LABEL_GAP,
  );
  return {
    ...chartBase(tokens),
    grid: { left: PLOT.left, right: PLOT.right, top: TOP, bottom: PLOT.bottom },
    xAxis: clockAxis(tokens, { from, to }),
    yAxis: valueAxis(tokens, { top, lines }),
    series: parts.map(({ colour, values }, index) => ({
      type: 'line' as const,
      stack: 'time',
      symbol: 'none',
      silent: true,
      lineStyle: { width: 1, color: tokens['bg-1'] },
      areaStyle: { color: colour, opacity: 0.92 },
      connectNulls: false,
      ...(index === parts.length - 1
        ? {
            markLine: changeMarks(tokens, marks, (to - from) * 0.05),
            markArea: absentAreas(tokens, { from, step, absent: heat.absent }),
          }
        : {}),
      data: sums.flatMap((_, column) => {
        const value = known(column) ? ms(values[column]) : null;
        const at = from + column * step;
        const ends = known(column) && !known(column + 1);
        return [[at, value], ...(ends ? [[at + step, value]] : [])];
      }),
    })),
    graphic:
      last === null
        ? []
        : labelled.map(({ name, values }, index) => ({
            type: 'text' as const,
            silent: true,
            left: size.width - PLOT.right + 10,
            top: (places[index] ?? 0) - (isLong(name, values[last] ?? null) ? 22 : 7),
            style: {
              text: labelText(name, values[last] ?? null),
              lineHeight: 15,
              width: PLOT.right - 14,
              overflow: 'truncate' as const,
              fill: tokens['text-2'],
              font: `500 11.5px ${tokens.sans}`,
            },
          })),
  };
}

const figureText = (name: string, value: number | null): string => `${name} ${formatMilliseconds(value)}`;
const isLong = (name: string, value: number | null): boolean => figureText(name, value).length > SHORT;
const labelText = (name: string, value: number | null): string =>
  isLong(name, value) ? `${name}\n${formatMilliseconds(value)}` : figureText(name, value);

/** Steps during which nobody reported, hatched. */
const absentAreas = (
  tokens: Tokens,
  { from, step, absent }: { from: number; step: number; absent: readonly number[] },
) => {
  const hatch = hatchTile(tokens.hatch);
  return {
    silent: true,
    itemStyle: { color: hatch === null ? tokens['bg-2'] : { image: hatch, repeat: 'repeat' as const } },
    data: absent.map(
      (column) =>
        [{ xAxis: from + column * step }, { xAxis: from + (column + 1) * step }] as [
          { xAxis: number },
          { xAxis: number },
        ],
    ),
  };
};
