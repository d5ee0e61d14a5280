// SPDX-License-Identifier: Apache-2.0
'use client';

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useLive } from '@/data/live';
import { useEnginesByNode } from '@/data/use-engines-by-node';
import { useUrl } from '@/data/use-url';
import { engineOfEdge, engineShares } from '@/domain/engines/steering';
import { parseQuery } from '@/domain/topology/find';
import { drawnOnce } from '@/domain/topology/legs';
import { type Target, targetText } from '@/domain/topology/paths';
import { show } from '@/domain/topology/shown';
import { hideText, viewOf } from '@/domain/topology/view';
import { versionsOf } from '../edge-name';
import { Page } from '../page';
import { ProblemBanner, SilentBanner } from '../states';
import { isTyping } from '../use-find-field';
import { useSize } from '../use-size';
import { EdgePanel } from './edge-panel';
import { EdgesTable } from './edges-table';
import { MapCanvas, type MapHandle, ZOOM_STEP } from './map-canvas';
import { MapHelp } from './map-help';
import { MapLegend } from './map-legend';
import { MapStatement } from './map-statement';
import { MapSkeleton, NothingHere, NothingShown } from './map-states';
import { MapTools } from './map-tools';
import { TopologyBar, TopologyScope } from './topology-bar';
import { useLayout } from './use-layout';
import { VertexPanel } from './vertex-panel';
import './topology.css';

const ERRORS_ONLY = 'health:ok';
/** Height of the two bars and of what stands above and below the map. */
const BARS = 200;

// the drawing's code comes while the data and the layout do
if (typeof window !== 'undefined') void import('./map-drawing');

