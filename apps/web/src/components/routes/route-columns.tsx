// SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from 'react';
import { ABSENT, formatCompact, formatNumber, formatRate } from '@/domain/format';
import { type RouteOrder, type RouteRow, routeName, ruleName } from '@/domain/routes/rows';
import type { Column } from '../data-table';
import { ShareBar } from './share-bar';

const absent = <span className="t3">{ABSENT}</span>;

/** `shop/cart` with its namespace set back. */
export function KeyName({ name }: { name: string }) {
  const slash = name.indexOf('/');
  return (
    <>
      <span className="t3">{name.slice(0, slash + 1)}</span>
      {name.slice(slash + 1)}
    </>
  );
}

/** What the panel of a route says. */
const IN_PANEL: ReadonlySet<string> = new Set(['route', 'share']);

/** What all rows of a route share is said once. */
const shared = ({ isFirst }: RouteRow, shown: ReactNode): ReactNode =>
  isFirst ? shown : <span className="visually-hidden">{shown}</span>;

const refused = (count: number): ReactNode =>
  count === 0 ? <span className="t3">0</span> : <span className="warn medium">{formatCompact(count)}</span>;

/** Columns of the route table; those with figures sort. `narrow`: beside a panel, which says what is left out. */
export function routeColumns(
  order: RouteOrder,
  onOrder: (order: RouteOrder) => void,
  narrow: boolean,
): Column<RouteRow>[] {
  const sort = (by: RouteOrder) => ({
    sort: {
      direction:
        order === by
          ? by === 'service'
            ? ('ascending' as const)
            : ('descending' as const)
          : ('none' as const),
      onSort: () => onOrder(by),
    },
  });
  const columns: Column<RouteRow>[] = [
    {
      id: 'service',
      header: 'Service',
      width: narrow ? 160 : 190,
      className: 'cut',
      ...sort('service'),
      render: (row) =>
        shared(
          row,
          row.route.service === null ? (
            <span className="t3">not told</span>
          ) : (
            <KeyName name={row.route.service} />
          ),
        ),
    },
    {
      id: 'match',
      header: 'Request',
      className: 'cut',
      render: (row) =>
        shared(
          row,
          <span className={row.route.match === null ? 't2' : 'mono medium'} title={routeName(row.route)}>
            {routeName(row.route)}
          </span>,
        ),
    },
    {
      id: 'route',
      header: 'Route',
      width: 190,
      minor: true,
      className: 'cut t2',
      render: (row) => shared(row, ruleName(row.route) ?? absent),
    },
    {
      id: 'backend',
      header: 'Backend',
      width: narrow ? 200 : 220,
      className: 'cut',
      render: ({ backend }) =>
        backend === null ? (
          absent
        ) : backend.backend === null ? (
          <span className="t2">none: refused</span>
        ) : (
          <KeyName name={backend.backend} />
        ),
    },
    {
      id: 'share',
      header: 'Share, last minute, of weight',
      width: 196,
      render: ({ route, backend }) => (backend === null ? absent : <ShareBar {...{ route, backend }} />),
    },
    {
      id: 'rate',
      header: 'Requests /s',
      width: 96,
      numeric: true,
      ...sort('rate'),
      render: ({ route, backend }) => formatRate((backend ?? route).perSecond),
    },
    {
      id: 'requests',
      header: 'Total',
      width: 84,
      numeric: true,
      ...sort('requests'),
      render: ({ route, backend }) => (
        <span title={formatNumber((backend ?? route).requests)}>
          {formatCompact((backend ?? route).requests)}
        </span>
      ),
    },
    {
      id: 'rejected',
      header: 'Rejected',
      width: 84,
      numeric: true,
      ...sort('rejected'),
      render: ({ route, backend }) => refused((backend ?? route).rejected),
    },
    {
      id: 'limited',
      header: 'Limited',
      width: 80,
      numeric: true,
      ...sort('limited'),
      render: ({ route, backend }) => refused((backend ?? route).limited),
    },
  ];
  return narrow ? columns.filter(({ id }) => !IN_PANEL.has(id)) : columns;
}
