// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Difference, Latency } from '@undermesh/schema';
import Link from 'next/link';
import { useMemo } from 'react';
import { latencyCourse } from '@/charts/latency/course';
import { useFetch } from '@/data/use-fetch';
import type { UrlState } from '@/data/use-url';
import { formatCompact, formatSeconds } from '@/domain/format';
import { around, comparableFrom } from '@/domain/latency/windows';
import { certainty, verdictSentence } from '@/domain/latency/words';
import { useTokens } from '@/theme/tokens';
import { Chart } from '../chart';
import { ComparisonTable } from '../latency/comparison-table';

const REFRESH_SECONDS = 5;
const FIGURES: readonly Difference['figure'][] = ['p50', 'p95', 'p99', 'failed_share'];

/** Requests that start on a node, as the API's queries take them. */
const ofNode = (node: string) => ({ level: 'node', source: node });

/** What the last switch did to the requests that start on a node: before and after, with 95 % intervals. */
export function Effect({
  node,
  change,
  window,
  now,
  link,
}: {
  node: string;
  /** The node's last switch; `null`: it never had one in the log's reach. */
  change: Change | null;
  /** Seconds. */
  window: number;
  /** The collector's clock, epoch ms. */
  now: number;
  link: UrlState['link'];
}) {
  const pair = change === null ? null : around(change, { now, windowSeconds: window });
  const { data, error } = useFetch<Latency>(
    pair === null ? null : '/api/v1/latency',
    pair === null
      ? {}
      : {
          ...ofNode(node),
          window: Math.round((pair.b.to - pair.b.from) / 1000),
          to: new Date(pair.b.to).toISOString(),
          compareFrom: new Date(pair.a.from).toISOString(),
          compareTo: new Date(pair.a.to).toISOString(),
          columns: 1,
        },
  );
  const comparison = pair === null ? null : (data?.comparison ?? null);
  if (change === null) {
    return (
      <section className="detail-part" aria-label="Before and after">
        <h3>Before and after</h3>
        <p className="t3">Its engine has not been changed: there is nothing to compare.</p>
      </section>
    );
  }
  const rows =
    comparison === null
      ? []
      : FIGURES.flatMap((figure) => comparison.differences.filter((one) => one.figure === figure)).filter(
          ({ before, after }) => before !== null || after !== null,
        );
  const { count: earlier } = comparison?.a.distribution.quantiles ?? { count: 0 };
  const { count: later } = comparison?.b.distribution.quantiles ?? { count: 0 };
  return (
    <section className="detail-part" aria-label="Before and after" data-testid="engine-comparison">
      <h3>
        Before and after <span className="mono">#{change.number}</span>
        <span className="t3">requests from {node}</span>
        <span className="fill" />
        <Link
          href={link('/latency/', { level: 'node', from: node, compare: `change:${change.number}` })}
          className="small"
        >
          Compare in Latency
        </Link>
      </h3>
      {comparison === null ? (
        <p className="t3">
          {pair === null
            ? `Too early to compare: from ${formatSeconds(comparableFrom(change))} on there is something after it.`
            : (error?.message ?? 'Comparing')}
        </p>
      ) : (
        <>
          <p className="t2">
            <b className="detail-verdict">{verdictSentence(comparison)}</b> {certainty(comparison)}{' '}
            <span className="t3 nowrap">
              {formatCompact(earlier)} and {formatCompact(later)} requests
            </span>
          </p>
          {rows.length > 0 && (
            <div className="comparison-rows effect">
              <ComparisonTable rows={rows} destination={node} />
            </div>
          )}
        </>
      )}
    </section>
  );
}

/** The course of p99 of requests that start on a node, with the switches of its engine. */
export function Course({
  node,
  changes,
  window,
}: {
  node: string;
  changes: readonly Change[];
  window: number;
}) {
  const tokens = useTokens();
  const { data, error } = useFetch<Latency>(
    '/api/v1/latency',
    { ...ofNode(node), window, columns: 60 },
    { refreshSeconds: REFRESH_SECONDS },
  );
  const option = useMemo(
    () =>
      data === null || tokens === null || data.distribution.quantiles.count === 0
        ? null
        : latencyCourse(data, { tokens, changes, limitUs: null }),
    [data, tokens, changes],
  );
  return (
    <section className="detail-chart" aria-label="p99">
      <h3>
        p99 <span className="t3">ms, requests from {node}</span>
      </h3>
      {data !== null && data.distribution.quantiles.count === 0 ? (
        <p className="t3">No HTTP/1.1 request from here was timed in this window.</p>
      ) : data === null && error !== null ? (
        <p className="t3">No history: {error.message}</p>
      ) : (
        <Chart option={option} label={`p99 of requests from ${node} over the window, in milliseconds`} />
      )}
    </section>
  );
}
