// SPDX-License-Identifier: Apache-2.0
import type { Vertex, Window } from '@undermesh/schema';
import type { Column } from '../output/table.js';
import {
  ABSENT,
  formatBytes,
  formatDuration,
  formatNumber,
  formatRate,
  formatShare,
  lowerBound,
} from './figures.js';
import { healthLine, workloadLine } from './names.js';
import { attempts, failedShare, totalBytes } from './traffic.js';

/** The columns of a table of these vertices; requests are timed to the first byte of their answer. */
export const vertexColumns = (window: Window, vertices: readonly Vertex[]): Column<Vertex>[] => [
  { header: 'Name', elastic: true, cell: ({ namespace, name }) => workloadLine(namespace, name) },
  {
    header: 'On',
    elastic: true,
    minor: 6,
    cell: ({ nodes, external }) => [{ text: external ? 'outside' : nodes.join(', '), style: 'dim' }],
  },
  {
    header: 'In/s',
    align: 'right',
    cell: (vertex) => [lowerBound(vertex.partial, formatRate(attempts(vertex.inbound) / window.seconds))],
  },
  {
    header: 'Out/s',
    align: 'right',
    cell: (vertex) => [lowerBound(vertex.partial, formatRate(attempts(vertex.outbound) / window.seconds))],
  },
  {
    header: 'Failed in',
    align: 'right',
    minor: 3,
    cell: ({ inbound }) => {
      const share = failedShare(inbound);
      return [{ text: share === 0 ? '0' : formatShare(share), style: share === 0 ? 'dim' : undefined }];
    },
  },
  ...requestColumns(window, vertices),
  {
    header: 'Open',
    align: 'right',
    minor: 4,
    cell: ({ inbound, outbound }) => [formatNumber(inbound.open + outbound.open)],
  },
  {
    header: 'Data/s',
    align: 'right',
    minor: 5,
    cell: (vertex) => {
      const bytes = totalBytes(vertex.inbound) + totalBytes(vertex.outbound);
      return [lowerBound(vertex.partial, formatBytes(bytes / window.seconds))];
    },
  },
  { header: 'State', elastic: true, cell: healthLine },
];

function requestColumns(window: Window, vertices: readonly Vertex[]): Column<Vertex>[] {
  if (vertices.every(({ inbound }) => inbound.requests === null)) return [];
  return [
    {
      header: 'Requests/s',
      align: 'right',
      minor: 1,
      cell: (vertex) => {
        const { requests } = vertex.inbound;
        return [
          requests === null
            ? ABSENT
            : lowerBound(vertex.partial, formatRate(requests.total / window.seconds)),
        ];
      },
    },
    {
      header: 'Request p99',
      align: 'right',
      minor: 2,
      cell: ({ inbound }) => [formatDuration(inbound.requests?.firstByteUs.p99)],
    },
  ];
}
