// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Comparison, Difference } from '@undermesh/schema';
import { formatCompact } from '@/domain/format';
import { certainty, changeStep, changeTitle, clockSpan, verdictSentence } from '@/domain/latency/words';
import { Icon } from '../icon';
import { ComparisonTable } from './comparison-table';
import { WindowName } from './window-name';

const SHOWN: readonly Difference['figure'][] = [
  'p50',
  'p90',
  'p95',
  'p99',
  'network',
  'application',
  'local',
  'round_trip',
  'failed_share',
];
/** Two windows against each other: the verdict in words, figure by figure with intervals, and what it rests on. */
export function ComparisonCard({
  comparison,
  change,
  title,
  destination,
  noun,
  onClose,
}: {
  comparison: Comparison;
  change: Change | null;
  /** What is compared when it is not a change. */
  title: string;
  destination: string;
  noun: string;
  onClose: () => void;
}) {
  const rows = SHOWN.flatMap((figure) =>
    comparison.differences.filter((one) => one.figure === figure),
  ).filter(({ before, after }) => before !== null || after !== null);
  const sure = certainty(comparison);
  return (
    <section className="card comparison" aria-label="Comparison" data-testid="latency-comparison">
      <div className="comparison-head">
        <div className="row comparison-what">
          {change === null ? (
            <span className="t2 cut">{title}</span>
          ) : (
            <>
              <span className="mono t3">#{change.number}</span>
              <span className="medium">{changeTitle(change)}</span>
              {changeStep(change) !== null && <span className="t2 cut">{changeStep(change)}</span>}
            </>
          )}
          <span className="fill" />
          <button type="button" className="icon-btn" aria-label="End the comparison" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <h2 className="comparison-verdict">
          <span role="status">{verdictSentence(comparison, noun)}</span>
        </h2>
        {sure !== '' && <p className="t2">{sure}</p>}
      </div>
      <div className="comparison-rows">
        <ComparisonTable rows={rows} destination={destination} />
      </div>
      <div className="comparison-foot">
        {(['a', 'b'] as const).map((side) => {
          const { window, distribution } = comparison[side];
          return (
            <span key={side} className="row">
              <WindowName side={side} />
              {clockSpan(Date.parse(window.from), Date.parse(window.to))},{' '}
              {formatCompact(distribution.quantiles.count)}
              {side === 'a' && <span className="opt">{noun}</span>}
            </span>
          );
        })}
      </div>
    </section>
  );
}
