// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Connections, Edge, Edges, FailureReason, Topology } from '@undermesh/schema';
import Link from 'next/link';
import { useMemo } from 'react';
import { edgeHistory } from '@/charts/topology/edge-history';
import { useFetch } from '@/data/use-fetch';
import type { UrlState } from '@/data/use-url';
import {
  bytesFigure,
  durationFigure,
  formatBytes,
  formatClock,
  formatDuration,
  formatInstant,
  formatNumber,
  formatRate,
  formatShare,
  NBSP,
  shareFigure,
} from '@/domain/format';
import { troubleOf } from '@/domain/topology/measures';
import { failedShare, perSecond, retransmitShare } from '@/domain/traffic';
import { connectionState, edgeState, reasonWords, seenByWords } from '@/domain/words';
import { useTokens } from '@/theme/tokens';
import { Chart } from '../chart';
import { type Column, DataTable } from '../data-table';
import { EdgeName, type Versions } from '../edge-name';
import { Status } from '../glyph';
import { Panel, PanelFigure, Section } from '../panel';

export interface EdgePanelProps {
  topology: Topology;
  edge: Edge;
  versions: Versions;
  tab: 'traffic' | 'connections';
  link: UrlState['link'];
  query: { window: number; namespace: string | undefined; system: boolean | undefined };
  onTab: (tab: string) => void;
  onClose: () => void;
}

const full = (namespace: string, name: string) => (namespace === '' ? name : `${namespace}/${name}`);

/** What flows along one edge, and its latest connections. */
export function EdgePanel(props: EdgePanelProps) {
  const { topology, edge, versions, tab, link, onTab, onClose } = props;
  const state = edgeState(edge);
  const ends = {
    source: full(edge.sourceNamespace, edge.sourceName),
    destination: full(edge.destinationNamespace, edge.destinationName),
  };
  const byWorkload = topology.level === 'workload';
  return (
    <Panel
      label={`${edge.sourceName} to ${edge.destinationName}`}
      title={<EdgeName edge={edge} versions={versions} />}
      state={
        <>
          <Status kind={state.kind} quiet={state.kind === 'ok'}>
            {troubleOf(edge.healthReason, edge.traffic) ?? state.text}
          </Status>
          {edge.healthSince !== null && <span>since {formatClock(edge.healthSince)}</span>}
          {edge.partial && <span className="unk">a node is silent: lower bounds</span>}
        </>
      }
      tabs={[
        { id: 'traffic', name: 'Traffic' },
        { id: 'connections', name: 'Connections' },
      ]}
      tab={tab}
      onTab={onTab}
      padded={tab === 'traffic'}
      onClose={onClose}
      footer={
        byWorkload && (
          <>
            <span className="fill" />
            <Link className="btn" href={link('/connections/', ends)}>
              Connections
            </Link>
          </>
        )
      }
    >
      {tab === 'traffic' ? <TrafficTab {...props} /> : <ConnectionsTab {...props} ends={ends} />}
    </Panel>
  );
}

