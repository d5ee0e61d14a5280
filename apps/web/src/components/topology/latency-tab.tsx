// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Latency, Traffic } from '@undermesh/schema';
import { useMemo } from 'react';
import { latencyHistogram } from '@/charts/latency/histogram';
import { useFetch } from '@/data/use-fetch';
import { formatDuration, formatMilliseconds, formatNumber, formatSpan } from '@/domain/format';
import { untimed } from '@/domain/latency/words';
import { useTokens } from '@/theme/tokens';
import { Chart } from '../chart';
import { Section } from '../panel';
import { latencyQuery, type PanelScope } from './panel-scope';

const KEYS = ['p50', 'p95', 'p99'] as const;
/** How long requests take on an edge or at a vertex, part by part, and what its connections say. */
export function LatencyTab({
  scope,
  traffic,
  limitUs,
}: {
  scope: PanelScope;
  traffic: Traffic;
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
  const split = data?.time.total ?? null;
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
              {split !== null && (
                <>
                  <Row
                    name={scope.destinationName}
                    token="t-app"
                    quantiles={application?.distribution.quantiles ?? null}
                    meanUs={split.applicationUs}
                  />
                  <Row name="Network" token="t-net" quantiles={null} meanUs={split.networkUs} />
                  <Row name="Local queue" token="t-queue" quantiles={null} meanUs={split.localUs} />
                </>
              )}
            </tbody>
          </table>
          {left.length > 0 && <p className="t3">Not timed: {left.join(', ')}.</p>}
        </>
      )}
      <Section title="Handshake and round trip">
        <dl className="pairs">
          <dt>Connect time, p99</dt>
          <dd>{traffic.connectUs.count === 0 ? 'no data' : formatDuration(traffic.connectUs.p99)}</dd>
          <dt>Smoothed round trip, median</dt>
          <dd>{traffic.roundTripUs.count === 0 ? 'no data' : formatDuration(traffic.roundTripUs.p50)}</dd>
          <dt>Retransmitted segments</dt>
          <dd>
            {traffic.segmentsSent === 0
              ? 'no data'
              : `${formatNumber(traffic.retransmittedSegments)} of ${formatNumber(traffic.segmentsSent)}`}
          </dd>
        </dl>
      </Section>
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
