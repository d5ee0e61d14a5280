// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Latency } from '@undermesh/schema';
import { useMemo } from 'react';
import { type Curve, ecdf } from '@/charts/latency/ecdf';
import { formatDuration } from '@/domain/format';
import type { LatencyView } from '@/domain/latency/view';
import { useTokens } from '@/theme/tokens';
import { Chart } from '../chart';
import { partColour, partName } from './parts-card';

const TITLES: Partial<Record<LatencyView['measure'], string>> = {
  first_byte: 'Share of requests answered within',
  last_byte: 'Share of requests complete within',
  connect: 'Share of connections made within',
  round_trip: 'Share of round trips within',
};

/** How many were done within which time: A against B when they are compared, part by part when it is split. */
export function EcdfCard({
  latency,
  comparison,
  view,
  destination,
}: {
  latency: Latency;
  comparison: Latency['comparison'];
  view: LatencyView;
  destination: string;
}) {
  const tokens = useTokens();
  const curves = useMemo((): Curve[] => {
    if (comparison !== null) {
      return [
        { name: 'A  before', distribution: comparison.a.distribution, reference: true },
        { name: 'B  after', distribution: comparison.b.distribution },
      ];
    }
    if (view.split !== 'none' && latency.parts.length > 0) {
      return latency.parts.slice(0, 4).map(({ key, distribution }, index) => ({
        name: partName(view.split, key, destination),
        distribution,
        colour: tokens === null ? '' : tokens[partColour(view.split, key, index)],
      }));
    }
    return [{ name: '', distribution: latency.distribution }];
  }, [view.split, latency.parts, latency.distribution, comparison, tokens, destination]);
  const option = useMemo(() => (tokens === null ? null : ecdf(curves, tokens)), [curves, tokens]);
  const label = curves
    .map(({ name, distribution: { quantiles } }) => `${name} half within ${formatDuration(quantiles.p50)}`)
    .join(', ');
  return (
    <section className="card">
      <div className="card-head">
        <h2>{TITLES[view.measure] ?? 'Share within'}</h2>
        <span className="t3">%</span>
      </div>
      <div className="card-chart">
        <Chart option={option} label={`Cumulative share: ${label}`} />
      </div>
    </section>
  );
}
