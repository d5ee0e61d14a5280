// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Topology, Vertex } from '@undermesh/schema';
import Link from 'next/link';
import { useUrl } from '@/data/use-url';
import { formatBytes, formatRate } from '@/domain/format';
import { attempts, perSecond, totalBytes } from '@/domain/traffic';
import { selecting } from '@/domain/url-state';

/** Workloads by connections they take in, most first. */
const busiest = (vertices: readonly Vertex[], count: number): Vertex[] =>
  vertices
    .filter((vertex) => attempts(vertex.inbound) > 0)
    .sort((a, b) => attempts(b.inbound) - attempts(a.inbound))
    .slice(0, count);

/** The busiest workloads: connections and data they take in. */
export function BusiestList({ topology, count }: { topology: Topology; count: number }) {
  const { link } = useUrl();
  const rows = busiest(topology.vertices, count);
  return (
    <>
      <div className="card-head busiest-head">
        <h2>Busiest workloads</h2>
        <span className="t3">taking in</span>
      </div>
      <div className="busiest">
        {rows.map((vertex) => (
          <div key={vertex.id} className="busiest-row">
            <Link
              className="plain-link cut"
              href={link('/topology/', {
                level: 'workload',
                ...selecting({ kind: 'vertex', id: vertex.id }),
              })}
            >
              {vertex.name}
              {vertex.version !== null && <span className="t3"> {vertex.version}</span>}
            </Link>
            <span className="t3 cut">{vertex.namespace}</span>
            <span className="num">{formatRate(perSecond(attempts(vertex.inbound), topology.window))} /s</span>
            <span className="num t2">
              {formatBytes(perSecond(totalBytes(vertex.inbound), topology.window))}/s
            </span>
          </div>
        ))}
        {rows.length === 0 && <p className="t3 busiest-none">No connections in this window.</p>}
      </div>
    </>
  );
}
