// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Latency, LatencySplit } from '@undermesh/schema';
import { useMemo } from 'react';
import { partLines, sharedRange } from '@/charts/latency/part-lines';
import { formatCompact, formatDuration } from '@/domain/format';
import { type TokenName, useTokens } from '@/theme/tokens';
import { Chart } from '../chart';

const TITLES: Record<Exclude<LatencySplit, 'none'>, string> = {
  node: 'By node',
  status: 'By status',
  time: 'The whole and the application alone',
};
const TIME_COLOURS: Record<string, TokenName> = { total: 'text-1', application: 'text-3' };
const INKS = ['text-1', 'accent', 'text-3', 'warn'] as const satisfies readonly TokenName[];
const STATUS_COLOURS: Record<string, TokenName> = { '5xx': 'crit', '4xx': 'warn', none: 'crit' };

/** A part's name: the destination stands for its application time, `none` for no answer. */
export const partName = (split: LatencySplit, key: string, destination: string): string => {
  if (split === 'time') return key === 'application' ? destination : 'total';
  return split === 'status' && key === 'none' ? 'no answer' : key;
};
export const partColour = (split: LatencySplit, key: string, index: number): TokenName =>
  (split === 'time' ? TIME_COLOURS[key] : split === 'status' ? STATUS_COLOURS[key] : undefined) ??
  INKS[index % INKS.length] ??
  'text-1';

/** The parts of one distribution beside each other on one scale: p50 solid, p99 dotted. */
export function PartsCard({
  latency,
  split,
  destination,
}: {
  latency: Latency;
  split: Exclude<LatencySplit, 'none'>;
  destination: string;
}) {
  const tokens = useTokens();
  const { parts, heat } = latency;
  const range = useMemo(() => sharedRange(parts.map(({ lines }) => lines)), [parts]);
  const shown = parts.slice(0, 4);
  return (
    <section className="card">
      <div className="card-head">
        <h2>{TITLES[split]}</h2>
        <span className="t3">p50 solid, p99 dotted; one scale</span>
        <span className="fill" />
        {parts.length > shown.length && (
          <span className="t3">{parts.length - shown.length} more are not shown</span>
        )}
      </div>
      {shown.length === 0 ? (
        <p className="t3 card-say">Nothing to tell apart in this window.</p>
      ) : (
        <div className="parts">
          {shown.map(({ key, lines, distribution }) => {
            const { count, p50, p99 } = distribution.quantiles;
            const name = partName(split, key, destination);
            return (
              <div key={key} className="part">
                <div className="part-name">
                  <b>{name}</b>{' '}
                  <span className="t3">
                    p99 {formatDuration(p99)}, {formatCompact(count)}
                  </span>
                </div>
                <div className="part-chart">
                  <Chart
                    option={tokens === null ? null : partLines(lines, { heat, range, tokens })}
                    label={`${name}: p50 ${formatDuration(p50)}, p99 ${formatDuration(p99)}`}
                  />
                </div>
              </div>
            );
          })}
        </div>
      )}
    </section>
  );
}
