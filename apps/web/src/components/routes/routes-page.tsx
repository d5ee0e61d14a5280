// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Routes } from '@undermesh/schema';
import Link from 'next/link';
import { useCallback, useMemo } from 'react';
import { useStatus } from '@/data/live';
import { useFetch } from '@/data/use-fetch';
import { type UrlState, useUrl } from '@/data/use-url';
import { formatNumber, formatRate, plural } from '@/domain/format';
import {
  nativeCount,
  type RouteOrder,
  type RouteRow,
  routeRows,
  rowKey,
  unexpressed,
} from '@/domain/routes/rows';
import { ROUTE_VIEWS, type RoutesView, routesViewOf } from '@/domain/routes/view';
import { DataTable } from '../data-table';
import { Icon } from '../icon';
import { Menu } from '../menu';
import { EmptyFooter, EmptyMesh } from '../overview/empty-mesh';
import { Page } from '../page';
import { Segments } from '../segments';
import { Banner, ProblemBanner, SilentBanner, State } from '../states';
import { useFindField } from '../use-find-field';
import { NativeNodes } from './native-nodes';
import { routeColumns } from './route-columns';
import { RoutePanel } from './route-panel';
import './routes.css';

/** Nodes tell hits every few seconds. */
const REFRESH_SECONDS = 5;
/** As many as the API gives at once. */
const LIMIT = 2_000;
const ROW_HEIGHT = 32;

/** Every route that kernels choose by: how often, in which shares, and what they could not choose for. */
export function RoutesPage() {
  const { parameters, set } = useUrl();
  const view = useMemo(() => routesViewOf(parameters), [parameters]);
  const { data: status } = useStatus();
  const { data, error, reload } = useFetch<Routes>(
    '/api/v1/routes',
    { node: view.node, service: view.service, limit: LIMIT },
    { refreshSeconds: REFRESH_SECONDS },
  );
  const rows = useMemo(() => (data === null ? [] : routeRows(data.items, view)), [data, view]);
  const route = data?.items.find(({ number }) => number === view.route) ?? null;
  const order = useCallback((sort: RouteOrder) => set({ sort: sort === 'service' ? null : sort }), [set]);
  const columns = useMemo(() => routeColumns(view.order, order, route !== null), [view.order, order, route]);
  const open = useCallback(
    (row: RouteRow) => set({ route: String(row.route.number) }, { push: true }),
    [set],
  );

  if (status !== null && status.nodes.total === 0) {
    return (
      <Page title="Routes" footer={<EmptyFooter />}>
        <EmptyMesh status={status} />
      </Page>
    );
  }
  const isEmpty = data !== null && data.nodes.length === 0 && data.items.length === 0;
  const isFiltered = view.node !== null || view.service !== null;
  return (
    <Page
      title="Routes"
      padded={view.view === 'nodes'}
      lead={<RoutesBar {...{ view, data, set }} />}
      {...(data === null ? {} : { footer: <RoutesFooter data={data} shown={rows} /> })}
      panel={route !== null && <RoutePanel route={route} onClose={() => set({ route: null })} />}
    >
      <div className={view.view === 'nodes' ? 'contents-only' : 'banner-space if-any'}>
        <SilentBanner />
        {error !== null && error.status !== 401 && data !== null && (
          <ProblemBanner message={error.message} retry={reload} />
        )}
        {data !== null && view.view === 'routes' && <NotExpressibleBanner data={data} set={set} />}
      </div>
      {data === null ? (
        error !== null &&
        error.status !== 401 && (
          <State title="The routes could not be had">
            <p>{error.message}</p>
          </State>
        )
      ) : isEmpty && !isFiltered ? (
        <NoNative />
      ) : view.view === 'nodes' ? (
        <NativeNodes nodes={data.nodes} />
      ) : (
        <DataTable
          label="Routes"
          columns={columns}
          rows={rows}
          keyOf={(row) => row.key}
          selected={route === null ? null : rowKey(route, route.backends[0] ?? null)}
          onOpen={open}
          virtualRowHeight={ROW_HEIGHT}
          total={rows.length}
          empty={<NoRoutes {...{ data, isFiltered: isFiltered || view.find !== '', set }} />}
        />
      )}
    </Page>
  );
}

