// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Latency } from '@undermesh/schema';
import { useMemo } from 'react';
import { ABSENT, formatCompact, formatMilliseconds, sentence } from '@/domain/format';
import type { Region } from '@/domain/latency/region';
import { spanWords } from '@/domain/latency/words';
import { type Column, DataTable } from '../data-table';

interface Step {
  from: number;
  to: number;
  count: number | null;
  p50: number | null;
  p90: number | null;
  p95: number | null;
  p99: number | null;
  slowestUs: number | null;
}

const PERCENTILES = ['p50', 'p90', 'p95', 'p99'] as const;

/** The heat map as a table, newest first. Opening a step looks into its slowest twentieth. */
export function LatencyTable({
  latency,
  noun,
  brush,
  onBrush,
}: {
  latency: Latency;
  noun: string;
  brush: Region | null;
  onBrush: (region: Region | null) => void;
}) {
  const rows = useMemo(() => stepsOf(latency), [latency]);
  const columns: Column<Step>[] = [
    { id: 'when', header: 'When', render: (row) => spanWords(row.from, row.to) },
    {
      id: 'count',
      header: sentence(noun),
      numeric: true,
      width: 120,
      render: (row) => (row.count === null ? <span className="t3">no data</span> : formatCompact(row.count)),
    },
    ...PERCENTILES.map(
      (key): Column<Step> => ({
        id: key,
        header: `${key}, ms`,
        numeric: true,
        width: 90,
        render: (row) =>
          row[key] === null ? <span className="t3">{ABSENT}</span> : formatMilliseconds(row[key]),
      }),
    ),
    {
      id: 'slowest',
      header: 'Slowest up to, ms',
      numeric: true,
      width: 140,
      render: (row) =>
        row.slowestUs === null ? <span className="t3">{ABSENT}</span> : formatMilliseconds(row.slowestUs),
    },
  ];
  return (
    <DataTable
      label={`${sentence(noun)} by step, newest first. Enter looks into the slowest twentieth of a step.`}
      columns={columns}
      rows={rows}
      keyOf={(row) => String(row.from)}
      selected={brush === null ? null : String(brush.from)}
      virtualRowHeight={30}
      dense
      onOpen={(row) => {
        if (row.p95 !== null && row.slowestUs !== null)
          onBrush({
            from: row.from,
            to: row.to,
            minUs: row.p95,
            maxUs: Math.max(row.slowestUs, row.p95 * 1.01),
          });
      }}
    />
  );
}

function stepsOf({ heat, lines }: Latency): Step[] {
  const from = Date.parse(heat.from);
  const step = heat.stepSeconds * 1000;
  const absent = new Set(heat.absent);
  const slowest = new Map<number, number>();
  for (const [column, row] of heat.cells) slowest.set(column, Math.max(slowest.get(column) ?? 0, row));
  return Array.from({ length: heat.columns }, (_, column) => {
    const top = slowest.get(column);
    return {
      from: from + column * step,
      to: from + (column + 1) * step,
      count: absent.has(column) ? null : (lines.count[column] ?? 0),
      ...(Object.fromEntries(PERCENTILES.map((key) => [key, lines[key][column] ?? null])) as Pick<
        Step,
        (typeof PERCENTILES)[number]
      >),
      slowestUs: top === undefined ? null : (heat.bordersUs[top] ?? null),
    };
  }).reverse();
}
