// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Connection, ConnectionDetail } from '@undermesh/schema';
import { useEffect, useRef, useState } from 'react';
import { useFetch } from '@/data/use-fetch';
import { formatDuration, formatMoment } from '@/domain/format';
import { isWaypoint, type Waypoints } from '@/domain/waypoints';
import { reasonWords } from '@/domain/words';
import { CopyButton } from '../copy-button';
import { EngineBadge, Status } from '../glyph';
import { Arrow, Icon } from '../icon';
import { Panel } from '../panel';
import { RecordTable } from './record-table';
import { RequestTable } from './request-table';
import { Timeline } from './timeline';

const spoken = (connection: Connection): string =>
  connection.state === 'open'
    ? 'open'
    : connection.state === 'failed'
      ? reasonWords(connection.reason)
      : connection.reason === null
        ? 'closed'
        : reasonWords(connection.reason).replace(/^(?!closed)/, 'closed, ');

const REFRESH_OPEN_SECONDS = 2;
/** A row is live before its record is stored: so long a record that is not there may be on its way. */
const ON_ITS_WAY_MS = 5000;

/** One connection in full: its course, both ends side by side, whether they agree. */
export function RecordPanel({
  id,
  waypoints,
  onClose,
}: {
  id: string;
  waypoints: Waypoints;
  onClose: () => void;
}) {
  const [refreshSeconds, setRefreshSeconds] = useState<number | null>(null);
  const asked = useRef({ id: '', at: 0 });
  const { data, error, pending } = useFetch<ConnectionDetail>(
    `/api/v1/connections/${encodeURIComponent(id)}`,
    {},
    refreshSeconds === null ? {} : { refreshSeconds },
  );
  const connection = data?.connection ?? null;
  useEffect(() => {
    if (asked.current.id !== id) asked.current = { id, at: Date.now() };
    const onItsWay = error?.status === 404 && Date.now() - asked.current.at < ON_ITS_WAY_MS;
    setRefreshSeconds(onItsWay ? 1 : connection?.state === 'open' ? REFRESH_OPEN_SECONDS : null);
  }, [id, connection, error]);
  if (data === null || connection === null) {
    const waiting = error === null || (error.status === 404 && refreshSeconds !== null);
    return (
      <Panel
        wide
        label="Connection"
        title={waiting ? 'Connection' : 'This record cannot be shown'}
        onClose={onClose}
      >
        {waiting && error !== null && <p className="panel-say t2">Its record is on its way to the store.</p>}
        {!waiting && (
          <p className="panel-say t2">
            {error.status === 404
              ? 'No record with this id is stored any more: it is older than the retention, or it never arrived.'
              : error.message}
          </p>
        )}
      </Panel>
    );
  }
  return (
    <Panel
      wide
      label={`Connection from ${connection.source.workload} to ${connection.destination.workload}`}
      title={
        <>
          <span className="cut">{connection.source.workload}</span>
          <Arrow size={16} />
          <span className="cut">{connection.destination.workload}</span>
        </>
      }
      state={
        <>
          <EngineBadge engine={connection.engine} />
          {[connection.source, connection.destination].some((peer) => isWaypoint(peer, waypoints)) && (
            <EngineBadge engine="waypoint" />
          )}
          <span className={connection.state === 'failed' ? 'crit' : undefined}>{spoken(connection)}</span>
          <span className="fill" />
          <span className="cut">
            {formatMoment(connection.openedAt, Date.now())}
            {connection.state === 'open'
              ? `, open for ${formatDuration(connection.lifetimeUs)}`
              : connection.state === 'closed' && `, lasted ${formatDuration(connection.lifetimeUs)}`}
          </span>
        </>
      }
      tools={<LinkButton />}
      onClose={onClose}
      footer={
        <>
          <Agreement detail={data} />
          <span className="fill" />
          <CopyButton name="Copy JSON" icon={false} text={() => JSON.stringify(data, null, 2)} />
        </>
      }
    >
      <div className={pending ? 'is-stale' : undefined}>
        <Timeline connection={connection} />
        <RecordTable detail={data} />
        {data.requests !== undefined && <RequestTable requests={data.requests} />}
      </div>
    </Panel>
  );
}

function Agreement({ detail }: { detail: ConnectionDetail }) {
  if (detail.agreement === null) {
    const one = detail.connection.seenBy === 'source' ? 'source' : 'destination';
    return <Status kind="unk">{`Only the ${one} has reported`}</Status>;
  }
  return <Status kind={detail.agreement.bytes ? 'ok' : 'warn'}>{detail.agreement.detail}</Status>;
}

function LinkButton() {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1600);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button
      type="button"
      className="icon-btn"
      aria-label={done ? 'Link copied' : 'Copy a link to this record'}
      title={done ? 'Link copied' : 'Copy a link to this record'}
      onClick={() => void navigator.clipboard?.writeText(window.location.href).then(() => setDone(true))}
    >
      <Icon name={done ? 'check' : 'link'} />
    </button>
  );
}
