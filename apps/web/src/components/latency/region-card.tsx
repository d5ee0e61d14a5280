// SPDX-License-Identifier: Apache-2.0
'use client';

import type { LatencyConnections } from '@undermesh/schema';
import Link from 'next/link';
import type { Fetched } from '@/data/use-fetch';
import type { UrlState } from '@/data/use-url';
import { formatCompact, formatDuration, formatInstant, formatNumber, formatShare } from '@/domain/format';
import type { Region } from '@/domain/latency/region';
import { contrastName, contrastSize, rangeWords, spanWords } from '@/domain/latency/words';
import { type Column, DataTable } from '../data-table';
import { Icon } from '../icon';

type Item = LatencyConnections['items'][number];
/** Differences smaller than this tell nothing apart. */
const LEAST_CONTRAST = 0.03;
const CONTRASTS = 5;

/** What is in a region of the heat map: how it differs from the rest, and its connections, slowest first. */
export function RegionCard({
  region,
  answer,
  noun,
  link,
  onClose,
}: {
  region: Region;
  answer: Fetched<LatencyConnections>;
  noun: string;
  link: UrlState['link'];
  onClose: () => void;
}) {
  const { data } = answer;
  const share =
    data === null || data.inside + data.outside === 0 ? null : data.inside / (data.inside + data.outside);
  return (
    <section className="card comparison" aria-label="Region" data-testid="latency-region">
      <div className="comparison-head">
        <div className="row comparison-what">
          <span className="t2 cut">
            {spanWords(region.from, region.to)}, {rangeWords(region.minUs, region.maxUs)}
          </span>
          <span className="fill" />
          <button type="button" className="icon-btn" aria-label="Leave the region" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <h2 className="comparison-verdict">
          <span role="status">
            {data === null
              ? (answer.error?.message ?? 'Looking')
              : `${formatNumber(data.inside)} ${noun} in this region.`}
          </span>
        </h2>
        {share !== null && data !== null && (
          <p className="t2">
            {data.outside === 0
              ? 'All of that time: there is nothing outside to hold them against.'
              : `${formatShare(share)} of that time; ${formatCompact(data.outside)} were outside.`}
          </p>
        )}
      </div>
      {data !== null && data.inside > 0 && data.outside > 0 && <Contrasts contrasts={data.contrasts} />}
      <DataTable
        label="Connections in the region, slowest first"
        columns={columnsFor(link)}
        rows={data?.items ?? []}
        keyOf={(item) => item.connection.id}
        virtualRowHeight={30}
        dense
        empty={
          data !== null && (
            <p className="card-say t3">No connection is known of it. Records may have expired.</p>
          )
        }
      />
      {data !== null && data.more > 0 && (
        <div className="comparison-foot">{formatCompact(data.more)} more connections are not listed.</div>
      )}
    </section>
  );
}

function Contrasts({ contrasts }: Pick<LatencyConnections, 'contrasts'>) {
  const telling = contrasts.filter((one) => contrastSize(one) >= LEAST_CONTRAST).slice(0, CONTRASTS);
  return (
    <div className="contrasts">
      <h3>
        What differs <span className="t3">share inside and outside</span>
      </h3>
      {telling.length === 0 ? (
        <p className="t3">Nothing sets this region apart from the rest.</p>
      ) : (
        <ul>
          {telling.map((one) => (
            <li key={`${one.attribute} ${one.value}`}>
              <span className="cut">{contrastName(one)}</span>
              <span className="contrast-bars" aria-hidden="true">
                <i className="in" style={{ width: `${one.inside * 100}%` }} />
                <i className="out" style={{ width: `${one.outside * 100}%` }} />
              </span>
              <span className="num">
                <b>{formatShare(one.inside)}</b> inside, {formatShare(one.outside)} outside
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const columnsFor = (link: UrlState['link']): readonly Column<Item>[] => [
  {
    id: 'opened',
    header: 'Opened',
    width: 120,
    className: 'mono',
    render: ({ connection }) => (
      <Link href={link('/connections/', { state: 'ended', connection: connection.id })}>
        {formatInstant(connection.openedAt)}
      </Link>
    ),
  },
  {
    id: 'edge',
    header: 'Between',
    render: ({ connection: { source, destination } }) => (
      <span className="cut">
        {source.workload} → {destination.workload}
      </span>
    ),
  },
  {
    id: 'requests',
    header: 'Inside',
    numeric: true,
    width: 62,
    render: ({ requests }) => formatNumber(requests),
  },
  {
    id: 'slowest',
    header: 'Slowest',
    numeric: true,
    width: 92,
    className: 'medium',
    render: ({ slowestUs }) => formatDuration(slowestUs),
  },
];