function TrafficTab({ topology, edge, query }: EdgePanelProps) {
  const { traffic } = edge;
  const { window } = topology;
  const tokens = useTokens();
  const answer = useFetch<Edges>(
    '/api/v1/edges',
    {
      ...query,
      level: topology.level,
      source: edge.source,
      destination: edge.destination,
      series: true,
      limit: 10,
    },
    { refreshSeconds: 5 },
  );
  const series = answer.data?.items.find(({ id }) => id === edge.id)?.series ?? null;
  const option = useMemo(
    () => (tokens === null || series === null ? null : edgeHistory(series, tokens)),
    [tokens, series],
  );
  const bound = edge.partial ? `≥${NBSP}` : '';
  const failed = shareFigure(failedShare(traffic));
  const connect = durationFigure(traffic.connectUs.p99);
  const received = bytesFigure(perSecond(traffic.receivedBytes, window));
  const sent = bytesFigure(perSecond(traffic.sentBytes, window));
  const reasons = [...Object.entries(traffic.failed.reasons), ...Object.entries(traffic.broken.reasons)]
    .filter(([reason, count]) => count > 0 && reason !== 'local_fin' && reason !== 'peer_fin')
    .sort((a, b) => b[1] - a[1]);
  return (
    <>
      <div className="figures">
        <PanelFigure name="Opened" value={bound + formatRate(perSecond(traffic.opened, window))} unit="/s" />
        <PanelFigure
          name="Failed"
          {...failed}
          {...(traffic.failed.total > 0 && edge.health === 'failing' ? { kind: 'crit' as const } : {})}
        />
        <PanelFigure name="Connect p99" {...connect} />
        <PanelFigure name="Received" value={bound + received.value} unit={`${received.unit}/s`} />
        <PanelFigure name="Sent" value={bound + sent.value} unit={`${sent.unit}/s`} />
        <PanelFigure name="Open connections" value={bound + formatNumber(traffic.open)} />
      </div>
      <Section title="Opened and failed" note="per second">
        {series === null && answer.error === null ? (
          <div className="edge-chart skeleton-chart" aria-hidden="true" />
        ) : series === null ? (
          <p className="t3">No history: {answer.error?.message}</p>
        ) : (
          <div className="edge-chart">
            <Chart
              option={option}
              label={`Connections opened and failed per second since ${formatClock(series.from)}`}
            />
          </div>
        )}
      </Section>
      {reasons.length > 0 && (
        <Section
          title="What went wrong"
          note={`${formatNumber(traffic.failed.total + broken(reasons))} connections`}
        >
          <dl className="pairs">
            {reasons.map(([reason, count]) => (
              <Pair
                key={reason}
                name={reasonWords(reason as FailureReason)}
                value={bound + formatNumber(count)}
              />
            ))}
          </dl>
        </Section>
      )}
      <Section title="On the wire">
        <dl className="pairs">
          <Pair
            name="Round trip, median and p99"
            value={
              traffic.roundTripUs.count === 0
                ? 'no data'
                : `${formatDuration(traffic.roundTripUs.p50)} · ${formatDuration(traffic.roundTripUs.p99)}`
            }
          />
          <Pair
            name="Retransmitted segments"
            value={
              traffic.segmentsSent === 0
                ? 'no data'
                : `${formatNumber(traffic.retransmittedSegments)}, ${formatShare(retransmitShare(traffic))}`
            }
          />
          <Pair
            name={edge.ports.length === 1 ? 'Port' : 'Ports'}
            value={edge.ports.join(', ') || 'no data'}
          />
          <Pair name="Seen by" value={seenByWords(edge.seenBy)} />
        </dl>
      </Section>
    </>
  );
}

const broken = (reasons: readonly [string, number][]) =>
  reasons.filter(([reason]) => BROKEN.has(reason)).reduce((sum, [, count]) => sum + count, 0);
const BROKEN = new Set(['local_reset', 'peer_reset', 'timed_out', 'killed', 'unreachable']);

function Pair({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

const COLUMNS: readonly Column<Connections['items'][number]>[] = [
  {
    id: 'opened',
    header: 'Opened',
    className: 'mono',
    width: 116,
    render: (one) => formatInstant(one.openedAt),
  },
  {
    id: 'state',
    header: 'State',
    render: (one) => {
      const { kind, text } = connectionState(one);
      return kind === 'warn' || kind === 'crit' ? (
        <Status kind={kind}>{text}</Status>
      ) : (
        <span className={kind === 'open' ? '' : 't2'}>{text}</span>
      );
    },
  },
  { id: 'life', header: 'Life', numeric: true, width: 66, render: (one) => formatDuration(one.lifetimeUs) },
  {
    id: 'received',
    header: 'Received',
    numeric: true,
    width: 82,
    render: (one) => formatBytes(one.receivedBytes),
  },
];

function ConnectionsTab({
  topology,
  edge,
  link,
  query,
  ends,
}: EdgePanelProps & { ends: { source: string; destination: string } }) {
  const byWorkload = topology.level === 'workload';
  const answer = useFetch<Connections>(
    byWorkload ? '/api/v1/connections' : null,
    { ...ends, window: query.window, system: query.system, state: 'all', limit: 50 },
    { refreshSeconds: 3 },
  );
  const { traffic } = edge;
  const bound = edge.partial ? `≥${NBSP}` : '';
  return (
    <>
      <div className="panel-line">
        <b>
          {bound}
          {formatNumber(traffic.open)} open
        </b>
        <span>·</span>
        {bound}
        {formatNumber(traffic.closed)} closed
        <span>·</span>
        <span className={traffic.failed.total > 0 ? 'crit' : ''}>
          {formatNumber(traffic.failed.total)} failed
        </span>
        <span className="fill" />
        {byWorkload && <Link href={link('/connections/', ends)}>Open in Connections</Link>}
      </div>
      {!byWorkload ? (
        <p className="panel-said">
          Connections are kept by workload. Step into this edge at the workload level to list them.
        </p>
      ) : answer.error !== null && answer.data === null ? (
        <p className="panel-said">{answer.error.message}</p>
      ) : (
        <DataTable
          label="Latest connections of this edge, newest first"
          columns={COLUMNS}
          rows={answer.data?.items ?? []}
          keyOf={(one) => one.id}
          dense
          virtualRowHeight={30}
          empty={answer.data === null ? null : <p className="panel-said">None in this window.</p>}
        />
      )}
    </>
  );
}
