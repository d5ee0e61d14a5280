// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Edge, Window } from '@undermesh/schema';
import { useMemo } from 'react';
import { placesIn, spanOf } from '@/domain/engines/marks';
import { ABSENT, formatMilliseconds, formatRate, formatShare, NBSP } from '@/domain/format';
import { limitOf } from '@/domain/topology/measures';
import { attempts, failedShare, perSecond, rates, requestErrorShare } from '@/domain/traffic';
import { edgeState } from '@/domain/words';
import { type Column, DataTable, type DataTableProps } from './data-table';
import { EdgeName, type Versions } from './edge-name';
import { Status } from './glyph';
import { Sparkline } from './sparkline';

/** Nothing is known of the edge in this window: not the same as nothing happened. */
const isBlind = (edge: Edge): boolean =>
  edge.partial && edge.health === 'unknown' && attempts(edge.traffic) === 0;

const trendColour = (edge: Edge): string =>
  edge.health === 'failing' ? 'var(--crit)' : edge.health === 'warning' ? 'var(--warn)' : 'var(--text-2)';

function Trend({ edge, changes }: { edge: Edge; changes: readonly Change[] }) {
  if (edge.series === undefined) return <span className="t3">{ABSENT}</span>;
  const { from, to } = spanOf(edge.series);
  const failing = edge.health === 'failing';
  return (
    <span className="trend">
      <Sparkline
        values={rates(edge.series, failing ? 'failed' : 'opened')}
        colour={trendColour(edge)}
        marks={placesIn(changes, from, to)}
        label={failing ? 'failed over the window' : 'opened over the window'}
      />
    </span>
  );
}

/** Requests, errors and p99, for tables in which any edge has them. */
const requestColumns = (window: Window): Column<Edge>[] => [
  {
    id: 'requests',
    header: 'Requests /s',
    numeric: true,
    render: ({ traffic, partial }) =>
      traffic.requests === null ? (
        <span className="t3">{ABSENT}</span>
      ) : (
        <>
          {partial && <span className="lower-bound">≥{NBSP}</span>}
          {formatRate(perSecond(traffic.requests.total, window))}
        </>
      ),
  },
  {
    id: 'errors',
    header: 'Errors',
    numeric: true,
    render: ({ traffic }) => {
      const share = requestErrorShare(traffic.requests);
      return <span className={share === null ? 't3' : ''}>{share === 0 ? '0' : formatShare(share)}</span>;
    },
  },
  {
    id: 'p99',
    header: 'p99, ms',
    numeric: true,
    render: ({ traffic, healthReason }) => {
      const p99 = traffic.requests?.firstByteUs.p99 ?? null;
      const limit = limitOf(healthReason);
      const over = p99 !== null && limit !== null && p99 > limit;
      return (
        <span className={p99 === null ? 't3' : over ? 'warn medium' : ''}>{formatMilliseconds(p99)}</span>
      );
    },
  },
];

export interface EdgeColumnOptions {
  versions?: Versions | undefined;
  /** Some edge carries HTTP/1.1. */
  timed: boolean;
  /** Only what fits a card: no port, and no connect time beside that of requests. */
  brief?: boolean;
  /** Changes that touch an edge: marked on its trend. */
  marksOf?: ((edge: Edge) => readonly Change[]) | undefined;
}

/** Whether any edge has requests. */
export const anyTimed = (edges: readonly Edge[]): boolean =>
  edges.some(({ traffic }) => traffic.requests !== null);

/** The columns that Overview's edges and the topology's table share. */
export const edgeColumns = (
  window: Window,
  { versions, timed, brief = false, marksOf }: EdgeColumnOptions,
): Column<Edge>[] => {
  const all: Column<Edge>[] = [
    { id: 'edge', header: 'Edge', render: (edge) => <EdgeName edge={edge} versions={versions} /> },
    {
      id: 'port',
      header: 'Port',
      minor: true,
      numeric: true,
      className: 't2',
      render: (edge) =>
        edge.ports.length === 0
          ? ABSENT
          : `${edge.ports[0]}${edge.ports.length > 1 ? ` +${edge.ports.length - 1}` : ''}`,
    },
    {
      id: 'rate',
      header: 'Connections /s',
      numeric: true,
      render: (edge) =>
        isBlind(edge) ? (
          <span className="t3">no data</span>
        ) : (
          <>
            {edge.partial && <span className="lower-bound">≥{NBSP}</span>}
            {formatRate(perSecond(attempts(edge.traffic), window))}
          </>
        ),
    },
    {
      id: 'failed',
      header: 'Failed',
      numeric: true,
      render: (edge) => {
        const share = isBlind(edge) ? null : failedShare(edge.traffic);
        const loud = edge.health === 'failing' && edge.traffic.failed.total > 0;
        return (
          <span className={share === null ? 't3' : loud ? 'crit medium' : ''}>
            {share === 0 ? '0' : formatShare(share)}
          </span>
        );
      },
    },
    ...(timed ? requestColumns(window) : []),
    {
      id: 'connect',
      header: 'Connect p99, ms',
      numeric: true,
      render: (edge) => {
        const loud = edge.health === 'warning' && /connect|slow/.test(edge.healthReason ?? '');
        const p99 = edge.traffic.connectUs.p99;
        return (
          <span className={p99 === null ? 't3' : loud ? 'warn medium' : ''}>{formatMilliseconds(p99)}</span>
        );
      },
    },
    {
      id: 'trend',
      header: 'Trend',
      className: 'trend-cell',
      render: (edge) => <Trend edge={edge} changes={marksOf?.(edge) ?? []} />,
    },
    {
      id: 'state',
      header: 'State',
      className: 'edge-state',
      render: (edge) => {
        const { kind, text } = edgeState(edge);
        return (
          <Status kind={kind} quiet={kind === 'ok'}>
            {text}
          </Status>
        );
      },
    },
  ];
  return timed && brief ? all.filter(({ id }) => id !== 'port' && id !== 'connect') : all;
};

export interface EdgeTableProps extends Omit<DataTableProps<Edge>, 'columns' | 'keyOf' | 'rows' | 'label'> {
  edges: readonly Edge[];
  window: Window;
  versions?: Versions;
  label?: string;
  marksOf?: (edge: Edge) => readonly Change[];
}

/** Edges with what qualifies them, worst first as the API gives them. */
export function EdgeTable({
  edges,
  window,
  versions,
  label = 'Edges, worst first',
  marksOf,
  ...rest
}: EdgeTableProps) {
  const timed = anyTimed(edges);
  const columns = useMemo(
    () => edgeColumns(window, { versions, timed, brief: true, marksOf }),
    [window, versions, timed, marksOf],
  );
  return <DataTable {...rest} label={label} columns={columns} rows={edges} keyOf={(edge) => edge.id} />;
}
