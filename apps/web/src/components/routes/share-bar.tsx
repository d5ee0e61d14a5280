// SPDX-License-Identifier: Apache-2.0
import type { MeshRoute, RouteBackend } from '@undermesh/schema';
import { ABSENT, formatShare } from '@/domain/format';
import { isOffWeight } from '@/domain/routes/rows';

const percent = (share: number): string => `${Math.min(100, share * 100).toFixed(2)}%`;

/** The share that a backend got over the last minute, with a tick where its weight puts it. */
export function ShareBar({ route, backend }: { route: MeshRoute; backend: RouteBackend }) {
  const { seenShare, wantedShare } = backend;
  if (wantedShare === null) return <span className="t3">{ABSENT}</span>;
  if (route.backends.length === 1) return <span className="t3">its only backend</span>;
  const off = isOffWeight(route, backend);
  return (
    <span className="row share-cell">
      <svg width="64" height="8" aria-hidden="true">
        <rect width="100%" height="6" y="1" rx="2" fill="var(--bg-3)" />
        {seenShare !== null && (
          <rect
            width={percent(seenShare)}
            height="6"
            y="1"
            rx="2"
            fill={off ? 'var(--warn)' : 'var(--text-3)'}
          />
        )}
        <rect x={percent(Math.min(wantedShare, 0.97))} width="2" height="8" fill="var(--text-1)" />
      </svg>
      <span className={off ? 'warn medium' : undefined}>
        {seenShare === null ? <span className="t3">{ABSENT}</span> : formatShare(seenShare)}
        <span className="t3"> of {formatShare(wantedShare)}</span>
      </span>
    </span>
  );
}
