// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Edges, Status } from '@undermesh/schema';
import type { ReactNode } from 'react';
import { placesIn, spanOf } from '@/domain/engines/marks';
import {
  bytesFigure,
  durationFigure,
  type Figure,
  formatCompact,
  formatDuration,
  formatNumber,
  formatRate,
  formatShare,
  NBSP,
  plural,
  shareFigure,
} from '@/domain/format';
import { failureSpread, missingSpan } from '@/domain/overview';
import {
  attempts,
  dataRates,
  failedShare,
  failedShares,
  peak,
  perSecond,
  rates,
  requestErrorShare,
  totalBytes,
} from '@/domain/traffic';
import { Arrow } from '../icon';
import { Sparkline } from '../sparkline';
import { QuantileBar } from './quantile-bar';

function Tile({
  name,
  note,
  figure,
  bound,
  children,
}: {
  name: string;
  note: ReactNode;
  figure: Figure;
  bound?: boolean;
  children: ReactNode;
}) {
  return (
    <section className="tile">
      <div className="tile-key">
        <h2>{name}</h2>
        <span className="tile-note cut">{note}</span>
      </div>
      <div className="tile-value">
        {bound === true && <span className="lower-bound">≥{NBSP}</span>}
        {figure.value}
        <small>{figure.unit}</small>
      </div>
      {children}
    </section>
  );
}

/** Five figures of the window, of requests where HTTP is seen and of connections otherwise, each with what qualifies it and its course. */
export function Tiles({
  edges,
  status,
  switches,
}: {
  edges: Edges;
  status: Status | null;
  /** Of engines, marked on the courses. */
  switches: readonly Change[];
}) {
  const { total, totalSeries: series, window } = edges;
  const silent = status?.nodes.silent ?? [];
  const bound = edges.missingNodes.length > 0;
  const missing = series === null ? null : missingSpan(series, silent);
  const span = series === null ? null : spanOf(series);
  const marks = span === null ? [] : placesIn(switches, span.from, span.to);
  const spark = (values: (number | null)[], colour?: string): ReactNode => (
    <Sparkline
      values={values}
      width={246}
      height={30}
      fill
      missing={missing}
      marks={marks}
      {...(colour === undefined ? {} : { colour })}
    />
  );
  const spread = failureSpread(edges.items);
  const top = series === null ? null : peak(rates(series, 'opened'));
  const received = totalBytes(total) === 0 ? null : total.receivedBytes / totalBytes(total);
  const data = perSecond(totalBytes(total), window);
  const connect = total.connectUs;
  const { requests } = total;
  return (
    <div className="card tiles">
      {requests !== null ? (
        <Tile
          name="Requests"
          note={`${formatShare(requestErrorShare(requests))} errors`}
          figure={{ value: formatRate(perSecond(requests.total, window)), unit: '/s' }}
          bound={bound}
        >
          {series !== null && spark(rates(series, 'requests'))}
        </Tile>
      ) : (
        <Tile
          name="Connections"
          note={top === null ? 'no data' : `peak ${formatRate(top)} /s`}
          figure={{ value: formatRate(perSecond(attempts(total), window)), unit: '/s' }}
          bound={bound}
        >
          {series !== null && spark(rates(series, 'opened'))}
        </Tile>
      )}
      <Tile
        name="Failed"
        note={
          spread === null ? (
            `of ${formatCompact(attempts(total))} connects`
          ) : 'only' in spread ? (
            <>
              all {spread.only.sourceName}
              <Arrow size={12} />
              {spread.only.destinationName}
            </>
          ) : (
            `on ${plural(spread.count, 'edge')}`
          )
        }
        figure={shareFigure(failedShare(total))}
      >
        {series !== null && spark(failedShares(series), total.failed.total > 0 ? 'var(--crit)' : undefined)}
      </Tile>
      {requests !== null ? (
        <Tile
          name="p99"
          note={`${formatCompact(requests.firstByteUs.count)} timed`}
          figure={durationFigure(requests.firstByteUs.p99)}
        >
          <QuantileBar quantiles={requests.firstByteUs} />
        </Tile>
      ) : (
        <Tile
          name="Connect time, p99"
          note={connect.count === 0 ? 'no samples' : `${formatCompact(connect.count)} samples`}
          figure={durationFigure(connect.p99)}
        >
          <QuantileBar quantiles={connect} />
        </Tile>
      )}
      <Tile
        name="Open connections"
        note={
          requests !== null
            ? `${formatRate(perSecond(attempts(total), window))} opened /s`
            : total.lifetimeUs.p50 === null
              ? 'no data'
              : `median life ${formatDuration(total.lifetimeUs.p50)}`
        }
        figure={{ value: formatNumber(total.open), unit: '' }}
        bound={bound}
      >
        {series !== null && spark(rates(series, 'open'))}
      </Tile>
      <Tile
        name="Data"
        note={received === null ? 'no data' : `${formatNumber(received * 100)}${NBSP}% received`}
        figure={{ value: bytesFigure(data).value, unit: data === null ? '' : `${bytesFigure(data).unit}/s` }}
        bound={bound}
      >
        {series !== null && spark(dataRates(series))}
      </Tile>
    </div>
  );
}
