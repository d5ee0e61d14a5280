// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Series, Status } from '@undermesh/schema';
import { useCallback, useMemo } from 'react';
import { connectionsOverTime, trafficPlot } from '@/charts/connections-over-time';
import { spanOf } from '@/domain/engines/marks';
import { ABSENT, formatClock, formatRate, formatSeconds } from '@/domain/format';
import { missingLabel, missingSpan } from '@/domain/overview';
import { rates } from '@/domain/traffic';
import { useTokens } from '@/theme/tokens';
import { ChangeFlags } from '../change-flags';
import { Chart, TooltipRows } from '../chart';
import { useSize } from '../use-size';

/** Connections and failures per second over the window, with the switches of engines. */
export function TrafficChart({
  series,
  status,
  switches,
}: {
  series: Series | null;
  status: Status | null;
  switches: readonly Change[];
}) {
  const tokens = useTokens();
  const { ref, size } = useSize<HTMLDivElement>();
  const silent = status?.nodes.silent;
  const clock = useMemo(() => (series === null ? null : spanOf(series)), [series]);
  const shown = useMemo(
    () =>
      clock === null
        ? []
        : switches.filter(({ time }) => Date.parse(time) >= clock.from && Date.parse(time) <= clock.to),
    [switches, clock],
  );
  const flags = shown.length > 0;
  const height = size?.height ?? null;
  const option = useMemo(() => {
    if (series === null || tokens === null || height === null) return null;
    const span = missingSpan(series, silent ?? []);
    const missing = span === null ? null : { span, label: missingLabel(silent ?? []) };
    return connectionsOverTime(series, tokens, { missing, flags, height });
  }, [series, tokens, silent, height, flags]);
  const tooltip = useCallback(
    (value: number) => {
      if (series === null) return null;
      const from = Date.parse(series.from);
      const step = series.stepSeconds * 1000;
      const index = Math.floor((value - from) / step);
      if (index < 0 || index >= series.opened.length) return null;
      const rate = (measure: 'opened' | 'failed'): string => {
        const figure = rates(series, measure)[index] ?? null;
        return figure === null ? ABSENT : `${formatRate(figure)} /s`;
      };
      const at = from + index * step;
      return {
        at: at + step / 2,
        content: (
          <TooltipRows
            title={`${formatSeconds(at)}, ${series.stepSeconds} s`}
            rows={[
              ['opened', rate('opened')],
              ['failed', rate('failed')],
            ]}
          />
        ),
      };
    },
    [series],
  );
  const label =
    series === null
      ? 'Connections and failures per second: no data yet'
      : `Connections and failures per second since ${formatClock(series.from)}`;
  return (
    <div className="traffic-chart" ref={ref}>
      <Chart option={option} label={label} tooltip={tooltip} />
      {clock !== null && size !== null && flags && (
        <ChangeFlags changes={shown} clock={clock} plot={plotIn(size)} />
      )}
    </div>
  );
}

/** Where the plots are in a chart with flags. */
function plotIn({ width, height }: { width: number; height: number }) {
  const { left, right, top, bottom } = trafficPlot({ flags: true });
  return { left, top, width: width - left - right, height: height - top - bottom };
}
