// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Edge, Engine, Topology } from '@undermesh/schema';
import Link from 'next/link';
import type { UrlState } from '@/data/use-url';
import { formatClock, formatDuration } from '@/domain/format';
import { endsOf } from '@/domain/topology/edge-ends';
import { limitOf, troubleOf } from '@/domain/topology/measures';
import { partsOf, partsThrough } from '@/domain/topology/time-parts';
import type { PanelTabId } from '@/domain/topology/view';
import { edgeState } from '@/domain/words';
import { EdgeName, type Versions } from '../edge-name';
import { EngineBadge, Status } from '../glyph';
import { Panel } from '../panel';
import { ChangesTab } from './changes-tab';
import { EdgeConnections } from './edge-connections';
import { LatencyTab } from './latency-tab';
import { latencyLink, type PanelScope } from './panel-scope';
import { panelTabs } from './panel-tabs';
import { PathTab } from './path-tab';
import { TrafficTab } from './traffic-tab';
import { useChanges } from './use-changes';
import { useLegs } from './use-legs';

export interface EdgePanelProps {
  topology: Topology;
  edge: Edge;
  versions: Versions;
  tab: PanelTabId;
  link: UrlState['link'];
  /** What steers it; `null`: no node does, or nobody says. */
  engine: Engine | null;
  query: { window: number; namespace: string | undefined; system: boolean | undefined };
  onTab: (tab: string) => void;
  onClose: () => void;
}

/** What flows along one edge, how long it takes, its latest connections and what changed. */
export function EdgePanel(props: EdgePanelProps) {
  const { topology, edge, versions, engine, tab, link, query, onTab, onClose } = props;
  const state = edgeState(edge);
  const { sourceName, destinationName, via } = edge;
  const ends = endsOf(edge);
  const { level } = topology;
  const scope: PanelScope = {
    ...query,
    level,
    source: edge.source,
    destination: edge.destination,
    destinationName,
  };
  const legs = useLegs(edge, scope);
  const times = via === null ? partsOf(edge.split) : partsThrough(via.time, legs);
  const changes = useChanges(scope);
  const limitUs = limitOf(edge.healthReason);
  const newest = changes.data?.items[0];
  const timed = edge.traffic.requests !== null;
  return (
    <Panel
      label={`${sourceName} to ${destinationName}`}
      title={<EdgeName edge={edge} versions={versions} />}
      state={
        <>
          <Status kind={state.kind} quiet={state.kind === 'ok'}>
            {troubleOf(edge.healthReason, edge.traffic) ?? state.text}
          </Status>
          {limitUs !== null && <span>limit {formatDuration(limitUs)}</span>}
          {edge.healthSince !== null && <span>since {formatClock(edge.healthSince)}</span>}
          {edge.partial && <span className="unk">a node is silent: lower bounds</span>}
          <span className="fill" />
          {engine !== null && <EngineBadge engine={engine} />}
          {via !== null && <EngineBadge engine="waypoint" />}
        </>
      }
      tabs={panelTabs('edge', changes.data?.items.length)}
      tab={tab}
      onTab={onTab}
      padded={tab === 'traffic' || tab === 'latency'}
      onClose={onClose}
      footer={
        <>
          {timed && newest !== undefined ? (
            <Link className="btn" href={latencyLink(link, scope, { compare: `change:${newest.number}` })}>
              Compare before and after #{newest.number}
            </Link>
          ) : (
            timed && (
              <Link className="btn" href={latencyLink(link, scope)}>
                Latency
              </Link>
            )
          )}
          <span className="fill" />
          {level === 'workload' && (
            <Link className="btn" href={link('/connections/', ends.first)}>
              Connections
            </Link>
          )}
        </>
      }
    >
      {tab === 'traffic' && (
        <TrafficTab {...{ topology, edge, legs, times, scope }} changes={changes.data?.items ?? NONE} />
      )}
      {tab === 'latency' && (
        <LatencyTab
          {...{ scope, via, limitUs }}
          traffic={edge.traffic}
          through={via === null ? null : times}
        />
      )}
      {tab === 'connections' && <EdgeConnections {...{ level, edge, ends, legs, query, link }} />}
      {tab === 'path' && <PathTab {...{ level, ends, edge, legs, times, query, link }} />}
      {tab === 'changes' && <ChangesTab answer={changes} {...{ scope, timed, link }} />}
    </Panel>
  );
}

const NONE: readonly never[] = [];
