// SPDX-License-Identifier: Apache-2.0
import type { Connection, Peer } from '@undermesh/schema';
import {
  ABSENT,
  formatBytes,
  formatDateTime,
  formatDuration,
  formatInstant,
  formatMilliseconds,
} from '@/domain/format';
import { isWaypoint, type Waypoints } from '@/domain/waypoints';
import { protocolWords, seenByWords } from '@/domain/words';
import type { Column } from '../data-table';
import { EngineGlyph } from '../glyph';
import { ConnectionState } from './connection-state';

const absent = <span className="t3">{ABSENT}</span>;

function Workload({ peer, waypoints }: { peer: Peer; waypoints: Waypoints }) {
  return (
    <>
      <span className="medium">{peer.workload}</span>
      {peer.version !== null && <span className="t3"> {peer.version}</span>}
      {isWaypoint(peer, waypoints) && (
        <span className="waypoint-sign" title="a waypoint">
          <EngineGlyph engine="waypoint" size={12} />
          <span className="visually-hidden">a waypoint</span>
        </span>
      )}
    </>
  );
}

interface ConnectionColumn extends Column<Connection> {
  name: string;
  byDefault: boolean;
}

/** Every column there is. `days`: the window spans several, so that times need their date. */
export const connectionColumns = (days: boolean, waypoints: Waypoints): ConnectionColumn[] => [
  {
    id: 'opened',
    name: 'Opened',
    header: 'Opened ↓',
    byDefault: true,
    width: days ? 166 : 124,
    className: 'mono t2',
    render: (row) =>
      days
        ? `${formatDateTime(row.openedAt).slice(5, 10)} ${formatInstant(row.openedAt)}`
        : formatInstant(row.openedAt),
  },
  {
    id: 'source',
    name: 'Source',
    header: 'Source',
    byDefault: true,
    width: 100,
    render: (row) => <Workload peer={row.source} waypoints={waypoints} />,
  },
  {
    id: 'destination',
    name: 'Destination',
    header: 'Destination',
    byDefault: true,
    width: 110,
    render: (row) => <Workload peer={row.destination} waypoints={waypoints} />,
  },
  {
    id: 'service',
    name: 'Service',
    header: 'Service',
    byDefault: true,
    width: 92,
    className: 't2',
    render: ({ service }) =>
      service === null ? (
        absent
      ) : (
        <span title={`${service.namespace}/${service.name}: what the source asked for`}>{service.name}</span>
      ),
  },
  {
    id: 'port',
    name: 'Port',
    header: 'Port',
    byDefault: true,
    numeric: true,
    width: 54,
    className: 't2',
    render: (row) => row.destination.port,
  },
  {
    id: 'protocol',
    name: 'Protocol',
    header: 'Protocol',
    byDefault: false,
    width: 82,
    className: 't2',
    render: (row) => (row.protocol === null ? absent : protocolWords(row.protocol)),
  },
  {
    id: 'state',
    name: 'State',
    header: 'State',
    byDefault: true,
    width: 154,
    render: (row) => <ConnectionState connection={row} />,
  },
  {
    id: 'lasted',
    name: 'Lasted',
    header: 'Lasted',
    byDefault: true,
    numeric: true,
    width: 84,
    render: (row) => (row.state === 'failed' ? absent : formatDuration(row.lifetimeUs)),
  },
  {
    id: 'connect',
    name: 'Connect time',
    header: 'Connect ms',
    byDefault: true,
    numeric: true,
    width: 88,
    render: (row) => (row.connectUs === null ? absent : formatMilliseconds(row.connectUs)),
  },
  {
    id: 'roundtrip',
    name: 'Smoothed round trip',
    header: 'Smoothed RTT ms',
    byDefault: false,
    numeric: true,
    width: 108,
    render: (row) => (row.roundTripUs === null ? absent : formatMilliseconds(row.roundTripUs)),
  },
  {
    id: 'sent',
    name: 'Sent',
    header: 'Sent',
    byDefault: true,
    numeric: true,
    width: 70,
    render: (row) => (row.sentBytes === null ? absent : formatBytes(row.sentBytes)),
  },
  {
    id: 'received',
    name: 'Received',
    header: 'Received',
    byDefault: true,
    numeric: true,
    width: 78,
    render: (row) => (row.receivedBytes === null ? absent : formatBytes(row.receivedBytes)),
  },
  {
    id: 'resent',
    name: 'Sent again',
    header: 'Sent again',
    byDefault: false,
    numeric: true,
    width: 90,
    render: (row) => row.retransmittedSegments ?? absent,
  },
  {
    id: 'nodes',
    name: 'Nodes',
    header: 'Nodes',
    byDefault: false,
    width: 150,
    className: 't2',
    render: (row) => `${row.source.node ?? 'outside'} → ${row.destination.node ?? 'outside'}`,
  },
  {
    id: 'address',
    name: 'Destination address',
    header: 'Address',
    byDefault: false,
    width: 140,
    className: 'mono t2',
    render: (row) => row.destination.address,
  },
  {
    id: 'process',
    name: 'Processes',
    header: 'Processes',
    byDefault: false,
    width: 150,
    className: 'mono t2',
    render: (row) => `${row.source.process ?? ABSENT} → ${row.destination.process ?? ABSENT}`,
  },
  {
    id: 'seen',
    name: 'Seen by',
    header: 'Seen by',
    byDefault: true,
    width: 104,
    render: (row) => <span className={row.seenBy === 'both' ? 't2' : 't3'}>{seenByWords(row.seenBy)}</span>,
  },
];

/** Columns in view: those the URL names, or the usual ones. Peers are never hidden. */
export const chosenColumns = (
  all: readonly ConnectionColumn[],
  asked: readonly string[],
): ConnectionColumn[] => {
  const ids = new Set(asked);
  return all.filter((column) =>
    ids.size === 0 ? column.byDefault : ids.has(column.id) || ALWAYS.has(column.id),
  );
};
export const ALWAYS: ReadonlySet<string> = new Set(['opened', 'source', 'destination']);
