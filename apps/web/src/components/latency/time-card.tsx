// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Latency, Via } from '@undermesh/schema';
import { useCallback, useMemo } from 'react';
import { timeSplit } from '@/charts/latency/time-split';
import { ABSENT, formatDuration, formatNumber, formatShare } from '@/domain/format';
import { spanWords } from '@/domain/latency/words';
import { partsThrough } from '@/domain/topology/time-parts';
import { useTokens } from '@/theme/tokens';
import { Chart, TooltipRows } from '../chart';
import { EngineBadge } from '../glyph';
import { TimeBar } from '../time-bar';
import { useSize } from '../use-size';

/** Where the mean request's time goes, over time. */
export function TimeCard({
  latency,
  destination,
  via,
  changes,
}: {
  latency: Latency;
  destination: string;
  /** What requests between both ends went through; `null`: nothing. */
  via: Via | null;
  /** Marked on the clock. */
  changes: readonly Change[];
}) {
  const tokens = useTokens();
  const { ref, size } = useSize<HTMLDivElement>();
  const { time, heat } = latency;
  const known = time.total !== null;
  const marks = useMemo(() => {
    const from = Date.parse(heat.from);
    const to = from + heat.stepSeconds * 1000 * heat.columns;
    return changes
      .map(({ time, number }) => ({ at: Date.parse(time), text: `#${number}` }))
      .filter(({ at }) => at >= from && at <= to);
  }, [changes, heat]);
  const option = useMemo(
    () =>
      tokens === null || size === null || !known
        ? null
        : timeSplit({ heat, time }, { tokens, size, destination, marks }),
    [tokens, size, known, heat, time, destination, marks],
  );
  const tooltip = useCallback(
    (value: number) => {
      const from = Date.parse(heat.from);
      const step = heat.stepSeconds * 1000;
      const column = Math.floor((value - from) / step);
      if (column < 0 || column >= heat.columns) return null;
      const at = from + column * step;
      const figure = (values: readonly (number | null)[]): string =>
        values[column] == null ? ABSENT : formatDuration(values[column]);
      return {
        at: at + step / 2,
        content: (
          <TooltipRows
            title={spanWords(at, at + step)}
            rows={[
              [destination, figure(time.applicationUs)],
              ['network', figure(time.networkUs)],
              ['local queue', figure(time.localUs)],
            ]}
          />
        ),
      };
    },
    [heat, time, destination],
  );
  const legend = [
    ['t-queue', 'local queue'],
    ['t-net', 'network'],
    ['t-app', destination],
  ] as const;
  return (
    <section className="card">
      <div className="card-head">
        <h2>Where the time goes</h2>
        <span className="t3">mean request, ms</span>
        {known && via?.time != null && (
          <span
            className="row t2 cut"
            title={`Mean of ${formatNumber(via.timed)} requests through ${via.name}`}
          >
            <EngineBadge engine="waypoint" bare />
            {formatDuration(via.time.waypointUs)} of {formatDuration(via.time.totalUs)},{' '}
            {formatShare(via.share)}
          </span>
        )}
        <span className="fill" />
        <span className="row t2 swatches">
          {(known ? legend : []).map(([token, name]) => (
            <span key={token} className="row cut">
              <i style={{ background: `var(--${token})` }} />
              {name}
            </span>
          ))}
        </span>
      </div>
      <div className="card-chart" ref={ref}>
        {known ? (
          <Chart
            option={option}
            tooltip={tooltip}
            label={`Mean time by step: ${legend.map(([, name]) => name).join(', ')}`}
          />
        ) : (
          <ThroughSay via={via} destination={destination} />
        )}
      </div>
    </section>
  );
}

/** Where nothing was timed at both ends: what the waypoint between them knows. */
function ThroughSay({ via, destination }: { via: Via | null; destination: string }) {
  const parts = partsThrough(via?.time ?? null, { client: null, server: null });
  return (
    <div className="card-say section">
      {via === null || parts === null ? (
        <p className="t3">No request was timed at both ends in this window.</p>
      ) : (
        <TimeBar
          parts={parts}
          names={{ waypoint: via.name, server: destination }}
          note={`Of ${formatNumber(via.timed)} requests; as all went through ${via.name}, none was timed at both ends.`}
        />
      )}
    </div>
  );
}
