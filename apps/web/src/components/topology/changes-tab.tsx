// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, Latency } from '@undermesh/schema';
import Link from 'next/link';
import { type Fetched, useFetch } from '@/data/use-fetch';
import type { UrlState } from '@/data/use-url';
import { logRow } from '@/domain/engines/log';
import { formatDuration, formatMoment } from '@/domain/format';
import { around } from '@/domain/latency/windows';
import { changeStep, changeTitle, verdictWords } from '@/domain/latency/words';
import { EngineBadge, Status } from '../glyph';
import { Arrow } from '../icon';
import { latencyLink, latencyQuery, type PanelScope } from './panel-scope';

/** Only so many are compared at once: each is a question to the store. */
const COMPARED = 4;

/** What changed at either end, newest first, with latency before and after. */
export function ChangesTab({
  answer,
  scope,
  timed,
  link,
}: {
  answer: Fetched<{ items: Change[] }>;
  scope: PanelScope;
  /** Requests are known: before and after can be told. */
  timed: boolean;
  link: UrlState['link'];
}) {
  const items = answer.data?.items ?? [];
  if (answer.data === null) {
    return <p className="panel-said">{answer.error?.message ?? 'Looking'}</p>;
  }
  if (items.length === 0) {
    return <p className="panel-said">Nothing changed here within the last 7 days.</p>;
  }
  return (
    <>
      <p className="panel-said first">
        Changes that touch {scope.source === null ? 'this' : 'this edge'}, newest first.
      </p>
      <ul className="changes">
        {items.map((change, index) => (
          <ChangeItem
            key={change.number}
            {...{ change, scope, link }}
            compared={timed && index < COMPARED}
            until={answer.at ?? 0}
          />
        ))}
      </ul>
    </>
  );
}

function ChangeItem({
  change,
  scope,
  link,
  compared,
  until,
}: {
  change: Change;
  scope: PanelScope;
  link: UrlState['link'];
  compared: boolean;
  until: number;
}) {
  const pair = compared ? around(change, { now: until, windowSeconds: scope.window }) : null;
  const answer = useFetch<Latency>(
    pair === null ? null : '/api/v1/latency',
    pair === null
      ? {}
      : {
          ...latencyQuery(scope),
          window: Math.round((pair.b.to - pair.b.from) / 1000),
          to: new Date(pair.b.to).toISOString(),
          compareFrom: new Date(pair.a.from).toISOString(),
          compareTo: new Date(pair.a.to).toISOString(),
          columns: 1,
        },
  );
  const comparison = answer.data?.comparison ?? null;
  const p99 = comparison?.differences.find(({ figure }) => figure === 'p99') ?? null;
  const { engines, who, reason, detail } = logRow(change);
  const step = engines === null ? changeStep(change) : null;
  return (
    <li>
      <div className="row">
        <span className="mono t3">#{change.number}</span>
        <span className="medium cut">{changeTitle(change)}</span>
        <span className="fill" />
        <span className="t2 num">{formatMoment(change.time, until).replace(/\.\d+$/, '')}</span>
      </div>
      {step !== null && <div>{step}</div>}
      {engines !== null && (
        <div className="row">
          {engines.before !== null && (
            <>
              <EngineBadge engine={engines.before} bare />
              <Arrow />
            </>
          )}
          <EngineBadge engine={engines.after} bare />
        </div>
      )}
      {change.detail !== undefined && <div className="t2">{detail}</div>}
      {reason !== null && (
        <div className="t3">
          {who}: “{reason}”
        </div>
      )}
      {comparison !== null && p99 !== null && (
        <div className="row">
          <Link
            className="quiet-link"
            href={latencyLink(link, scope, { compare: `change:${change.number}` })}
          >
            p99 {formatDuration(p99.before)} before, {formatDuration(p99.after)} after
          </Link>
          <span className="fill" />
          {comparison.verdict === 'slower' ? (
            <Status kind="warn">{verdictWords(comparison.verdict)}</Status>
          ) : comparison.verdict === 'faster' ? (
            <Status kind="ok">{verdictWords(comparison.verdict)}</Status>
          ) : (
            <span className="t3 nowrap">{verdictWords(comparison.verdict)}</span>
          )}
        </div>
      )}
    </li>
  );
}
