// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Connection, Connections, ConnectionsQuery } from '@undermesh/schema';
import { useCallback, useMemo, useState } from 'react';
import { atCollector } from '@/data/base-path';
import { addressOf } from '@/data/client';
import { useLive, useStatus } from '@/data/live';
import { useConnections } from '@/data/use-connections';
import { useEngineSwitches } from '@/data/use-engine-switches';
import { useFetch } from '@/data/use-fetch';
import { useUrl } from '@/data/use-url';
import { type Filter, filterParameters, filterQuery, filtersOf } from '@/domain/filters';
import { formatNumber } from '@/domain/format';
import { listOf } from '@/domain/url-state';
import { waypointsKey, waypointsOf } from '@/domain/waypoints';
import { DataTable } from '../data-table';
import { ExportMenu } from '../export-menu';
import { Menu } from '../menu';
import { Page } from '../page';
import { WindowMenu } from '../scope';
import { Segments } from '../segments';
import { ProblemBanner, State } from '../states';
import { ALWAYS, chosenColumns, connectionColumns } from './columns';
import { FilterBar } from './filter-bar';
import { ConnectionHistogram } from './histogram';
import { RecordPanel } from './record-panel';

const VIEWS = [
  { id: 'live', name: 'Live' },
  { id: 'ended', name: 'Ended' },
  { id: 'failed', name: 'Failed' },
] as const;
type View = (typeof VIEWS)[number]['id'];
const viewOf = (text: string | null): View => VIEWS.find((view) => view.id === text)?.id ?? 'live';
const ROW_HEIGHT = 30;
const DAY_SECONDS = 86_400;

/** Every connection that matches, live: filters, histogram, table, and one record in full beside it. */
export function ConnectionsPage() {
  const { parameters, window, set } = useUrl();
  const view = viewOf(parameters.get('state'));
  const filters = useMemo(() => filtersOf(parameters), [parameters]);
  const selected = parameters.get('connection');
  const system = parameters.get('system') === 'true';
  const query: ConnectionsQuery = {
    ...filterQuery(filters),
    state: view === 'live' ? 'all' : view,
    ...(system ? { system } : {}),
  };
  const [atTop, setAtTop] = useState(true);
  const held = selected !== null || !atTop;
  const { rows, waiting, skipped, show, loadMore, first } = useConnections(query, window, held);
  const counted = useFetch<Connections>(
    '/api/v1/connections',
    { ...query, window, histogram: true, limit: 1 },
    { refreshSeconds: 10 },
  );
  const switches = useEngineSwitches(window);
  const { data: topology } = useLive('topology', { level: 'workload', window });
  const known = useMemo(() => {
    const distinct = (values: string[]): string[] =>
      [...new Set(values)].filter((value) => value !== '').sort();
    const vertices = topology?.vertices ?? [];
    return {
      workloads: distinct(vertices.map((vertex) => vertex.name)),
      namespaces: distinct(vertices.map((vertex) => vertex.namespace)),
      nodes: distinct(vertices.flatMap((vertex) => vertex.nodes)),
    };
  }, [topology]);
  const asked = useMemo(() => listOf(parameters, 'columns'), [parameters]);
  const key = waypointsKey(topology);
  const waypoints = useMemo(() => waypointsOf(key), [key]);
  const all = useMemo(() => connectionColumns(window > DAY_SECONDS / 2, waypoints), [window, waypoints]);
  const columns = useMemo(() => chosenColumns(all, asked), [all, asked]);

  const setFilters = (next: Filter[]): void => set(filterParameters(next), { push: true });
  const open = useCallback((row: Connection) => set({ connection: row.id }, { push: true }), [set]);
  const close = useCallback(() => set({ connection: null }), [set]);
  const toggleColumn = (id: string): void => {
    const now = columns.map((column) => column.id);
    const next = now.includes(id) ? now.filter((one) => one !== id) : [...now, id];
    set({ columns: next.join(',') });
  };
  const download = (format: string): void => {
    const link = document.createElement('a');
    link.href = atCollector(addressOf('/api/v1/connections', { ...query, window, format }));
    link.download = `connections.${format}`;
    link.click();
  };

  return (
    <Page
      title="Connections"
      lead={
        <Segments
          label="Which connections"
          value={view}
          options={VIEWS}
          onChange={(id) => set({ state: id === 'live' ? null : id }, { push: true })}
        />
      }
      actions={
        <>
          <ExportMenu
            head="What matches, up to 100,000 rows"
            options={[
              { id: 'csv', name: 'CSV' },
              { id: 'ndjson', name: 'NDJSON' },
            ]}
            onChoose={download}
          />
          <Menu
            multiple
            label="Columns"
            button="Columns"
            options={all
              .filter((column) => !ALWAYS.has(column.id))
              .map((column) => ({ id: column.id, name: column.name, on: columns.includes(column) }))}
            onChoose={toggleColumn}
          />
          <WindowMenu />
        </>
      }
      footer={
        <ConnectionsFooter
          counted={counted.data !== null}
          matched={counted.data?.matched ?? null}
          loaded={rows.length}
          waiting={waiting}
          skipped={skipped}
          onShow={show}
        />
      }
      panel={selected !== null && <RecordPanel id={selected} {...{ waypoints }} onClose={close} />}
    >
      <FilterBar filters={filters} known={known} onChange={setFilters} />
      {first.error !== null && first.error.status !== 401 && (
        <div className="banner-space">
          <ProblemBanner message={first.error.message} retry={first.reload} />
        </div>
      )}
      <ConnectionHistogram histogram={counted.data?.histogram ?? null} switches={switches} />
      <DataTable
        label="Connections, newest first"
        columns={columns}
        rows={rows}
        keyOf={(row) => row.id}
        selected={selected}
        onOpen={open}
        virtualRowHeight={ROW_HEIGHT}
        dense
        total={counted.data?.matched ?? -1}
        onNearEnd={loadMore}
        onTop={setAtTop}
        empty={
          first.data !== null && (
            <NoConnections filtered={filters.some((one) => !one.disabled)} onClear={() => setFilters([])} />
          )
        }
      />
    </Page>
  );
}

