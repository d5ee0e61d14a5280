// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Edges } from '@undermesh/schema';
import Link from 'next/link';
import { useUrl } from '@/data/use-url';
import { formatNumber, formatShare } from '@/domain/format';
import { failureRows } from '@/domain/traffic';
import { reasonWords } from '@/domain/words';
import { EdgeName, type Versions } from '../edge-name';
import { Status } from '../glyph';

const SHOWN = 6;

/** What failed, by edge and reason; each row leads to its connections. */
export function FailuresCard({ edges, versions }: { edges: Edges; versions: Versions }) {
  const { link } = useUrl();
  const rows = failureRows(edges.items);
  const total = edges.total.failed.total + edges.total.broken.total;
  const unlisted = total - rows.slice(0, SHOWN).reduce((sum, { count }) => sum + count, 0);
  const onlyLegs = edges.hiddenLegs > 0 && edges.next === null && rows.length <= SHOWN;
  return (
    <section className="card">
      <div className="card-head">
        <h2>What failed</h2>
        <span className="t3">{total === 0 ? 'nothing' : `${formatNumber(total)} in this window`}</span>
        <span className="fill" />
        {total > 0 && <Link href={link('/connections/', { state: 'failed' })}>Failed connections</Link>}
      </div>
      {total === 0 ? (
        <div className="card-body failures-none">
          <Status kind="ok" quiet>
            Every connect was established, every connection closed in order.
          </Status>
        </div>
      ) : (
        <ul className="failures">
          {rows.slice(0, SHOWN).map(({ edge, reason, count }) => (
            <li key={`${edge.id} ${reason}`}>
              <Link
                href={link('/connections/', {
                  source: edge.sourceName,
                  destination: edge.destinationName,
                  reason,
                  state: reason in edge.traffic.failed.reasons ? 'failed' : 'ended',
                })}
              >
                <span className="failure-text">
                  <span className="cut">
                    <EdgeName edge={edge} versions={versions} />
                  </span>
                  <span className="t2 small">{reasonWords(reason as Parameters<typeof reasonWords>[0])}</span>
                </span>
                <span className="num">
                  {formatNumber(count)}
                  <span className="t3 small failure-share">
                    {formatShare(total === 0 ? null : count / total)}
                  </span>
                </span>
                <svg className="failure-bar" width="100%" height="3" aria-hidden="true">
                  <rect width="100%" height="3" rx="1.5" fill="var(--bg-3)" />
                  <rect
                    width={`${(100 * count) / Math.max(1, rows[0]?.count ?? 1)}%`}
                    height="3"
                    rx="1.5"
                    fill={reason in edge.traffic.failed.reasons ? 'var(--crit)' : 'var(--warn)'}
                  />
                </svg>
              </Link>
            </li>
          ))}
          {unlisted > 0 && (
            <li className="t3 small failures-more">
              and {formatNumber(unlisted)} {onlyLegs ? 'on legs of waypoints' : 'on other edges'}
            </li>
          )}
        </ul>
      )}
    </section>
  );
}
