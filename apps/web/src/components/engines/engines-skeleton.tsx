// SPDX-License-Identifier: Apache-2.0
import { Skeleton } from '../states';

const ROWS = ['a', 'b', 'c', 'd'] as const;

/** The page before its first picture: the place is kept. */
export function EnginesSkeleton() {
  return (
    <div className="engines-grid" aria-busy="true">
      <span className="visually-hidden" role="status">
        Loading
      </span>
      <div className="engines-side">
        <section className="card matrix-card skeleton-card">
          {ROWS.map((row) => (
            <Skeleton key={row} width="100%" height={18} />
          ))}
        </section>
        <section className="card log-card skeleton-card">
          {ROWS.map((row) => (
            <Skeleton key={row} width="80%" />
          ))}
        </section>
      </div>
      <section className="card node-detail skeleton-card">
        {ROWS.map((row) => (
          <Skeleton key={row} width="60%" height={18} />
        ))}
      </section>
    </div>
  );
}