/** The mesh as a map or as a table: who talks to whom, how much and how well. */
export function TopologyPage() {
  const { parameters, window, namespaces, current, set, link } = useUrl();
  const view = useMemo(() => viewOf(parameters), [parameters]);
  const namespace = namespaces.length === 0 ? undefined : namespaces.join(',');
  const system = view.system ? true : undefined;
  const query = useMemo(() => ({ window, namespace, system }), [window, namespace, system]);
  const legs = view.legs ? true : undefined;
  const live = useLive('topology', {
    level: view.level,
    window,
    ...(namespace === undefined ? {} : { namespace }),
    ...(system === undefined ? {} : { system }),
    ...(legs === undefined ? {} : { legs }),
  });
  const { data } = live;
  const mesh = useMemo(() => (data === null ? null : drawnOnce(data, view.legs)), [data, view.legs]);
  const { ref: stage, size } = useSize<HTMLDivElement>();
  // the same with and without a panel, so that a link leads to the same map
  const known = size !== null;
  const frame = useMemo(
    () => (known ? { width: globalThis.innerWidth, height: globalThis.innerHeight - BARS } : null),
    [known],
  );
  const map = useRef<MapHandle>(null);
  const [help, setHelp] = useState(false);

  // while another level is on its way the picture that is there stays
  const fresh = mesh !== null && !live.pending && mesh.level === view.level ? mesh : null;
  const name = `${view.level} ${namespace ?? ''} ${system === true ? 'system' : ''}${view.legs ? ' legs' : ''}`;
  const { picture, arrange, complete, took } = useLayout(fresh, name, frame);
  const topology = view.as === 'map' ? (picture?.topology ?? null) : mesh;
  const shown = useMemo(
    () => (topology === null ? null : show(topology, view.find, view.hide)),
    [topology, view.find, view.hide],
  );
  const placed = useMemo(() => new Set(picture?.layout.vertices.map(({ id }) => id)), [picture?.layout]);
  const missing = view.as === 'map' && (shown?.vertices.some(({ id }) => !placed.has(id)) ?? false);
  useEffect(() => {
    if (missing) complete();
  }, [missing, complete]);
  const versions = useMemo(() => versionsOf(topology?.vertices), [topology]);
  const engines = useEnginesByNode();

  const select = useCallback(
    (target: Target | null) =>
      set({ sel: targetText(target), selection: null, ...(target === null ? { tab: null } : {}) }),
    [set],
  );
  const stepInto = useCallback(
    (target: Target) => {
      const vertex = topology?.vertices.find(({ id }) => id === target.id);
      if (view.level !== 'namespace' || !vertex || vertex.external) return;
      set({ level: null, namespace: vertex.name, sel: null, selection: null, tab: null }, { push: true });
    },
    [topology, view.level, set],
  );
  const rearrange = useCallback(() => {
    if (topology !== null && shown !== null) {
      arrange({ level: topology.level, vertices: [...shown.vertices], edges: [...shown.edges] });
      map.current?.fit();
    }
  }, [topology, shown, arrange]);

  useEffect(() => {
    const actions: Record<string, () => void> = {
      t: () => set({ view: viewOf(current()).as === 'map' ? 'table' : null }),
      e: () => {
        const { hide } = viewOf(current());
        const others = hide.filter((text) => text !== ERRORS_ONLY);
        set({ hide: hideText(hide.length > others.length ? others : [...hide, ERRORS_ONLY]) });
      },
      f: () => map.current?.fit(),
      a: rearrange,
      '?': () => setHelp(true),
      '+': () => map.current?.zoomBy(ZOOM_STEP),
      '=': () => map.current?.zoomBy(ZOOM_STEP),
      '-': () => map.current?.zoomBy(1 / ZOOM_STEP),
      '0': () => map.current?.lifeSize(),
    };
    const listen = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target))
        return;
      if (event.target instanceof Element && event.target.closest('dialog, [role="menu"]') !== null) return;
      const action = actions[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [current, set, rearrange]);

  const finding = parseQuery(view.find).terms.some((term) => !term.hide);
  const empty = fresh !== null && fresh.vertices.length === 0;
  const hiddenAll = !empty && shown !== null && shown.vertices.length === 0;
  const close = useCallback(() => select(null), [select]);
  const edge =
    view.selected?.kind === 'edge' ? topology?.edges.find(({ id }) => id === view.selected?.id) : undefined;
  const vertex =
    view.selected?.kind === 'vertex'
      ? topology?.vertices.find(({ id }) => id === view.selected?.id)
      : undefined;
  const engine =
    edge === undefined || topology === null
      ? null
      : engineOfEdge(edge, new Map(topology.vertices.map((one) => [one.id, one])), engines);
  const panel =
    topology === null ? undefined : edge !== undefined ? (
      <EdgePanel
        key={edge.id}
        {...{ topology, edge, versions, link, query }}
        engine={engine === 'several' ? null : engine}
        tab={view.tab}
        onTab={(tab) => set({ tab: tab === 'traffic' ? null : tab })}
        onClose={close}
      />
    ) : vertex !== undefined ? (
      <VertexPanel
        key={vertex.id}
        {...{ topology, vertex, versions, link, query }}
        engines={engineShares(vertex, engines)}
        tab={view.tab}
        onTab={(tab) => set({ tab: tab === 'traffic' ? null : tab })}
        onSelect={select}
        onStepInto={
          view.level === 'namespace' && !vertex.external
            ? () => stepInto({ kind: 'vertex', id: vertex.id })
            : null
        }
        onClose={close}
      />
    ) : undefined;

  return (
    <Page
      title="Topology"
      lead={<TopologyBar view={view} shown={shown} set={set} />}
      actions={<TopologyScope view={view} set={set} />}
      panel={panel}
      footer={null}
    >
      <div className="map-banners">
        <SilentBanner />
        {live.problem !== null && <ProblemBanner message={live.problem.detail ?? live.problem.title} />}
      </div>
      <div className="map-stage" ref={stage} data-layout-ms={took === null ? undefined : Math.round(took)}>
        {empty ? (
          <NothingHere topology={fresh} namespaces={namespaces} window={window} set={set} />
        ) : hiddenAll ? (
          <NothingShown hide={view.hide} set={set} />
        ) : view.as === 'table' ? (
          topology !== null &&
          shown !== null && (
            <EdgesTable
              {...{ topology, shown, versions, finding, query }}
              selected={view.selected}
              onSelect={select}
            />
          )
        ) : picture !== null && shown !== null && size !== null ? (
          <>
            <MapCanvas
              {...{ picture, shown, size }}
              engines={engines}
              colour={view.colour}
              label={view.label}
              selected={view.selected}
              onSelect={select}
              onOpen={stepInto}
              handle={map}
            />
            <MapStatement
              topology={picture.topology}
              shown={shown}
              legs={view.legs}
              onShowAll={() => set({ hide: null })}
              onShowLegs={(on) => set({ legs: on ? 'true' : null })}
            />
            <MapTools map={map} onArrange={rearrange} onHelp={() => setHelp(true)} />
            <MapLegend topology={picture.topology} shown={shown} engines={engines} colour={view.colour} />
          </>
        ) : (
          <MapSkeleton />
        )}
      </div>
      {help && <MapHelp onClose={() => setHelp(false)} />}
    </Page>
  );
}
