// SPDX-License-Identifier: Apache-2.0
'use client';

import type { ConnectionDetail, ConnectionRequest } from '@undermesh/schema';
import Link from 'next/link';
import { Fragment } from 'react';
import { useUrl } from '@/data/use-url';
import { ABSENT, formatInstant, formatMilliseconds, formatNumber } from '@/domain/format';
import { routeName, ruleName } from '@/domain/routes/rows';

const absent = <span className="t3">{ABSENT}</span>;

/** The latest requests of a connection: by which route, to which backend, with which answer, how fast. */
export function RequestTable({ requests }: Required<Pick<ConnectionDetail, 'requests'>>) {
  const isRouted = requests.some(({ route }) => route !== null);
  return (
    <section className="requests" aria-label="Latest requests">
      <h3>
        Requests <span className="t3">the latest {formatNumber(requests.length)}, newest first</span>
      </h3>
      <table className="table" aria-label="Requests">
        <thead>
          <tr>
            <th scope="col">Reported</th>
            <th scope="col">Method</th>
            <th scope="col" className="num">
              Status
            </th>
            <th scope="col" className="num">
              First, ms
            </th>
            <th scope="col" className="num">
              Last, ms
            </th>
          </tr>
        </thead>
        <tbody>
          {requests.map((request, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: requests of one record share its time and have no name.
            <Fragment key={`${request.reportedAt} ${at}`}>
              <tr className={isRouted ? 'goes-on' : undefined}>
                <td className="mono t2">{formatInstant(request.reportedAt)}</td>
                <td>{request.method ?? absent}</td>
                <td className={`num${isBad(request) ? ' crit medium' : ''}`}>{request.status ?? 'none'}</td>
                <td className="num">{formatMilliseconds(request.firstByteUs)}</td>
                <td className="num">{formatMilliseconds(request.lastByteUs)}</td>
              </tr>
              {isRouted && (
                <tr>
                  <td colSpan={5}>
                    <RouteOf route={request.route} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const isBad = ({ status }: ConnectionRequest): boolean => status === null || status >= 500;

/** The route, and why it led here. */
function RouteOf({ route }: Pick<ConnectionRequest, 'route'>) {
  const { link } = useUrl();
  if (route === null) return <p className="t3 small">by no route</p>;
  const to = [
    ruleName(route) ?? 'no node tells what it is',
    ...(route.backend === null ? [] : [`${route.backend}, weight ${formatNumber(route.weight)}`]),
  ].join(' → ');
  return (
    <p className="small cut" title={to}>
      <Link className="plain-link mono" href={link('/routes/', { route: String(route.number) })}>
        {routeName(route)}
      </Link>{' '}
      <span className="t3">{to}</span>
    </p>
  );
}
