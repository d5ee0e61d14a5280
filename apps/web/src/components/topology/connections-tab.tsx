// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Connection, Connections, Level, Traffic } from '@undermesh/schema';
import Link from 'next/link';
import { useMemo } from 'react';
import { useFetch } from '@/data/use-fetch';
import type { UrlState } from '@/data/use-url';
import { formatBytes, formatDuration, formatInstant, formatNumber, NBSP } from '@/domain/format';
import { connectionState } from '@/domain/words';
import { type Column, DataTable } from '../data-table';
import { Status } from '../glyph';

/** Failed ones come first; so many of them at most. */
const FAILED = 8;
const LATEST = 50;

/** The latest connections of an edge or a vertex: what failed first, then newest first. */
export function ConnectionsTab({
  level,
  ends,
  traffic,
  partial,
  query,
  link,
}: {
  level: Level;
  /** Filters of the connections page: source and destination, or workload. */
  ends: Readonly<Record<string, string>>;
  /** `null`: not known. */
  traffic: Traffic | null;
  partial: boolean;
  query: { window: number; system: boolean | undefined };
  link: UrlState['link'];
}) {
  const byWorkload = level === 'workload';
  const path = byWorkload ? '/api/v1/connections' : null;
  const shared = { ...ends, window: query.window, system: query.system };
  const failed = useFetch<Connections>(
    traffic === null || traffic.failed.total > 0 ? path : null,
    { ...shared, state: 'failed', limit: FAILED },
    { refreshSeconds: 3 },
  );
  const latest = useFetch<Connections>(
    path,
    { ...shared, state: 'all', limit: LATEST },
    { refreshSeconds: 3 },
  );
  const rows = useMemo(() => {
    const first = failed.data?.items ?? [];
    const ids = new Set(first.map(({ id }) => id));
    return [...first, ...(latest.data?.items ?? []).filter(({ id }) => !ids.has(id))];
  }, [failed.data, latest.data]);
  const columns = useMemo(() => columnsFor(link, ends), [link, ends]);
  const bound = partial ? `≥${NBSP}` : '';
  return (
    <>
      <div className="panel-line">
        {traffic !== null && (
          <>
            <b>
              {bound}
              {formatNumber(traffic.open)} open
            </b>
            <span>·</span>
            {bound}
            {formatNumber(traffic.closed)} closed
            <span>·</span>
            <span className={traffic.failed.total > 0 ? 'crit' : ''}>
              {formatNumber(traffic.failed.total)} failed
            </span>
          </>
        )}
        <span className="fill" />
        {byWorkload && <Link href={link('/connections/', ends)}>Open in Connections</Link>}
      </div>
      {!byWorkload ? (
        <p className="panel-said">
          Connections are kept by workload. Step into this edge at the workload level to list them.
        </p>
      ) : latest.error !== null && latest.data === null ? (
        <p className="panel-said">{latest.error.message}</p>
      ) : (
        <DataTable
          label="Latest connections, failed first, then newest first"
          columns={columns}
          rows={rows}
          keyOf={(one) => one.id}
          dense
          virtualRowHeight={30}
          empty={latest.data === null ? null : <p className="panel-said">None in this window.</p>}
        />
      )}
    </>
  );
}

const columnsFor = (
  link: UrlState['link'],
  ends: Readonly<Record<string, string>>,
): readonly Column<Connection>[] => [
  {
    id: 'opened',
    header: 'Opened',
    className: 'mono',
    width: 116,
    render: (one) => (
      <Link className="quiet-link" href={link('/connections/', { ...ends, connection: one.id })}>
        {formatInstant(one.openedAt)}
      </Link>
    ),
  },
  {
    id: 'state',
    header: 'State',
    render: (one) => {
      const { kind, text } = connectionState(one);
      return kind === 'warn' || kind === 'crit' ? (
        <Status kind={kind}>{text}</Status>
      ) : (
        <span className={kind === 'open' ? '' : 't2'}>{text}</span>
      );
    },
  },
  { id: 'life', header: 'Life', numeric: true, width: 66, render: (one) => formatDuration(one.lifetimeUs) },
  {
    id: 'received',
    header: 'Received',
    numeric: true,
    width: 82,
    render: (one) => formatBytes(one.receivedBytes),
  },
];
