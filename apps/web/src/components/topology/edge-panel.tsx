// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Edge, Engine, Topology } from '@undermesh/schema';
import Link from 'next/link';
import { useMemo } from 'react';
import type { UrlState } from '@/data/use-url';
import { formatClock, formatDuration } from '@/domain/format';
import { limitOf, troubleOf } from '@/domain/topology/measures';
import type { PanelTabId } from '@/domain/topology/view';
import { edgeState } from '@/domain/words';
import { EdgeName, type Versions } from '../edge-name';
import { EngineBadge, Status } from '../glyph';
import { Panel } from '../panel';
import { ChangesTab } from './changes-tab';
import { ConnectionsTab } from './connections-tab';
import { LatencyTab } from './latency-tab';
import { latencyLink, type PanelScope } from './panel-scope';
import { panelTabs } from './panel-tabs';
import { PathTab } from './path-tab';
import { TrafficTab } from './traffic-tab';
import { useChanges } from './use-changes';

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

const full = (namespace: string, name: string) => (namespace === '' ? name : `${namespace}/${name}`);

/** What flows along one edge, how long it takes, its latest connections and what changed. */
export function EdgePanel(props: EdgePanelProps) {
  const { topology, edge, versions, engine, tab, link, query, onTab, onClose } = props;
  const state = edgeState(edge);
  const { sourceNamespace, sourceName, destinationNamespace, destinationName } = edge;
  const ends = useMemo(
    () => ({
      source: full(sourceNamespace, sourceName),
      destination: full(destinationNamespace, destinationName),
    }),
    [sourceNamespace, sourceName, destinationNamespace, destinationName],
  );
  const { level } = topology;
  const scope: PanelScope = {
    ...query,
    level,
    source: edge.source,
    destination: edge.destination,
    destinationName,
  };
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
          {engine !== null && (
            <>
              <span className="fill" />
              <EngineBadge engine={engine} />
            </>
          )}
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
            <Link className="btn" href={link('/connections/', ends)}>
              Connections
            </Link>
          )}
        </>
      }
    >
      {tab === 'traffic' && (
        <TrafficTab {...{ topology, edge, scope }} changes={changes.data?.items ?? NONE} />
      )}
      {tab === 'latency' && <LatencyTab scope={scope} traffic={edge.traffic} limitUs={limitUs} />}
      {tab === 'connections' && (
        <ConnectionsTab {...{ level, ends, query, link }} traffic={edge.traffic} partial={edge.partial} />
      )}
      {tab === 'path' && <PathTab {...{ level, ends, edge, query }} />}
      {tab === 'changes' && <ChangesTab answer={changes} {...{ scope, timed, link }} />}
    </Panel>
  );
}

const NONE: readonly never[] = [];
