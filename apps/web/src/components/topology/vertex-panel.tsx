// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Connections, Edge, Topology, Traffic, Vertex } from '@undermesh/schema';
import Link from 'next/link';
import { useMemo } from 'react';
import { useFetch } from '@/data/use-fetch';
import type { UrlState } from '@/data/use-url';
import type { EngineShare } from '@/domain/engines/steering';
import {
  bytesFigure,
  durationFigure,
  formatInstant,
  formatNumber,
  formatRate,
  NBSP,
  shareFigure,
} from '@/domain/format';
import { flowRate, limitOf, rateText, troubleOf } from '@/domain/topology/measures';
import type { Target } from '@/domain/topology/paths';
import { isUnhealthy } from '@/domain/topology/shown';
import type { PanelTabId } from '@/domain/topology/view';
import { attempts, failedShare, perSecond, requestErrorShare, totalBytes, volume } from '@/domain/traffic';
import { healthStatus, reasonWords } from '@/domain/words';
import type { Versions } from '../edge-name';
import { EngineBadge, Status, StatusGlyph } from '../glyph';
import { Panel, PanelFigure, Section } from '../panel';
import { ChangesTab } from './changes-tab';
import { ConnectionsTab } from './connections-tab';
import { EngineShareBar } from './engine-share';
import { LatencyTab } from './latency-tab';
import { latencyLink, type PanelScope } from './panel-scope';
import { panelTabs } from './panel-tabs';
import { useChanges } from './use-changes';

export interface VertexPanelProps {
  topology: Topology;
  vertex: Vertex;
  versions: Versions;
  /** Of the nodes it was seen on; empty where no node steers. */
  engines: readonly EngineShare[];
  tab: PanelTabId;
  link: UrlState['link'];
  query: { window: number; namespace: string | undefined; system: boolean | undefined };
  onTab: (tab: string) => void;
  onSelect: (target: Target) => void;
  /** Opens the level below, within it. */
  onStepInto: (() => void) | null;
  onClose: () => void;
}

/** One vertex: its traffic, the latency of what it serves, its connections and what changed. */
export function VertexPanel(props: VertexPanelProps) {
  const { topology, vertex, link, query, onTab, onStepInto, onClose } = props;
  const tab = props.tab === 'path' ? 'traffic' : props.tab;
  const name = vertex.namespace === '' ? vertex.name : `${vertex.namespace}/${vertex.name}`;
  const status = healthStatus(vertex.health);
  const { level } = topology;
  const scope: PanelScope = {
    ...query,
    level,
    source: null,
    destination: vertex.id,
    destinationName: vertex.name,
  };
  const changes = useChanges(scope);
  const ends = useMemo(() => ({ workload: name }), [name]);
  const timed = vertex.inbound.requests !== null;
  return (
    <Panel
      label={vertex.name}
      title={
        <span className="cut">
          {vertex.name}
          {vertex.version !== null && <span className="t3"> {vertex.version}</span>}
        </span>
      }
      state={
        <>
          <Status kind={status} quiet={status === 'ok'}>
            {troubleOf(vertex.healthReason, vertex.inbound) ??
              (status === 'ok' ? 'steady' : status === 'unk' ? 'no data' : vertex.health)}
          </Status>
          {vertex.partial && <span className="unk">a node is silent: lower bounds</span>}
          <span className="fill" />
          {props.engines.map(({ engine }) => (
            <EngineBadge key={engine} engine={engine} />
          ))}
          <span className="t3">
            {vertex.external ? 'outside the mesh' : vertex.namespace === vertex.name ? '' : vertex.namespace}
          </span>
        </>
      }
      tabs={panelTabs('vertex', changes.data?.items.length)}
      tab={tab}
      onTab={onTab}
      padded={tab === 'traffic' || tab === 'latency'}
      onClose={onClose}
      footer={
        <>
          {onStepInto !== null && (
            <button type="button" className="btn" onClick={onStepInto}>
              Show its workloads
            </button>
          )}
          {timed && (
            <Link className="btn" href={latencyLink(link, scope)}>
              Latency
            </Link>
          )}
          <span className="fill" />
          {level === 'workload' && (
            <Link className="btn" href={link('/connections/', ends)}>
              Connections
            </Link>
          )}
        </>
      }
    >
      {tab === 'traffic' && <VertexTraffic {...props} name={name} />}
      {tab === 'latency' && (
        <LatencyTab
          scope={scope}
          traffic={vertex.inbound}
          via={null}
          through={null}
          limitUs={limitOf(vertex.healthReason)}
        />
      )}
      {tab === 'connections' && (
        <ConnectionsTab {...{ level, ends, query, link }} traffic={vertex.inbound} partial={vertex.partial} />
      )}
      {tab === 'changes' && <ChangesTab answer={changes} {...{ scope, timed, link }} />}
    </Panel>
  );
}

