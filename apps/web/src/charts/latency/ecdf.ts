// SPDX-License-Identifier: Apache-2.0
import type { Distribution } from '@undermesh/schema';
import type { EChartsOption } from 'echarts';
import { logTicks, place } from '@/domain/latency/scale';
import type { Tokens } from '@/theme/tokens';
import { chartBase, valueAxis } from '../axes';
import { logAxis } from './heat-map';

export interface Curve {
  name: string;
  distribution: Distribution;
  /** The reference that the other is held against: grey and dashed. */
  reference?: boolean;
  colour?: string;
}

const GRID = { left: 40, right: 20, top: 12, bottom: 26 } as const;
/** Heights at which curves are labelled, from fast to slow, so that labels of neighbours keep apart, %. */
const LABEL_AT = [68, 40, 54, 26];

/** Share of samples up to each latency. Latency is logarithmic. */
export function ecdf(curves: readonly Curve[], tokens: Tokens): EChartsOption {
  const median = ({ distribution: { quantiles } }: Curve): number => quantiles.p50 ?? 0;
  const known = curves
    .filter(({ distribution }) => distribution.ecdf.length > 1)
    .sort((a, b) => median(a) - median(b));
  const all = known.flatMap(({ distribution }) => distribution.ecdf.map(([us]) => us));
  const low = all.length === 0 ? 1000 : Math.min(...all);
  const high = all.length === 0 ? 64_000 : Math.max(...all);
  const range = { low: Math.floor(place(low)), high: Math.ceil(place(high)) };
  const axis = logAxis(tokens, { ...range, ticks: logTicks(2 ** range.low, 2 ** range.high) });
  return {
    ...chartBase(tokens),
    grid: GRID,
    xAxis: axis,
    yAxis: valueAxis(tokens, { top: 100, lines: 2, format: (value) => String(value) }),
    series: known.map(({ name, distribution, reference = false, colour }, index) => {
      const ink = colour ?? (reference ? tokens['text-3'] : tokens['text-1']);
      const target = LABEL_AT[index % LABEL_AT.length] ?? 50;
      const at = distribution.ecdf.findIndex(([, share]) => share * 100 >= target);
      // the fastest is labelled on its free side, the others on theirs
      const left = index === 0 && known.length > 1;
      return {
        type: 'line' as const,
        symbol: 'none',
        silent: true,
        lineStyle: {
          color: ink,
          width: reference ? 1.6 : 1.8,
          type: reference ? ([5, 3] as never) : 'solid',
        },
        data: [
          [range.low, 0],
          ...distribution.ecdf.map(([us, share]) => [place(us), share * 100]),
          [range.high, 100],
        ],
        ...(name === '' || at < 0
          ? {}
          : {
              markPoint: {
                silent: true,
                symbol: 'circle',
                symbolSize: 0.1,
                label: {
                  show: true,
                  formatter: name,
                  position: left ? ('left' as const) : ('right' as const),
                  distance: 10,
                  color: ink,
                  fontSize: 11.5,
                  fontWeight: 500 as const,
                  fontFamily: tokens.sans,
                },
                data: [
                  {
                    name,
                    coord: [place(distribution.ecdf[at]?.[0] ?? 1), (distribution.ecdf[at]?.[1] ?? 0) * 100],
                  },
                ],
              },
            }),
      };
    }),
  };
}
