// SPDX-License-Identifier: Apache-2.0
'use client';

import type {
  Change,
  Edge,
  Edges,
  FailureReason,
  Latency,
  Requests,
  Topology,
  Via,
  Window,
} from '@undermesh/schema';
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
  NBSP,
  shareFigure,
} from '@/domain/format';
import { limitOf } from '@/domain/topology/measures';
import type { LegEdges, TimeParts } from '@/domain/topology/time-parts';
import { failedShare, perSecond, requestErrorShare } from '@/domain/traffic';
import { reasonWords, seenByWords } from '@/domain/words';
import { useTokens } from '@/theme/tokens';
import { Chart } from '../chart';
import { PanelFigure, Section } from '../panel';
import { TimeSection } from '../time-bar';
import { OnTheWire } from './on-the-wire';
import { latencyQuery, type PanelScope } from './panel-scope';

export interface TrafficTabProps {
  topology: Topology;
  edge: Edge;
  legs: LegEdges;
  /** Where the time goes; `null`: no request was timed. */
  times: TimeParts | null;
  scope: PanelScope;
  changes: readonly Change[];
}

/** What flows along an edge: figures, their course, where the time goes, what went wrong. */
export function TrafficTab({ topology, edge, legs, times, scope, changes }: TrafficTabProps) {
  const { traffic, via } = edge;
  const { requests } = traffic;
  const { window } = topology;
  const bound = edge.partial ? `≥${NBSP}` : '';
  const limitUs = limitOf(edge.healthReason);
  const names = { waypoint: via?.name ?? null, server: edge.destinationName };
  const shared = { edge, window, bound };
  return (
    <>
      <div className="figures">
        {requests === null ? (
          <ConnectFigures {...shared} />
        ) : (
          <RequestFigures {...shared} requests={requests} limitUs={limitUs} />
        )}
        {via === null && (
          <>
            <DataFigures {...shared} />
            <PanelFigure name="Open connections" value={bound + formatNumber(traffic.open)} />
            {requests !== null && <ConnectFigures {...shared} />}
          </>
        )}
      </div>
      {requests !== null && <LatencyCourse {...{ scope, changes, limitUs }} />}
      {times !== null && <TimeSection parts={times} names={names} note={timeNote(edge)} />}
      {via === null && (requests === null || traffic.failed.total > 0) && (
        <History edge={edge} scope={scope} changes={changes} />
      )}
      <WentWrong edge={edge} bound={bound} />
      {via === null ? (
        <OnTheWire traffic={traffic}>
          <Pair
            name={edge.ports.length === 1 ? 'Port' : 'Ports'}
            value={edge.ports.join(', ') || 'no data'}
          />
          <Pair name="Seen by" value={seenByWords(edge.seenBy)} />
        </OnTheWire>
      ) : (
        <Legs edge={edge} via={via} legs={legs} />
      )}
    </>
  );
}

/** What qualifies the parts of time. */
const timeNote = ({ split, via }: Edge): string | null =>
  via !== null
    ? `Of ${formatNumber(via.timed)} requests; the ways are means of their legs.`
    : split?.basis === 'source'
      ? 'Only the source reports: network is its round trip.'
      : null;

interface FigureProps {
  edge: Edge;
  window: Window;
  /** Before sums that miss a node. */
  bound: string;
}

function RequestFigures({
  requests,
  limitUs,
  window,
  bound,
}: FigureProps & { requests: Requests; limitUs: number | null }) {
  const { p99 } = requests.firstByteUs;
  const slow = limitUs !== null && p99 !== null && p99 > limitUs;
  return (
    <>
      <PanelFigure name="Requests" value={bound + formatRate(perSecond(requests.total, window))} unit="/s" />
      <PanelFigure name="Errors" {...shareFigure(requestErrorShare(requests))} />
      <PanelFigure name="p99" {...durationFigure(p99)} {...(slow ? { kind: 'warn' as const } : {})} />
    </>
  );
}

function ConnectFigures({ edge: { traffic, health }, window, bound }: FigureProps) {
  const failing = traffic.failed.total > 0 && health === 'failing' ? { kind: 'crit' as const } : {};
  return (
    <>
      <PanelFigure name="Opened" value={bound + formatRate(perSecond(traffic.opened, window))} unit="/s" />
      <PanelFigure name="Failed" {...shareFigure(failedShare(traffic))} {...failing} />
      <PanelFigure name="Connect p99" {...durationFigure(traffic.connectUs.p99)} />
    </>
  );
}

function DataFigures({ edge: { traffic }, window, bound }: FigureProps) {
  const received = bytesFigure(perSecond(traffic.receivedBytes, window));
  const sent = bytesFigure(perSecond(traffic.sentBytes, window));
  return (
    <>
      <PanelFigure name="Received" value={bound + received.value} unit={`${received.unit}/s`} />
      <PanelFigure name="Sent" value={bound + sent.value} unit={`${sent.unit}/s`} />
    </>
  );
}

/** The connections that carry the requests of a joined edge: to the waypoint and from there. */
function Legs({ edge, via, legs }: { edge: Edge; via: Via; legs: LegEdges }) {
  const told = (leg: Edge | null): string => {
    if (leg === null) return 'no data';
    const { open, connectUs } = leg.traffic;
    return [
      `${formatNumber(open)} open`,
      ...(connectUs.p50 === null ? [] : [`handshake ${formatDuration(connectUs.p50)}`]),
    ].join(' · ');
  };
  const { client } = legs;
  return (
    <Section title="Connections" note="of both legs, whoever else uses them">
      <dl className="pairs">
        <Pair name={`${edge.sourceName} → ${via.name}`} value={told(client)} />
        <Pair name={`${via.name} → ${edge.destinationName}`} value={told(legs.server)} />
        {client?.leg != null && client.leg.answered > 0 && (
          <Pair name={`Answered by ${via.name} itself`} value={formatNumber(client.leg.answered)} />
        )}
        {client?.leg != null && client.leg.notJoined > 0 && (
          <Pair name="Not joined, or not yet" value={formatNumber(client.leg.notJoined)} />
        )}
      </dl>
    </Section>
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
