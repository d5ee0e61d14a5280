// SPDX-License-Identifier: Apache-2.0
import type { XAXisComponentOption, YAXisComponentOption } from 'echarts';
import { formatClock, formatCompact } from '@/domain/format';
import type { Tokens } from '@/theme/tokens';

/** What every chart shares: no animation, the page's font, nothing drawn that no one asked for. */
export const chartBase = (tokens: Tokens) => ({
  animation: false,
  backgroundColor: 'transparent',
  textStyle: { fontFamily: tokens.sans },
});

const label = (tokens: Tokens) => ({ color: tokens['text-3'], fontSize: 11, fontFamily: tokens.sans });

const CLOCK_STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880].map(
  (minutes) => minutes * 60_000,
);

/** Whole minutes, hours or days between labels, so that about six fit. */
export const clockStep = (from: number, to: number, labels = 6): number =>
  CLOCK_STEPS_MS.find((step) => (to - from) / step <= labels) ?? 4 * 86_400_000;

/** Labels on round local times. Value axis: ECharts' own time axis chooses its own places. */
export const clockAxis = (
  tokens: Tokens,
  {
    from,
    to,
    labels = true,
    gridIndex = 0,
  }: { from: number; to: number; labels?: boolean; gridIndex?: number },
): XAXisComponentOption => {
  const step = clockStep(from, to);
  const zone = new Date(from).getTimezoneOffset() * 60_000;
  const first = Math.ceil((from - zone) / step) * step + zone;
  const ticks: number[] = [];
  for (let at = first; at <= to; at += step) ticks.push(at);
  return {
    type: 'value',
    gridIndex,
    min: from,
    max: to,
    // bars would widen the axis: then charts above each other no longer share their clock
    containShape: false,
    axisLine: { show: false },
    axisTick: { show: false, customValues: ticks },
    splitLine: { show: false },
    axisLabel: {
      ...label(tokens),
      show: labels,
      customValues: ticks,
      formatter: (value: number) => formatClock(value),
      alignMinLabel: 'left',
      alignMaxLabel: 'right',
    },
  };
};

/** A clock for narrow charts: few labels, centred on their moments, none that would stick out at the ends. */
export const narrowClockAxis = (
  tokens: Tokens,
  { from, to, labels, gridIndex = 0 }: { from: number; to: number; labels: number; gridIndex?: number },
): XAXisComponentOption => {
  const axis = clockAxis(tokens, { from, to, gridIndex });
  const step = clockStep(from, to, labels);
  const zone = new Date(from).getTimezoneOffset() * 60_000;
  const margin = (to - from) * 0.06;
  const ticks: number[] = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) {
    if (at > from + margin && at < to - margin) ticks.push(at);
  }
  return {
    ...axis,
    axisTick: { show: false, customValues: ticks },
    axisLabel: { ...axis.axisLabel, customValues: ticks, alignMinLabel: 'center', alignMaxLabel: 'center' },
  } as XAXisComponentOption;
};

/** A round number at or above `value`. */
export const niceCeiling = (value: number): number => {
  if (!(value > 0)) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  const rounded = Number((value / size).toFixed(6));
  return ([1, 2, 2.5, 5, 10].find((step) => step >= rounded) ?? 10) * size;
};

/** The end of an axis whose `lines` grid lines all fall on round numbers. */
export const niceTop = (value: number, lines: number): number => niceCeiling(value / lines) * lines;

/** Two to four grid lines, whichever leaves least room above `value`. */
export const fewLines = (value: number): number =>
  [4, 3, 2].reduce((best, lines) => (niceTop(value, lines) < niceTop(value, best) * 0.999 ? lines : best), 3);

/** Zero-based, few grid lines, no axis line. */
export const valueAxis = (
  tokens: Tokens,
  {
    top,
    lines = 2,
    gridIndex = 0,
    format,
  }: { top: number; lines?: number; gridIndex?: number; format?: (value: number) => string },
): YAXisComponentOption => {
  const max = niceTop(top, lines);
  return {
    type: 'value',
    gridIndex,
    min: 0,
    max,
    interval: max / lines,
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { show: true, lineStyle: { color: tokens['line-1'], width: 1 } },
    axisLabel: {
      ...label(tokens),
      formatter:
        format ?? ((value: number) => (value < 10 ? String(Number(value.toFixed(2))) : formatCompact(value))),
    },
  };
};

/** A word at a chart's corner, instead of a legend. */
export const cornerLabel = (tokens: Tokens, text: string, place: { left: number; top: number }) => ({
  type: 'text' as const,
  silent: true,
  ...place,
  style: { text, fill: tokens['text-3'], font: `400 11px ${tokens.sans}` },
});

/** The hatch over spans whose nodes are missing: an 8 px tile. `null` where there is no canvas. */
export const hatchTile = (colour: string): HTMLCanvasElement | null => {
  if (typeof document === 'undefined') return null;
  const tile = document.createElement('canvas');
  tile.width = 8;
  tile.height = 8;
  const context = tile.getContext('2d');
  if (context === null) return null;
  context.strokeStyle = colour;
  context.lineWidth = 1.6;
  context.beginPath();
  context.moveTo(-2, 6);
  context.lineTo(6, -2);
  context.moveTo(2, 10);
  context.lineTo(10, 2);
  context.stroke();
  return tile;
};
