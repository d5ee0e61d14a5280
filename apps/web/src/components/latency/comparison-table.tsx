// SPDX-License-Identifier: Apache-2.0
import type { Difference } from '@undermesh/schema';
import { ABSENT, formatMilliseconds, formatShare } from '@/domain/format';
import { differenceName, points, signed } from '@/domain/latency/words';
import { Interval } from './interval';
import { WindowName } from './window-name';
import './comparison.css';

const figureOf = (figure: Difference['figure'], value: number | null): string =>
  value === null ? ABSENT : figure === 'failed_share' ? formatShare(value) : formatMilliseconds(value);
const changeOf = ({ figure, change }: Difference): string =>
  change === null ? ABSENT : figure === 'failed_share' ? points(change) : signed(change);

/** Figures of two windows side by side, with the change and its 95 % interval. */
export function ComparisonTable({
  rows,
  destination,
}: {
  rows: readonly Difference[];
  /** Whose time the application's is. */
  destination: string;
}) {
  return (
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
  );
}

const intervalWords = ({ figure, low, high }: Difference): string =>
  low === null || high === null
    ? 'no interval'
    : figure === 'failed_share'
      ? `95 % interval ${points(low)} to ${points(high)}`
      : `95 % interval ${signed(low)} to ${signed(high)}`;