/** What it serves and asks for, with whom, where it runs and what failed last. */
function VertexTraffic(props: VertexPanelProps & { name: string }) {
  const { topology, vertex, versions, name, onSelect } = props;
  const { window } = topology;
  const callers = byRate(topology.edges.filter((edge) => edge.destination === vertex.id));
  const called = byRate(topology.edges.filter((edge) => edge.source === vertex.id));
  return (
    <>
      <Figures title="As destination" traffic={vertex.inbound} topology={topology} partial={vertex.partial} />
      <Figures title="As source" traffic={vertex.outbound} topology={topology} partial={vertex.partial} />
      <Peers title="Called by" edges={callers} {...{ versions, window, onSelect }} end="source" />
      <Peers title="Calls" edges={called} {...{ versions, window, onSelect }} end="destination" />
      <Section title="Where it runs">
        <dl className="pairs">
          {topology.level === 'workload' && (
            <>
              <dt>Kind</dt>
              <dd>{vertex.kind}</dd>
            </>
          )}
          <dt>{vertex.nodes.length === 1 ? 'Node' : 'Nodes'}</dt>
          <dd>{vertex.external ? 'outside the mesh' : vertex.nodes.join(', ') || 'no data'}</dd>
          {vertex.members > 1 && (
            <>
              <dt>Workloads behind it</dt>
              <dd>{formatNumber(vertex.members)}</dd>
            </>
          )}
        </dl>
      </Section>
      {vertex.nodes.length > 1 && props.engines.length > 0 && (
        <Section title="What steers it" note="by node">
          <EngineShareBar shares={props.engines} total={vertex.nodes.length} />
        </Section>
      )}
      {topology.level === 'workload' && <Failures {...props} name={name} />}
    </>
  );
}

const byRate = (edges: readonly Edge[]) =>
  [...edges].sort(
    (a, b) =>
      Number(isUnhealthy(b.health)) - Number(isUnhealthy(a.health)) || volume(b.traffic) - volume(a.traffic),
  );

function Figures(props: { title: string; traffic: Traffic; topology: Topology; partial: boolean }) {
  const { title, traffic, topology, partial } = props;
  if (attempts(traffic) === 0 && traffic.open === 0) {
    return (
      <Section title={title}>
        <p className="t3">No connections in this window.</p>
      </Section>
    );
  }
  const bound = partial ? `≥${NBSP}` : '';
  const data = bytesFigure(perSecond(totalBytes(traffic), topology.window));
  return (
    <Section title={title}>
      <div className="figures">
        {traffic.requests !== null && (
          <>
            <PanelFigure
              name="Requests"
              value={bound + formatRate(perSecond(traffic.requests.total, topology.window))}
              unit="/s"
            />
            <PanelFigure name="Errors" {...shareFigure(requestErrorShare(traffic.requests))} />
            <PanelFigure name="p99" {...durationFigure(traffic.requests.firstByteUs.p99)} />
          </>
        )}
        <PanelFigure
          name="Opened"
          value={bound + formatRate(perSecond(traffic.opened, topology.window))}
          unit="/s"
        />
        <PanelFigure name="Failed" {...shareFigure(failedShare(traffic))} />
        <PanelFigure name="Connect p99" {...durationFigure(traffic.connectUs.p99)} />
        <PanelFigure name="Data" value={bound + data.value} unit={`${data.unit}/s`} />
        <PanelFigure name="Open" value={bound + formatNumber(traffic.open)} />
      </div>
    </Section>
  );
}

interface PeersProps {
  title: string;
  edges: readonly Edge[];
  end: 'source' | 'destination';
  versions: Versions;
  window: Topology['window'];
  onSelect: (target: Target) => void;
}

function Peers({ title, edges, end, versions, window, onSelect }: PeersProps) {
  if (edges.length === 0) return null;
  return (
    <Section title={title} note={formatNumber(edges.length)}>
      <ul className="peers">
        {edges.map((edge) => {
          const id = end === 'source' ? edge.source : edge.destination;
          const kind = healthStatus(edge.health);
          return (
            <li key={edge.id}>
              <button type="button" onClick={() => onSelect({ kind: 'vertex', id })}>
                <span className="cut medium">
                  {end === 'source' ? edge.sourceName : edge.destinationName}
                  {versions.has(id) && <span className="t3"> {versions.get(id)}</span>}
                </span>
              </button>
              <button
                type="button"
                className="peer-edge"
                title={troubleOf(edge.healthReason, edge.traffic) ?? 'Show the edge'}
                aria-label={`Edge ${edge.sourceName} to ${edge.destinationName}`}
                onClick={() => onSelect({ kind: 'edge', id: edge.id })}
              >
                {isUnhealthy(edge.health) && (
                  <span className={kind}>
                    <StatusGlyph kind={kind} size={12} />
                  </span>
                )}
                <span className="t2">{rateText(flowRate(edge.traffic, window))}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function Failures({ name, query, link }: VertexPanelProps & { name: string }) {
  const answer = useFetch<Connections>(
    '/api/v1/connections',
    { workload: name, state: 'failed', window: query.window, system: query.system, limit: 6 },
    { refreshSeconds: 5 },
  );
  const items = answer.data?.items ?? [];
  return (
    <Section title="Latest failures">
      {items.length === 0 ? (
        <p className="t3">
          {answer.data === null ? (answer.error?.message ?? 'Looking') : 'None in this window.'}
        </p>
      ) : (
        <ul className="failures">
          {items.map((one) => (
            <li key={one.id}>
              <Link
                className="mono"
                href={link('/connections/', { workload: name, state: 'failed', id: one.id })}
              >
                {formatInstant(one.openedAt)}
              </Link>
              <span className="cut">
                {one.source.workload} → {one.destination.workload}
              </span>
              <span className="crit">{reasonWords(one.reason)}</span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
