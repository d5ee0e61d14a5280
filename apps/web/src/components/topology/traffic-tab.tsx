// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Edge, Edges, FailureReason, Latency, Topology } from '@undermesh/schema';
import { useMemo } from 'react';
import { latencyCourse } from '@/charts/latency/course';
import { edgeHistory } from '@/charts/topology/edge-history';
import { useFetch } from '@/data/use-fetch';
import {
  bytesFigure,
  durationFigure,
  formatClock,
  formatDuration,
  formatNumber,
  formatRate,
  formatShare,
  NBSP,
  shareFigure,
} from '@/domain/format';
import { limitOf } from '@/domain/topology/measures';
import { failedShare, perSecond, requestErrorShare, retransmitShare } from '@/domain/traffic';
import { reasonWords, seenByWords } from '@/domain/words';
import { useTokens } from '@/theme/tokens';
import { Chart } from '../chart';
import { PanelFigure, Section } from '../panel';
import { latencyQuery, type PanelScope } from './panel-scope';
import { TimeBar } from './time-bar';

export interface TrafficTabProps {
  topology: Topology;
  edge: Edge;
  scope: PanelScope;
  changes: readonly Change[];
}

/** What flows along an edge: figures, their course, where the time goes, what went wrong. */
export function TrafficTab({ topology, edge, scope, changes }: TrafficTabProps) {
  const { traffic } = edge;
  const { requests } = traffic;
  const { window } = topology;
  const bound = edge.partial ? `≥${NBSP}` : '';
  const failed = shareFigure(failedShare(traffic));
  const received = bytesFigure(perSecond(traffic.receivedBytes, window));
  const sent = bytesFigure(perSecond(traffic.sentBytes, window));
  const limitUs = limitOf(edge.healthReason);
  const p99 = requests?.firstByteUs.p99 ?? null;
  const slow = limitUs !== null && p99 !== null && p99 > limitUs;
  const failing = traffic.failed.total > 0 && edge.health === 'failing' ? { kind: 'crit' as const } : {};
  return (
    <>
      <div className="figures">
        {requests === null ? (
          <>
            <PanelFigure
              name="Opened"
              value={bound + formatRate(perSecond(traffic.opened, window))}
              unit="/s"
            />
            <PanelFigure name="Failed" {...failed} {...failing} />
            <PanelFigure name="Connect p99" {...durationFigure(traffic.connectUs.p99)} />
          </>
        ) : (
          <>
            <PanelFigure
              name="Requests"
              value={bound + formatRate(perSecond(requests.total, window))}
              unit="/s"
            />
            <PanelFigure name="Errors" {...shareFigure(requestErrorShare(requests))} />
            <PanelFigure name="p99" {...durationFigure(p99)} {...(slow ? { kind: 'warn' as const } : {})} />
          </>
        )}
        <PanelFigure name="Received" value={bound + received.value} unit={`${received.unit}/s`} />
        <PanelFigure name="Sent" value={bound + sent.value} unit={`${sent.unit}/s`} />
        <PanelFigure name="Open connections" value={bound + formatNumber(traffic.open)} />
        {requests !== null && (
          <>
            <PanelFigure
              name="Opened"
              value={bound + formatRate(perSecond(traffic.opened, window))}
              unit="/s"
            />
            <PanelFigure name="Failed" {...failed} {...failing} />
            <PanelFigure name="Connect p99" {...durationFigure(traffic.connectUs.p99)} />
          </>
        )}
      </div>
      {requests !== null && <LatencyCourse {...{ scope, changes, limitUs }} />}
      {edge.split !== null && <TimeBar split={edge.split} destination={edge.destinationName} />}
      {(requests === null || traffic.failed.total > 0) && (
        <History edge={edge} scope={scope} changes={changes} />
      )}
      <WentWrong edge={edge} bound={bound} />
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

function LatencyCourse({
  scope,
  changes,
  limitUs,
}: {
  scope: PanelScope;
  changes: readonly Change[];
  limitUs: number | null;
}) {
  const tokens = useTokens();
  const { data, error } = useFetch<Latency>(
    '/api/v1/latency',
    { ...latencyQuery(scope), columns: 60 },
    { refreshSeconds: 5 },
  );
  const option = useMemo(
    () => (data === null || tokens === null ? null : latencyCourse(data, { tokens, changes, limitUs })),
    [data, tokens, changes, limitUs],
  );
  return (
    <Section title="p99" note="ms">
      {data === null && error !== null ? (
        <p className="t3">No history: {error.message}</p>
      ) : (
        <div className="edge-chart">
          <Chart option={option} label={`p99 of requests over the window, in milliseconds`} />
        </div>
      )}
    </Section>
  );
}

function History({ edge, scope, changes }: { edge: Edge; scope: PanelScope; changes: readonly Change[] }) {
  const tokens = useTokens();
  const answer = useFetch<Edges>(
    '/api/v1/edges',
    { ...latencyQuery(scope), series: true, limit: 10 },
    { refreshSeconds: 5 },
  );
  const series = answer.data?.items.find(({ id }) => id === edge.id)?.series ?? null;
  const option = useMemo(
    () => (tokens === null || series === null ? null : edgeHistory(series, { tokens, changes })),
    [tokens, series, changes],
  );
  return (
    <Section title="Opened and failed" note="connections per second">
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
  );
}

function WentWrong({ edge: { traffic }, bound }: { edge: Edge; bound: string }) {
  const reasons = [...Object.entries(traffic.failed.reasons), ...Object.entries(traffic.broken.reasons)]
    .filter(([reason, count]) => count > 0 && reason !== 'local_fin' && reason !== 'peer_fin')
    .sort((a, b) => b[1] - a[1]);
  if (reasons.length === 0) return null;
  const broken = reasons
    .filter(([reason]) => reason in traffic.broken.reasons)
    .reduce((sum, [, count]) => sum + count, 0);
  return (
    <Section title="What went wrong" note={`${formatNumber(traffic.failed.total + broken)} connections`}>
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
  );
}

function Pair({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
