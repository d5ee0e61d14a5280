// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Latency } from '@undermesh/schema';
import {
  ABSENT,
  formatCompact,
  formatDuration,
  formatRate,
  formatSeconds,
  formatShare,
  NBSP,
} from '@/domain/format';
import { isOfRequests, type LatencyView, sampleNoun } from '@/domain/latency/view';
import { changeFlag } from '@/domain/latency/words';
import { requestErrorShare } from '@/domain/traffic';

const OFFERED = 3;
const PERCENTILES = ['p50', 'p90', 'p95', 'p99'] as const;

/** One window on its own: its percentiles, errors and what it could be compared with. */
export function SummaryCard({
  latency,
  view,
  changes,
  onCompare,
}: {
  latency: Latency;
  view: LatencyView;
  changes: readonly Change[];
  onCompare: (text: string) => void;
}) {
  const { quantiles, meanUs } = latency.distribution;
  const { requests } = latency.traffic;
  const noun = sampleNoun(view.measure);
  const ofRequests = isOfRequests(view.measure);
  const bound = latency.missingNodes.length > 0 ? `≥${NBSP}` : '';
  const done =
    view.measure === 'first_byte' ? 'answered' : view.measure === 'last_byte' ? 'complete' : 'done';
  return (
    <section className="card comparison" aria-label="Summary">
      <div className="comparison-head">
        <h2 className="comparison-verdict">
          Half {done} within {formatDuration(quantiles.p50)}, 99 of 100 within {formatDuration(quantiles.p99)}
          .
        </h2>
        <p className="t2">
          {bound}
          {formatCompact(quantiles.count)} {noun}, {formatRate(quantiles.count / latency.window.seconds)} /s
          {ofRequests && requests !== null && `; ${formatShare(requestErrorShare(requests))} failed`}.
        </p>
      </div>
      <div className="comparison-rows">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Of 100 {noun}</th>
              <th scope="col" className="num">
                take at most
              </th>
            </tr>
          </thead>
          <tbody>
            {PERCENTILES.map((key) => (
              <tr key={key}>
                <th scope="row">
                  <span className="medium">{key}</span> <span className="t3">{key.slice(1)} of them</span>
                </th>
                <td className="num medium">{formatDuration(quantiles[key])}</td>
              </tr>
            ))}
            <tr>
              <th scope="row" className="t2">
                Mean
              </th>
              <td className="num">{formatDuration(meanUs)}</td>
            </tr>
            {ofRequests && requests !== null && (
              <tr>
                <th scope="row" className="t2">
                  Status
                </th>
                <td className="num">
                  {Object.entries(requests.statusClasses)
                    .filter(([, count]) => count > 0)
                    .map(([name, count]) => `${name === 'none' ? 'no answer' : name} ${formatCompact(count)}`)
                    .join(' · ') || ABSENT}
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
      <div className="compare-offers">
        <h3>Compare</h3>
        {changes.slice(0, OFFERED).map((change) => (
          <button
            key={change.number}
            type="button"
            className="offer"
            onClick={() => onCompare(`change:${change.number}`)}
          >
            <span className="mono t3">#{change.number}</span>
            <span className="cut">{changeFlag(change)}</span>
            <span className="t3">{formatSeconds(change.time)}</span>
          </button>
        ))}
        <button type="button" className="offer" onClick={() => onCompare('earlier:3600')}>
          <span className="cut">Now and one hour earlier</span>
        </button>
      </div>
    </section>
  );
}
