// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Topology } from '@undermesh/schema';
import Link from 'next/link';
import { useStatus } from '@/data/live';
import type { UrlState } from '@/data/use-url';
import { plural } from '@/domain/format';
import { windowLabel } from '@/domain/url-state';
import { State } from '../states';

/** First load: plates and cards where they will be, nothing that pretends to be a figure. */
export function MapSkeleton() {
  const cards: readonly (readonly [number, number])[] = [
    [60, 150],
    [300, 150],
    [540, 60],
    [540, 150],
    [540, 240],
    [780, 105],
    [780, 195],
  ];
  return (
    <div className="map-skeleton" role="status" aria-label="Loading the topology">
      <svg viewBox="0 0 980 360" width="980" height="360" aria-hidden="true">
        {cards.map(([x, y]) => (
          <g key={`${x} ${y}`}>
            <rect x={x} y={y} width="134" height="48" rx="7" fill="var(--vertex)" stroke="var(--line-1)" />
            <rect x={x + 10} y={y + 12} width="64" height="8" rx="4" fill="var(--bg-3)" />
            <rect x={x + 10} y={y + 29} width="90" height="7" rx="3.5" fill="var(--bg-2)" />
          </g>
        ))}
        <path
          d="M194 174h106M434 174c50 0 56-90 106-90M434 174h106M434 174c50 0 56 90 106 90M674 84c50 0 56 45 106 45M674 264c50 0 56-45 106-45"
          fill="none"
          stroke="var(--line-1)"
          strokeWidth="3"
        />
      </svg>
    </div>
  );
}

/** The collector has nothing for this question: says which filter could be the reason. */
export function NothingHere({
  topology,
  namespaces,
  window,
  set,
}: {
  topology: Topology;
  namespaces: readonly string[];
  window: number;
  set: UrlState['set'];
}) {
  const { data: status } = useStatus();
  if (status !== null && status.nodes.total === 0) {
    return (
      <State title="No agent has connected yet">
        <p>The map fills as soon as the first agent reports connections.</p>
        <div className="row">
          <Link className="btn primary" href="/">
            How to connect one
          </Link>
        </div>
      </State>
    );
  }
  const { systemVertices } = topology.hidden;
  return (
    <State title="No connections here">
      <p>
        {namespaces.length > 0
          ? `Nothing in ${namespaces.join(', ')} opened or accepted a connection. ${windowLabel(window)}.`
          : `Agents report, but no connection was opened or open. ${windowLabel(window)}.`}
        {systemVertices > 0 &&
          ` ${plural(systemVertices, 'vertex', 'vertices')} of Undermesh’s own are hidden.`}
      </p>
      <div className="row">
        {namespaces.length > 0 && (
          <button type="button" className="btn primary" onClick={() => set({ namespace: null })}>
            Show all namespaces
          </button>
        )}
        {window < 86_400 && (
          <button type="button" className="btn" onClick={() => set({ window: '86400' })}>
            Look at the last 24 h
          </button>
        )}
        {systemVertices > 0 && (
          <button type="button" className="btn" onClick={() => set({ system: 'true' })}>
            Show Undermesh’s own
          </button>
        )}
      </div>
    </State>
  );
}

/** The reader's own filters hide everything. */
export function NothingShown({ hide, set }: { hide: readonly string[]; set: UrlState['set'] }) {
  const active = hide.filter((text) => !text.startsWith('~'));
  const errorsOnly = active.length === 1 && active[0] === 'health:ok';
  return (
    <State title={errorsOnly ? 'Nothing needs a look' : 'Everything is hidden'}>
      <p>
        {errorsOnly
          ? 'Every edge is ok, and only what is not was asked for.'
          : active.length > 0
            ? `Hidden by ${active.map((text) => `“${text}”`).join(' and ')}.`
            : 'What is typed into Find hides every edge.'}
      </p>
      <div className="row">
        <button type="button" className="btn primary" onClick={() => set({ hide: null, find: null })}>
          {errorsOnly ? 'Show all' : 'Show everything'}
        </button>
      </div>
    </State>
  );
}