function ConnectionsFooter(props: {
  counted: boolean;
  matched: number | null;
  loaded: number;
  waiting: number;
  skipped: number;
  onShow: () => void;
}) {
  const { data: status } = useStatus();
  const partial = (status?.nodes.silent.length ?? 0) > 0;
  return (
    <footer className="foot">
      <span>
        {props.matched === null ? (
          <>
            <b>{formatNumber(props.loaded)}</b> loaded,{' '}
            {props.counted ? 'too many match to count them quickly' : 'counting all that match'}
          </>
        ) : (
          <>
            <b>
              {partial && '≥ '}
              {formatNumber(props.matched)}
            </b>{' '}
            {props.matched === 1 ? 'connection matches' : 'connections match'}
          </>
        )}
      </span>
      <span className="opt">newest first, held while a record is open or you scroll</span>
      {props.skipped > 0 && <span className="opt">{formatNumber(props.skipped)} too many to show live</span>}
      <span className="fill" />
      {props.waiting > 0 && (
        <span className="row" aria-live="polite">
          {formatNumber(props.waiting)} new
          <button type="button" className="link-btn" onClick={props.onShow}>
            Show
          </button>
        </span>
      )}
    </footer>
  );
}

function NoConnections({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  return (
    <State title={filtered ? 'No connection matches these filters' : 'No connections in this window'}>
      <p>
        {filtered
          ? 'Click a filter to switch it off, or widen the window.'
          : 'They appear here within a second of being opened. Widen the window to look further back.'}
      </p>
      {filtered && (
        <div className="row">
          <button type="button" className="btn" onClick={onClear}>
            Clear filters
          </button>
        </div>
      )}
    </State>
  );
}
