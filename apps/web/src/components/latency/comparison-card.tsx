// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Comparison, Difference } from '@undermesh/schema';
import { ABSENT, formatCompact, formatMilliseconds, formatShare } from '@/domain/format';
import {
  certainty,
  changeStep,
  changeTitle,
  clockSpan,
  differenceName,
  points,
  signed,
  verdictSentence,
} from '@/domain/latency/words';
import { Icon } from '../icon';
import { Interval } from './interval';
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
const figureOf = (figure: Difference['figure'], value: number | null): string =>
  value === null ? ABSENT : figure === 'failed_share' ? formatShare(value) : formatMilliseconds(value);
const changeOf = ({ figure, change }: Difference): string =>
  change === null ? ABSENT : figure === 'failed_share' ? points(change) : signed(change);

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
        <table className="table">
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">Figure</span>
                <span aria-hidden="true">ms</span>
              </th>
              <th scope="col" className="num" aria-label="A, before">
                <WindowName side="a" />
              </th>
              <th scope="col" className="num" aria-label="B, after">
                <WindowName side="b" />
              </th>
              <th scope="col" className="num">
                Change
              </th>
              <th scope="col" className="interval-head">
                <span>faster</span>
                <span>slower</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.figure}>
                <th scope="row" className={/^p\d/.test(row.figure) ? 'medium' : 't2'}>
                  <span className="cut">{differenceName(row.figure, destination)}</span>
                </th>
                <td className="num t2">{figureOf(row.figure, row.before)}</td>
                <td className="num medium">{figureOf(row.figure, row.after)}</td>
                <td className="num">{changeOf(row)}</td>
                <td>
                  <Interval difference={row} />
                  <span className="visually-hidden">{intervalWords(row)}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
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

const intervalWords = ({ figure, low, high }: Difference): string =>
  low === null || high === null
    ? 'no interval'
    : figure === 'failed_share'
      ? `95 % interval ${points(low)} to ${points(high)}`
      : `95 % interval ${signed(low)} to ${signed(high)}`;
