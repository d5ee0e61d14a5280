// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change } from '@undermesh/schema';
import { useMemo } from 'react';
import { openConnections } from '@/charts/engines/open-connections';
import type { OpenSample } from '@/domain/engines/draining';
import { SLOT_ENGINES } from '@/domain/engines/switch';
import { formatClock } from '@/domain/format';
import { useTokens } from '@/theme/tokens';
import { Chart } from '../chart';
import { EngineBadge } from '../glyph';

/** Open connections by the engine that steers them, as this page has seen them: how the old one drains. */
export function OpenConnections({
  node,
  samples,
  changes,
}: {
  node: string;
  samples: readonly OpenSample[];
  changes: readonly Change[];
}) {
  const tokens = useTokens();
  const known = samples.some(({ open }) => open !== null);
  const option = useMemo(
    () =>
      tokens === null || !known
        ? null
        : openConnections(samples, {
            tokens,
            marks: changes.map(({ number, time }) => ({ at: Date.parse(time), text: `#${number}` })),
          }),
    [tokens, samples, changes, known],
  );
  const engines = SLOT_ENGINES.filter((engine) =>
    samples.some(({ open }) => open !== null && open[engine] > 0),
  );
  const since = samples[0]?.at ?? null;
  return (
    <section className="detail-chart" aria-label="Open connections" data-testid="open-connections">
      <h3>
        Open connections
        <span className="t3">{since === null ? '' : `since ${formatClock(since)}`}</span>
      </h3>
      {known ? (
        <>
          <p className="row chart-key">
            {engines.map((engine) => (
              <EngineBadge key={engine} engine={engine} bare />
            ))}
          </p>
          <Chart
            option={option}
            label={`Open connections of ${node} by engine, since this page has been looking`}
          />
        </>
      ) : (
        <p className="t3">Its agent does not say which engine steers what is open.</p>
      )}
    </section>
  );
}
