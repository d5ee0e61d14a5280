// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Latency } from '@undermesh/schema';
import { useCallback, useMemo } from 'react';
import { formatCompact, NBSP } from '@/domain/format';
import { heatGrid } from '@/domain/latency/heat';
import type { Region } from '@/domain/latency/region';
import { type LatencyView, MEASURE_NAMES, sampleNoun } from '@/domain/latency/view';
import type { Pair } from '@/domain/latency/windows';
import { Segments } from '../segments';
import { HeatMap } from './heat-map';
import { LatencyTable } from './latency-table';

const RAMP = [1, 2, 3, 4, 5, 6, 7] as const;

/** Samples over time and latency, as a picture or as a table. */
export function HeatCard({
  latency,
  view,
  changes,
  chosen,
  onChange,
  pair,
  onPair,
  onBrush,
  onView,
}: {
  latency: Latency;
  view: LatencyView;
  changes: readonly Change[];
  chosen: number | null;
  onChange: (change: Change) => void;
  pair: Pair | null;
  onPair: (pair: Pair) => void;
  onBrush: (region: Region | null) => void;
  onView: (as: LatencyView['as']) => void;
}) {
  const { heat, window, distribution } = latency;
  const noun = sampleNoun(view.measure);
  const gridFor = useCallback((maxRows: number) => heatGrid(heat, window, maxRows), [heat, window]);
  const most = useMemo(() => gridFor(24).most, [gridFor]);
  const bound = latency.missingNodes.length > 0 ? `≥${NBSP}` : '';
  return (
    <section className="card heat-card">
      <div className="card-head">
        <h2>{MEASURE_NAMES[view.measure]}</h2>
        <span className="t3 cut">
          logarithmic; {bound}
          {formatCompact(distribution.quantiles.count)} {noun}
          <span className="opt">, within ±{Math.round(latency.relativeError * 1000) / 10} %</span>
        </span>
        <span className="fill" />
        {view.as === 'map' && (
          <span className="row t3 heat-legend">
            1
            <svg width={RAMP.length * 16} height="9" aria-hidden="true">
              {RAMP.map((step, index) => (
                <rect key={step} x={index * 16} width="16" height="9" fill={`var(--h${step})`} />
              ))}
            </svg>
            {formatCompact(most)} {noun}
          </span>
        )}
        <Segments
          label="Heat map or table"
          value={view.as}
          options={[
            { id: 'map', name: 'Map' },
            { id: 'table', name: 'Table' },
          ]}
          onChange={onView}
        />
      </div>
      {view.as === 'map' ? (
        <HeatMap
          {...{ gridFor, noun, changes, chosen, onChange, pair, onPair, onBrush }}
          lines={latency.lines}
          relativeError={latency.relativeError}
          brush={view.brush}
        />
      ) : (
        <LatencyTable latency={latency} noun={noun} brush={view.brush} onBrush={onBrush} />
      )}
    </section>
  );
}
