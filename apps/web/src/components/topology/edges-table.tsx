// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Edge, Edges, Topology } from '@undermesh/schema';
import { useMemo } from 'react';
import { useFetch } from '@/data/use-fetch';
import { ABSENT, formatBytes, formatNumber, NBSP } from '@/domain/format';
import type { Target } from '@/domain/topology/paths';
import type { Shown } from '@/domain/topology/shown';
import { attempts, perSecond, totalBytes, volume } from '@/domain/traffic';
import { type Column, DataTable } from '../data-table';
import type { Versions } from '../edge-name';
import { anyTimed, edgeColumns } from '../edge-table';

export interface EdgesTableProps {
  topology: Topology;
  shown: Shown;
  versions: Versions;
  /** Something is looked for: only what is found is listed. */
  finding: boolean;
  selected: Target | null;
  query: { window: number; namespace: string | undefined; system: boolean | undefined };
  onSelect: (target: Target | null) => void;
}

const BADNESS = { failing: 0, warning: 1, unknown: 2, ok: 3 } as const;

/** The map as a table: the columns of Overview's edges with open connections and data, worst first, same find and hide. */
export function EdgesTable({
  topology,
  shown,
  versions,
  finding,
  selected,
  query,
  onSelect,
}: EdgesTableProps) {
  const { window, level } = topology;
  const history = useFetch<Edges>(
    '/api/v1/edges',
    { ...query, level, series: true, limit: 1000 },
    { refreshSeconds: 10 },
  );
  const series = useMemo(
    () => new Map(history.data?.items.map((edge) => [edge.id, edge.series])),
    [history.data],
  );
  const rows = useMemo(() => {
    const { edges, vertices } = shown.found;
    const wanted = (edge: Edge) =>
      !finding || edges.has(edge.id) || vertices.has(edge.source) || vertices.has(edge.destination);
    return shown.edges
      .filter(wanted)
      .map((edge) => {
        const known = series.get(edge.id);
        return known === undefined ? edge : { ...edge, series: known };
      })
      .sort((a, b) => BADNESS[a.health] - BADNESS[b.health] || volume(b.traffic) - volume(a.traffic));
  }, [shown, finding, series]);
  const timed = anyTimed(topology.edges);
  const columns = useMemo(() => {
    const shared = edgeColumns(window, { versions, timed });
    const more: Column<Edge>[] = [
      {
        id: 'open',
        header: 'Open',
        numeric: true,
        render: (edge) => bounded(edge, formatNumber(edge.traffic.open)),
      },
      {
        id: 'data',
        header: 'Data /s',
        numeric: true,
        render: (edge) => bounded(edge, formatBytes(perSecond(totalBytes(edge.traffic), window))),
      },
    ];
    const at = shared.findIndex(({ id }) => id === 'connect');
    const all = at < 0 ? [...shared, ...more] : [...shared.slice(0, at), ...more, ...shared.slice(at)];
    return all.map(
      (column) => ({ ...column, ...(WIDTHS[column.id] ? { width: WIDTHS[column.id] } : {}) }) as Column<Edge>,
    );
  }, [window, versions, timed]);
  return (
    <div className="edges-table" data-testid="topology-table">
      <DataTable
        label={`${rows.length} edges, worst first`}
        columns={columns}
        rows={rows}
        keyOf={(edge) => edge.id}
        virtualRowHeight={32}
        selected={selected?.kind === 'edge' ? selected.id : null}
        onOpen={(edge) => onSelect({ kind: 'edge', id: edge.id })}
        empty={<p className="panel-said">No edge is found. The map shows what is there.</p>}
      />
    </div>
  );
}

const WIDTHS: Record<string, number> = {
  port: 84,
  rate: 124,
  failed: 88,
  open: 84,
  data: 96,
  requests: 104,
  errors: 76,
  p99: 84,
  connect: 134,
  trend: 124,
  state: 220,
};

/** Nothing came from either end: a dash, not a 0. */
const isBlind = (edge: Edge) => edge.partial && edge.health === 'unknown' && attempts(edge.traffic) === 0;

const bounded = (edge: Edge, text: string) =>
  isBlind(edge) ? (
    <span className="t3">{ABSENT}</span>
  ) : edge.partial ? (
    <>
      <span className="lower-bound">≥{NBSP}</span>
      {text}
    </>
  ) : (
    text
  );