function RoutesBar({ view, data, set }: { view: RoutesView; data: Routes | null; set: UrlState['set'] }) {
  const write = useCallback((find: string) => set({ find }), [set]);
  const { input, text, setText } = useFindField(view.find, write);
  const services = useMemo(
    () => [...new Set((data?.items ?? []).flatMap(({ service }) => service ?? []))],
    [data],
  );
  const nodes = (data?.nodes ?? []).map(({ node }) => node);
  return (
    <>
      <Segments
        label="What is shown"
        value={view.view}
        options={ROUTE_VIEWS}
        onChange={(id) => set({ view: id === 'routes' ? null : id, route: null }, { push: true })}
      />
      {view.view === 'routes' && (
        <>
          <label className="input routes-find">
            <Icon name="search" size={14} />
            <span className="visually-hidden">Filter routes</span>
            <input
              ref={input}
              value={text}
              placeholder="Service, path, backend"
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => setText(event.target.value)}
            />
            <kbd>/</kbd>
          </label>
          <OneOf
            name="Service"
            all="All services"
            chosen={view.service}
            known={services}
            onChoose={(service) => set({ service }, { push: true })}
          />
        </>
      )}
      <OneOf
        name="Node"
        all="All nodes"
        chosen={view.node}
        known={nodes}
        onChoose={(node) => set({ node }, { push: true })}
      />
      {data !== null && data.nodes.length > 0 && (
        <span className="say cut">
          {nativeCount(data.nodes)} of {plural(data.nodes.length, 'node')} on kernel-native
        </span>
      )}
    </>
  );
}

/** One of what is known, or all; the chosen one stays on offer while it filters the rest away. */
function OneOf({
  name,
  all,
  chosen,
  known,
  onChoose,
}: {
  name: string;
  all: string;
  chosen: string | null;
  known: readonly string[];
  onChoose: (id: string) => void;
}) {
  const offered = chosen === null || known.includes(chosen) ? known : [chosen, ...known];
  return (
    <Menu
      align="start"
      label={`${name}: ${chosen ?? 'all'}`}
      button={
        <>
          <span className="key">{name}</span>
          <span className="cut">{chosen ?? 'all'}</span>
        </>
      }
      options={[
        { id: '', name: all, on: chosen === null },
        ...offered.map((one) => ({ id: one, name: one, on: one === chosen })),
      ]}
      onChoose={onChoose}
    />
  );
}

function NotExpressibleBanner({ data, set }: { data: Routes; set: UrlState['set'] }) {
  const services = [...new Set(unexpressed(data.nodes).map(({ service }) => service))];
  if (services.length === 0) return null;
  const named = services.slice(0, 3).join(', ');
  return (
    <Banner
      kind="warn"
      action={
        <button type="button" className="btn" onClick={() => set({ view: 'nodes' }, { push: true })}>
          Show why
        </button>
      }
    >
      <b>
        The kernel cannot choose for {services.length === 1 ? named : plural(services.length, 'service')}.
      </b>{' '}
      <span className="t2">
        {services.length > 1 && `${named}${services.length > 3 ? ' and others' : ''}. `}
        {services.length === 1 ? 'Its' : 'Their'} requests go by a waypoint, or are balanced by connection.
      </span>
    </Banner>
  );
}

function RoutesFooter({ data, shown }: { data: Routes; shown: readonly RouteRow[] }) {
  const first = shown.filter(({ isFirst }) => isFirst);
  const rate = first.reduce<number | null>(
    (sum, { route }) => (route.perSecond === null ? sum : (sum ?? 0) + route.perSecond),
    null,
  );
  return (
    <footer className="foot">
      <span>
        <b>{formatNumber(first.length)}</b> {first.length === 1 ? 'route' : 'routes'}
        {data.next !== null &&
          ` of the first ${formatNumber(data.items.length)} of ${formatNumber(data.total)}: choose a service to see the others`}
      </span>
      {rate !== null && <span>{formatRate(rate)} requests/s</span>}
      <span className="fill" />
      <span className="opt">
        Rates and shares are of the last minute; totals go on where a kernel began anew. Nodes tell every
        5&nbsp;s.
      </span>
    </footer>
  );
}

function NoNative() {
  const { link } = useUrl();
  return (
    <State title="No node tells of routes in its kernel">
      <p>
        On nodes that run kernel-native, the kernel chooses a backend for each HTTP request by the HTTPRoutes
        of its service. Install the module on a node, then switch it.
      </p>
      <div className="row">
        <Link className="btn" href={link('/engines/', {})}>
          Engines
        </Link>
      </div>
    </State>
  );
}

function NoRoutes({ data, isFiltered, set }: { data: Routes; isFiltered: boolean; set: UrlState['set'] }) {
  return (
    <State title={isFiltered ? 'No route matches' : 'There are no routes yet'}>
      <p>
        {isFiltered
          ? 'Look for something else, or clear what is asked for.'
          : `${plural(data.nodes.length, 'node')} would choose by HTTPRoutes whose parent is a Service or a waypoint. They appear here within seconds.`}
      </p>
      {isFiltered && (
        <div className="row">
          <button
            type="button"
            className="btn"
            onClick={() => set({ find: null, service: null, node: null })}
          >
            Clear filters
          </button>
        </div>
      )}
    </State>
  );
}
