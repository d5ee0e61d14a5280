// SPDX-License-Identifier: Apache-2.0
import type { Edge, Quantiles, Vertex } from '@undermesh/schema';
import type { Line } from '../output/line.js';
import { type Column, table } from '../output/table.js';
import { edgeColumns } from '../words/edge-columns.js';
import { ABSENT, formatDuration, formatNumber, formatShare, formatTime } from '../words/figures.js';
import { reasonWords, workloadLine } from '../words/names.js';
import type { Facts, Failure } from './facts.js';
import { timeParts } from './time-split.js';

export interface TableSpace {
  /** Columns of the terminal; `null`: no limit. */
  readonly width: number | null;
  /** Unix ms. */
  readonly now: number;
}

/** The figures behind the sentences. */
export const tables = (facts: Facts, space: TableSpace): Line[] => [
  ...path(facts),
  ...edges(facts, space),
  ...(facts.forward === null ? [] : [...timing(facts.forward, space), ...split(facts.forward, space)]),
  ...failures(facts, space),
];

const title = (text: string): Line[] => [[], [{ text, style: 'bold' }]];

/** One line for each way from source to destination. */
function path({ source, destination, forward, through }: Facts): Line[] {
  const port = ({ ports }: Edge): string => (ports[0] === undefined ? '' : ` ${ports[0]} `);
  const arrow = (edge: Edge): Line => [
    {
      text: ` ─${edge.via === null ? port(edge) : ` ${edge.via.name} `}→ `,
      style: edge.health === 'failing' ? 'red' : 'dim',
    },
  ];
  const ways: Line[] =
    forward !== null
      ? [[...place(source), ...arrow(forward), ...place(destination)]]
      : through.map(({ via, first, second }) => [
          ...place(source),
          ...arrow(first),
          ...place(via),
          ...arrow(second),
          ...place(destination),
        ]);
  return ways.length === 0 ? [] : [...title('Path'), ...ways];
}

const place = (vertex: Vertex): Line => [
  ...workloadLine(vertex.namespace, vertex.name),
  { text: vertex.external ? ' (outside)' : ` on ${vertex.nodes.join(', ')}`, style: 'dim' },
];

function edges({ forward, backward, through, window }: Facts, { width, now }: TableSpace): Line[] {
  const rows = [forward, backward, ...through.flatMap(({ first, second }) => [first, second])];
  const known = [...new Map(rows.filter((edge) => edge !== null).map((edge) => [edge.id, edge])).values()];
  return known.length === 0
    ? []
    : [...title('Edges'), ...table(edgeColumns(window, now, known), known, width)];
}

type Timing = readonly [name: string, quantiles: Quantiles];

const quantile = (header: string, of: (quantiles: Quantiles) => number | null): Column<Timing> => ({
  header,
  align: 'right',
  cell: ([, quantiles]) => [formatDuration(of(quantiles))],
});

const TIMING: readonly Column<Timing>[] = [
  { header: '', cell: ([name]) => [name] },
  quantile('p50', ({ p50 }) => p50),
  quantile('p90', ({ p90 }) => p90),
  quantile('p95', ({ p95 }) => p95),
  quantile('p99', ({ p99 }) => p99),
  { header: 'Samples', align: 'right', cell: ([, { count }]) => [formatNumber(count)] },
];

function timing({ traffic, via }: Edge, { width }: TableSpace): Line[] {
  const { connectUs, roundTripUs, lifetimeUs, requests } = traffic;
  const rows: Timing[] = [
    ...(via === null ? [] : ([['in the waypoint itself', via.waypointUs]] as const)),
    ...(requests === null
      ? []
      : ([
          ['request to first byte', requests.firstByteUs],
          ['request to last byte', requests.lastByteUs],
        ] as const)),
    ['connect', connectUs],
    ['round trip', roundTripUs],
    ['lifetime', lifetimeUs],
  ];
  return [...title('Timing'), ...table(TIMING, rows, width)];
}

/** Cells of a bar of 100 %. */
const BAR_CELLS = 24;
const PART_WORDS = { network: 'network', application: 'application', local: 'source’s own host' } as const;

function split({ split: of }: Edge, { width }: TableSpace): Line[] {
  if (of === null) return [];
  const columns: Column<ReturnType<typeof timeParts>[number]>[] = [
    { header: '', cell: ({ name }) => [PART_WORDS[name]] },
    { header: 'Mean', align: 'right', cell: ({ us }) => [formatDuration(us)] },
    { header: 'Share', align: 'right', cell: ({ share }) => [formatShare(share)] },
    { header: '', cell: ({ share }) => [{ text: '█'.repeat(Math.round(share * BAR_CELLS)), style: 'cyan' }] },
  ];
  const remark = `${formatNumber(of.requests)} requests; handshake ${formatDuration(of.connectUs)} per connection, not in it.`;
  return [
    ...title('Where the time of a request goes'),
    ...table(columns, timeParts(of), width),
    [{ text: remark, style: 'dim' }],
  ];
}

function failures({ failures: rows }: Facts, { width, now }: TableSpace): Line[] {
  if (rows.length === 0) return [];
  const when = (time: string | null | undefined): string => (time == null ? ABSENT : formatTime(time, now));
  const columns: Column<Failure>[] = [
    { header: 'Reason', cell: ({ reason }) => [{ text: reasonWords(reason), style: 'red' }] },
    { header: 'Count', align: 'right', cell: ({ count }) => [formatNumber(count)] },
    { header: 'Since', cell: ({ since }) => [when(since)] },
    { header: 'Last', cell: ({ last }) => [when(last?.endedAt)] },
    { header: 'The last one', elastic: true, cell: ({ last }) => [last === null ? ABSENT : whoWasIt(last)] },
  ];
  return [...title('Failures'), ...table(columns, rows, width)];
}

/** `curl (pid 312) on left to 10.0.0.2:8080`. */
function whoWasIt({ source, destination }: NonNullable<Failure['last']>): string {
  const process =
    source.process === null ? source.workload : `${source.process} (pid ${source.pid ?? ABSENT})`;
  const node = source.node === null ? '' : ` on ${source.node}`;
  const address = destination.address.includes(':') ? `[${destination.address}]` : destination.address;
  return `${process}${node} to ${address}:${destination.port}`;
}
