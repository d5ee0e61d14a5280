// SPDX-License-Identifier: Apache-2.0
import type { EChartsOption } from 'echarts';
import type { OpenSample } from '@/domain/engines/draining';
import { SLOT_ENGINES } from '@/domain/engines/switch';
import { ENGINE_TOKEN } from '@/domain/glyphs';
import type { Tokens } from '@/theme/tokens';
import { chartBase, fewLines, narrowClockAxis, valueAxis } from '../axes';
import { changeMarks, type Mark } from '../latency/change-marks';

const GRID = { left: 40, right: 12, top: 28, bottom: 20 } as const;
const LABELS = 4;
/** The shortest stretch that is drawn. */
const SHORTEST_MS = 120_000;
/** Samples further apart than this are not joined. */
const GAP_MS = 6_000;
/** From the bottom up: an older engine's connections lie below those of a newer one. */
const LAYERS = [...SLOT_ENGINES].reverse();
const FORGOTTEN = { engine: 'forgotten', token: 'unk' } as const;

/** Open connections over time, stacked by the engine that steers them. */
export function openConnections(
  samples: readonly OpenSample[],
  { tokens, marks }: { tokens: Tokens; marks: readonly Mark[] },
): EChartsOption {
  const to = samples.at(-1)?.at ?? 0;
  const from = Math.min(samples[0]?.at ?? to, to - SHORTEST_MS);
  const sums = samples.map(({ open }) =>
    open === null ? 0 : Object.values(open).reduce((sum, count) => sum + count, 0),
  );
  const most = Math.max(1, ...sums) * 1.1;
  const layers = [FORGOTTEN, ...LAYERS.map((engine) => ({ engine, token: ENGINE_TOKEN[engine] }))].filter(
    ({ engine }) => samples.some(({ open }) => open !== null && open[engine] > 0),
  );
  const marked = changeMarks(
    tokens,
    marks.filter(({ at }) => at >= from && at <= to),
    (to - from) * 0.14,
  );
  return {
    ...chartBase(tokens),
    grid: GRID,
    xAxis: narrowClockAxis(tokens, { from, to, labels: LABELS }),
    yAxis: valueAxis(tokens, { top: most, lines: fewLines(most) }),
    series: layers.map(({ engine, token }, index) => {
      const colour = tokens[token as keyof Tokens];
      return {
        type: 'line' as const,
        stack: 'open',
        silent: true,
        symbol: 'none',
        connectNulls: false,
        lineStyle: { color: colour, width: 1.4 },
        areaStyle: { color: colour, opacity: 0.22 },
        data: joined(samples, engine),
        ...(index === 0 ? { markLine: marked } : {}),
      };
    }),
  };
}

/** A gap where nobody said, or this page was not looking. */
function joined(samples: readonly OpenSample[], engine: keyof NonNullable<OpenSample['open']>) {
  const points: [number, number | null][] = [];
  let before: number | null = null;
  for (const { at, open } of samples) {
    if (before !== null && at - before > GAP_MS) points.push([before + 1, null]);
    points.push([at, open === null ? null : open[engine]]);
    before = at;
  }
  return points;
}
