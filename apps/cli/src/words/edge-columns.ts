// SPDX-License-Identifier: Apache-2.0
import type { Edge, Requests, Window } from '@undermesh/schema';
import type { Column } from '../output/table.js';
import {
  ABSENT,
  formatBytes,
  formatClock,
  formatDuration,
  formatRate,
  formatShare,
  lowerBound,
} from './figures.js';
import { healthLine, workloadLine } from './names.js';
import { attempts, failedShare, retransmitShare, totalBytes } from './traffic.js';
import { viaWords } from './via.js';

/** Nothing is known of the edge in this window: not the same as nothing happened. */
const isBlind = (edge: Edge): boolean =>
  edge.partial && edge.health === 'unknown' && attempts(edge.traffic) === 0;

/** Share of requests that got a 5xx or no answer. */
const errorShare = (of: Requests): number | null =>
  of.total === 0 ? null : ((of.statusClasses['5xx'] ?? 0) + (of.statusClasses.none ?? 0)) / of.total;

/** Columns for edges that carry HTTP requests; none where no edge does. */
const requestColumns = (window: Window, edges: readonly Edge[]): Column<Edge>[] =>
  edges.every(({ traffic }) => traffic.requests === null)
    ? []
    : [
        {
          header: 'Requests/s',
          minor: 1,
          align: 'right',
          cell: (edge) => {
            const { requests } = edge.traffic;
            return [
              requests === null
                ? ABSENT
                : lowerBound(edge.partial, formatRate(requests.total / window.seconds)),
            ];
          },
        },
        {
          header: 'Errors',
          minor: 5,
          align: 'right',
          cell: ({ traffic: { requests } }) => [formatShare(requests === null ? null : errorShare(requests))],
        },
        {
          header: 'Request p50',
          minor: 6,
          align: 'right',
          cell: ({ traffic }) => [formatDuration(traffic.requests?.firstByteUs.p50)],
        },
        {
          header: 'Request p99',
          minor: 2,
          align: 'right',
          cell: ({ traffic }) => [formatDuration(traffic.requests?.firstByteUs.p99)],
        },
      ];

/** Of edges with waypoints between or at an end; none where there are no such. */
const viaColumns = (edges: readonly Edge[]): Column<Edge>[] =>
  edges.every(({ via, leg }) => via === null && leg === null)
    ? []
    : [{ header: 'Via', minor: 4, cell: (edge) => [viaWords(edge) ?? ABSENT] }];

/** The columns of a table of these edges; requests are timed to the first byte of their answer. `now`: Unix ms. */
export const edgeColumns = (window: Window, now: number, edges: readonly Edge[]): Column<Edge>[] => [
  {
    header: 'Source',
    elastic: true,
    cell: (edge) => workloadLine(edge.sourceNamespace, edge.sourceName),
  },
  {
    header: 'Destination',
    elastic: true,
    cell: (edge) => workloadLine(edge.destinationNamespace, edge.destinationName),
  },
  ...viaColumns(edges),
  {
    header: 'Port',
    minor: 4,
    align: 'right',
    cell: ({ ports }) => [
      ports.length === 0 ? ABSENT : `${ports[0]}${ports.length > 1 ? ` +${ports.length - 1}` : ''}`,
    ],
  },
  {
    header: 'Connects/s',
    align: 'right',
    cell: (edge) =>
      isBlind(edge)
        ? [{ text: 'no data', style: 'dim' }]
        : edge.via !== null
          ? [ABSENT]
          : [lowerBound(edge.partial, formatRate(attempts(edge.traffic) / window.seconds))],
  },
  {
    header: 'Failed',
    align: 'right',
    cell: (edge) => {
      const share = isBlind(edge) ? null : failedShare(edge.traffic);
      const isLoud = edge.health === 'failing' && edge.traffic.failed.total > 0;
      return [
        {
          text: share === 0 ? '0' : formatShare(share),
          style: isLoud ? 'red' : share === 0 ? 'dim' : undefined,
        },
      ];
    },
  },
  ...requestColumns(window, edges),
  {
    header: 'Data/s',
    minor: 3,
    align: 'right',
    cell: (edge) =>
      isBlind(edge) || edge.via !== null
        ? [ABSENT]
        : [lowerBound(edge.partial, formatBytes(totalBytes(edge.traffic) / window.seconds))],
  },
  {
    header: 'Connect p99',
    minor: 7,
    align: 'right',
    cell: ({ traffic }) => [formatDuration(traffic.connectUs.p99)],
  },
  {
    header: 'Round trip p50',
    minor: 8,
    align: 'right',
    cell: ({ traffic }) => [formatDuration(traffic.roundTripUs.p50)],
  },
  {
    header: 'Resent',
    minor: 9,
    align: 'right',
    cell: ({ traffic }) => [formatShare(retransmitShare(traffic))],
  },
  {
    header: 'State',
    elastic: true,
    cell: (edge) =>
      healthLine({
        ...edge,
        since: edge.healthSince === null ? null : formatClock(edge.healthSince, now),
      }),
  },
];
