// SPDX-License-Identifier: Apache-2.0
import { Skeleton } from '../states';

const TILES = ['Connections', 'Failed', 'Connect time, p99', 'Open connections', 'Data'];

/** First load: the places of what is to come, without any figure. */
export function OverviewSkeleton() {
  return (
    <div className="overview-skeleton" role="status" aria-label="Loading">
      <div className="card tiles">
        {TILES.map((name) => (
          <section className="tile" key={name}>
            <div className="tile-key">
              <h2>{name}</h2>
            </div>
            <Skeleton width={92} height={24} />
            <Skeleton width="100%" height={26} />
          </section>
        ))}
      </div>
      <div className="overview-grid charts">
        <div className="card skeleton-card">
          <Skeleton width={180} />
        </div>
        <div className="card skeleton-card">
          <Skeleton width={90} />
        </div>
      </div>
      <div className="overview-grid tables">
        <div className="card skeleton-card">
          <Skeleton width={140} />
        </div>
        <div className="card skeleton-card">
          <Skeleton width={60} />
        </div>
      </div>
    </div>
  );
}
