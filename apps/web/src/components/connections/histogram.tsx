// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change } from '@undermesh/schema';
import { useCallback, useMemo } from 'react';
import { connectionHistogram, type Histogram } from '@/charts/connection-histogram';
import { formatNumber, formatSeconds } from '@/domain/format';
import { useTokens } from '@/theme/tokens';
import { Chart, TooltipRows } from '../chart';

/** How many ended and failed over the window. */
export function ConnectionHistogram({
  histogram,
  switches,
}: {
  histogram: Histogram | null;
  /** Of engines, marked. */
  switches: readonly Change[];
}) {
  const tokens = useTokens();
  const option = useMemo(
    () =>
      histogram === null || tokens === null
        ? null
        : connectionHistogram(histogram, { tokens, changes: switches }),
    [histogram, tokens, switches],
  );
  const tooltip = useCallback(
    (value: number) => {
      if (histogram === null) return null;
      const from = Date.parse(histogram.from);
      const step = histogram.stepSeconds * 1000;
      const index = Math.floor((value - from) / step);
      if (index < 0 || index >= histogram.ended.length) return null;
      return {
        at: from + (index + 0.5) * step,
        content: (
          <TooltipRows
            title={`${formatSeconds(from + index * step)}, ${histogram.stepSeconds} s`}
            rows={[
              ['ended', formatNumber(histogram.ended[index])],
              ['failed', formatNumber(histogram.failed[index])],
            ]}
          />
        ),
      };
    },
    [histogram],
  );
  return (
    <div className="histogram">
      <Chart option={option} label="Connections ended and failed over the window" tooltip={tooltip} />
    </div>
  );
}
