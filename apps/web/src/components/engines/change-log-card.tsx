// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change, ChangeChain, Changes } from '@undermesh/schema';
import type { Fetched } from '@/data/use-fetch';
import { type LogRow, logRow } from '@/domain/engines/log';
import { formatDateTime, formatSeconds } from '@/domain/format';
import { EngineBadge, Status } from '../glyph';
import { Arrow } from '../icon';

/** Who changed what, when and why, newest first, and whether the log is what was written. */
export function ChangeLogCard({
  answer,
  chain,
  now,
  everything,
  onEverything,
  onSelect,
}: {
  answer: Fetched<Changes>;
  /** `null`: not heard of yet. */
  chain: ChangeChain | null;
  /** The collector's clock. */
  now: string | null;
  everything: boolean;
  onEverything: (everything: boolean) => void;
  /** Shows the node that a line is about. */
  onSelect: (node: string) => void;
}) {
  const items = answer.data?.items ?? [];
  return (
    <section className="card log-card" aria-label="Change log">
      <div className="card-head">
        <h2>Change log</h2>
        {chain !== null && <Chain chain={chain} />}
        <span className="fill" />
        <button type="button" className="link-btn small" onClick={() => onEverything(!everything)}>
          {everything ? 'Engines only' : 'All changes'}
        </button>
      </div>
      {items.length === 0 ? (
        <p className="card-say t3">
          {answer.data === null
            ? (answer.error?.message ?? 'Looking')
            : everything
              ? 'Nothing has changed yet.'
              : 'No engine has been changed yet. Choose a slot above to do it.'}
        </p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it.
        <section className="card-scroll" tabIndex={0} aria-label="Changes, newest first">
          <table className="table log" aria-label="Changes">
            <thead className="visually-hidden">
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Number</th>
                <th scope="col">Who</th>
                <th scope="col">Did</th>
                <th scope="col">What</th>
              </tr>
            </thead>
            <tbody>
              {items.map((change) => (
                <Row key={change.number} row={logRow(change)} now={now} onSelect={onSelect} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

function Chain({ chain }: { chain: ChangeChain }) {
  const last = chain.breaks.at(-1);
  if (last === undefined) return <span className="t3">hash chain verified to #{chain.verifiedTo}</span>;
  return (
    <span className="small" title={last.detail}>
      <Status kind="warn">
        hash chain broken before #{last.change}, verified from there to #{chain.verifiedTo}
      </Status>
    </span>
  );
}

/** Time of day; with the date before it where that is not today's. */
const when = ({ time }: Change, now: string | null): string => {
  const today = now === null || new Date(now).toDateString() === new Date(time).toDateString();
  return today ? formatSeconds(time) : formatDateTime(time).slice(5);
};

function Row({ row, now, onSelect }: { row: LogRow; now: string | null; onSelect: (node: string) => void }) {
  const { change, who, verb, subject, engines, detail, reason } = row;
  return (
    <tr data-change={change.number}>
      <td className="t3 num">{when(change, now)}</td>
      <td className="mono t3">#{change.number}</td>
      <td className="t2">
        <span className="cut log-who">{who}</span>
      </td>
      <td>{verb}</td>
      <td className="log-what">
        <span className="row">
          {change.kind.startsWith('engine_') ? (
            <button type="button" className="plain-link medium" onClick={() => onSelect(change.subject)}>
              {subject}
            </button>
          ) : (
            <span className="medium">{subject}</span>
          )}
          {engines !== null && (
            <>
              {engines.before !== null && engines.before !== engines.after && (
                <>
                  <EngineBadge engine={engines.before} bare />
                  <Arrow />
                </>
              )}
              <EngineBadge engine={engines.after} bare />
            </>
          )}
          {detail !== null && (
            <span className="cut" title={detail}>
              {detail}
            </span>
          )}
          {reason !== null && (
            <span className="cut t2" title={reason}>
              “{reason}”
            </span>
          )}
        </span>
      </td>
    </tr>
  );
}
