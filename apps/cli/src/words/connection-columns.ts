// SPDX-License-Identifier: Apache-2.0
import type { Connection, Peer } from '@undermesh/schema';
import type { Line } from '../output/line.js';
import type { Column } from '../output/table.js';
import { formatBytes, formatDuration, formatMoment, formatNumber } from './figures.js';
import { connectionState, seenByWords, workloadLine } from './names.js';

/** The workload of one side; its address where nothing else is known. */
const peerLine = ({ namespace, workload, address }: Peer): Line =>
  workload === '' || workload === 'unknown' ? [address] : workloadLine(namespace, workload);

/** The columns of every table of connections. `now`: Unix ms. */
export const connectionColumns = (now: number): Column<Connection>[] => [
  {
    header: 'Opened',
    typical: 12,
    cell: ({ openedAt }) => [{ text: formatMoment(openedAt, now), style: 'dim' }],
  },
  { header: 'State', elastic: true, typical: 16, cell: connectionState },
  { header: 'Source', elastic: true, typical: 20, cell: ({ source }) => peerLine(source) },
  { header: 'Destination', elastic: true, typical: 20, cell: ({ destination }) => peerLine(destination) },
  { header: 'Port', align: 'right', typical: 5, cell: ({ destination }) => [String(destination.port)] },
  {
    header: 'Lasted',
    align: 'right',
    minor: 3,
    typical: 8,
    cell: ({ lifetimeUs }) => [formatDuration(lifetimeUs)],
  },
  { header: 'Sent', align: 'right', minor: 1, typical: 7, cell: ({ sentBytes }) => [formatBytes(sentBytes)] },
  { header: 'Received', align: 'right', minor: 2, cell: ({ receivedBytes }) => [formatBytes(receivedBytes)] },
  {
    header: 'Connect',
    align: 'right',
    minor: 4,
    typical: 8,
    cell: ({ connectUs }) => [formatDuration(connectUs)],
  },
  {
    header: 'Round trip',
    align: 'right',
    minor: 5,
    cell: ({ roundTripUs }) => [formatDuration(roundTripUs)],
  },
  {
    header: 'Resent',
    align: 'right',
    minor: 6,
    cell: ({ retransmittedSegments }) => [formatNumber(retransmittedSegments)],
  },
  {
    header: 'Seen by',
    minor: 7,
    typical: 16,
    cell: ({ seenBy }) => [{ text: seenByWords(seenBy), style: 'dim' }],
  },
];
