// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Latency, Traffic, Via } from '@undermesh/schema';
import { useMemo } from 'react';
import { latencyHistogram } from '@/charts/latency/histogram';
import { useFetch } from '@/data/use-fetch';
import { formatDuration, formatMilliseconds, formatNumber, formatSpan, sentence } from '@/domain/format';
import { untimed } from '@/domain/latency/words';
import { namedParts, partsOf, type TimeParts } from '@/domain/topology/time-parts';
import { useTokens } from '@/theme/tokens';
import { Chart } from '../chart';
import { Section } from '../panel';
import { OnTheWire } from './on-the-wire';
import { latencyQuery, type PanelScope } from './panel-scope';

const KEYS = ['p50', 'p95', 'p99'] as const;
/** How long requests take on an edge or at a vertex, part by part, and what its connections say. */
export function LatencyTab({
  scope,
  traffic,
  via,
  through,
  limitUs,
}: {
  scope: PanelScope;
  traffic: Traffic;
  /** The waypoint between both ends, and the parts of the mean request then; `null`: none. */
  via: Via | null;
  through: TimeParts | null;
  /** Over it bars and figures are amber. */
  limitUs: number | null;
}) {
  const tokens = useTokens();
  const timed = traffic.requests !== null;
  const answer = useFetch<Latency>(
    timed ? '/api/v1/latency' : null,
    { ...latencyQuery(scope), split: 'time', columns: 24 },
    { refreshSeconds: 10 },
  );
  const { data } = answer;
  const option = useMemo(
    () =>
      data === null || tokens === null
        ? null
        : latencyHistogram(
            { heat: data.heat, window: data.window, quantiles: data.distribution.quantiles },
            { tokens, limitUs },
          ),
    [data, tokens, limitUs],
  );
  const left = untimed(traffic);
  const times = via === null ? partsOf(data?.time.total ?? null) : through;
  const names = { waypoint: via?.name ?? null, server: scope.destinationName };
  const application = data?.parts.find(({ key }) => key === 'application');
  return (
    <>
      {!timed ? (
        <Section title="Requests by latency">
          <p className="t3">
            No HTTP/1.1 requests in this window
            {left.length === 0 ? '.' : `; ${left.join(', ')} carry no latency.`}
          </p>
        </Section>
      ) : data === null ? (
        <Section title="Requests by latency">
          {answer.error === null ? (
            <div className="edge-chart skeleton-chart" aria-hidden="true" />
          ) : (
            <p className="t3">{answer.error.message}</p>
          )}
        </Section>
      ) : (
        <>
          <Section
            title="Requests by latency"
            note={`${formatSpan(scope.window)}, ${formatNumber(data.distribution.quantiles.count)} requests`}
          >
            <div className="latency-histogram">
              <Chart
                option={option}
                label={`Requests by latency: ${KEYS.map((key) => `${key} ${formatDuration(data.distribution.quantiles[key])}`).join(', ')}`}
              />
            </div>
          </Section>
          <table className="table panel-table">
            <thead>
              <tr>
                <th scope="col">ms</th>
                {KEYS.map((key) => (
                  <th key={key} scope="col" className="num">
                    {key}
                  </th>
                ))}
                <th scope="col" className="num">
                  mean
                </th>
              </tr>
            </thead>
            <tbody>
              <Row
                name="Total"
                quantiles={data.distribution.quantiles}
                meanUs={data.distribution.meanUs}
                limitUs={limitUs}
                strong
              />
              {times !== null &&
                namedParts(times, names)
                  .toReversed()
                  .map(({ name, token, us }) => (
                    <Row
                      key={name}
                      name={name === names.server || name === names.waypoint ? name : sentence(name)}
                      token={token}
                      quantiles={
                        token === 'e-way'
                          ? (via?.waypointUs ?? null)
                          : token === 't-app' && via === null
                            ? (application?.distribution.quantiles ?? null)
                            : null
                      }
                      meanUs={us}
                    />
                  ))}
            </tbody>
          </table>
          {left.length > 0 && <p className="t3">Not timed: {left.join(', ')}.</p>}
        </>
      )}
      {via === null && <OnTheWire traffic={traffic} />}
    </>
  );
}

function Row({
  name,
  token,
  quantiles,
  meanUs,
  limitUs = null,
  strong = false,
}: {
  name: string;
  token?: string;
  /** `null`: known as a mean only, since it is what is left between two ends. */
  quantiles: Latency['distribution']['quantiles'] | null;
  meanUs: number | null;
  limitUs?: number | null;
  strong?: boolean;
}) {
  return (
    <tr>
      <th scope="row">
        {token !== undefined && <i className="swatch" style={{ background: `var(--${token})` }} />}
        {name}
      </th>
      {KEYS.map((key) => {
        const over = limitUs !== null && (quantiles?.[key] ?? 0) > limitUs;
        return (
          <td key={key} className={`num${strong ? ' medium' : ''}${over ? ' warn' : ''}`}>
            {quantiles === null ? '' : formatMilliseconds(quantiles[key])}
          </td>
        );
      })}
      <td className={`num${strong ? ' medium' : ''}`}>{formatMilliseconds(meanUs)}</td>
    </tr>
  );
}
