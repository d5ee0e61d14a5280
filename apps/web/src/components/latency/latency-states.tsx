// SPDX-License-Identifier: Apache-2.0
import type { Latency } from '@undermesh/schema';
import Link from 'next/link';
import type { UrlState } from '@/data/use-url';
import { isOfRequests, type LatencyView } from '@/domain/latency/view';
import { untimed } from '@/domain/latency/words';
import { Skeleton, State } from '../states';

/** First load: the cards keep their places. */
export function LatencySkeleton() {
  return (
    <div className="latency-grid" aria-hidden="true">
      {['heat', 'comparison', 'time', 'ecdf'].map((name) => (
        <div key={name} className="card skeleton-card">
          <Skeleton width={160} />
        </div>
      ))}
    </div>
  );
}

/** Nothing was timed: what there was instead, and where to look. */
export function NothingTimed({
  latency,
  view,
  set,
  link,
}: {
  latency: Latency;
  view: LatencyView;
  set: UrlState['set'];
  link: UrlState['link'];
}) {
  const left = untimed(latency.traffic);
  const ofRequests = isOfRequests(view.measure);
  return (
    <State title={ofRequests ? 'No HTTP/1.1 requests in this window' : 'No connections in this window'}>
      <p>
        {ofRequests && left.length > 0
          ? `${left.join(', ')} carried no latency: what is encrypted or spoken otherwise cannot be timed by request. Connect time and round trip are known of every connection.`
          : ofRequests
            ? 'Requests are timed as they pass the kernel, on every connection, and appear here within seconds.'
            : 'They appear here within seconds. Widen the window to look further back.'}
      </p>
      <div className="row">
        {ofRequests && (
          <button type="button" className="btn" onClick={() => set({ measure: 'connect' }, { push: true })}>
            Connect time
          </button>
        )}
        {(view.from !== null || view.to !== null) && (
          <button type="button" className="btn" onClick={() => set({ from: null, to: null }, { push: true })}>
            From any to any
          </button>
        )}
        <Link className="btn" href={link('/connections/')}>
          Connections
        </Link>
      </div>
    </State>
  );
}
