// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Series, Status } from '@undermesh/schema';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { connectionsOverTime } from '@/charts/connections-over-time';
import { ABSENT, formatClock, formatRate, formatSeconds } from '@/domain/format';
import { missingLabel, missingSpan } from '@/domain/overview';
import { rates } from '@/domain/traffic';
import { useTokens } from '@/theme/tokens';
import { Chart, TooltipRows } from '../chart';

/** Connections and failures per second over the window. */
export function TrafficChart({ series, status }: { series: Series | null; status: Status | null }) {
  const tokens = useTokens();
  const box = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const silent = status?.nodes.silent;
  const option = useMemo(() => {
    if (series === null || tokens === null || height === 0) return null;
    const span = missingSpan(series, silent ?? []);
    const missing = span === null ? null : { span, label: missingLabel(silent ?? []) };
    return connectionsOverTime(series, tokens, { missing, height });
  }, [series, tokens, silent, height]);
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
    <div className="traffic-chart" ref={box}>
      <Chart option={option} label={label} tooltip={tooltip} />
    </div>
  );
}
