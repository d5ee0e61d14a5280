// SPDX-License-Identifier: Apache-2.0
import type { Node } from '@undermesh/schema';
import {
  ABSENT,
  bytesFigure,
  formatBytes,
  formatDateTime,
  formatNumber,
  formatShare,
  formatSpan,
  NBSP,
  shareFigure,
} from '@/domain/format';
import { lostTotal, observerShare, SKEW_SHOWN_MS } from '@/domain/nodes';
import { lossWords } from '@/domain/words';
import { PanelFigure, Section } from '../panel';
import { UseBar } from './use-bar';

const ago = (time: string | null, now: string | null): string =>
  time === null || now === null ? ABSENT : `${formatSpan((Date.parse(now) - Date.parse(time)) / 1000)} ago`;

/** The ledger of a node, what observing costs it, how full its ring is. */
export function RecordsTab({ node, now }: { node: Node; now: string | null }) {
  const { records, ring, agent } = node;
  const lost = lostTotal(node);
  const losses = Object.entries(records.lost).filter(([, count]) => (count ?? 0) > 0);
  const cost = shareFigure(observerShare(node));
  const memory = bytesFigure(agent?.rssBytes);
  const skew = node.clockSkewMs;
  return (
    <>
      <div className="figures">
        <PanelFigure name="Observer, of a core" {...cost} />
        <PanelFigure name="Agent memory" {...memory} />
        <PanelFigure
          name="Records lost"
          value={formatNumber(lost)}
          {...(lost > 0 ? { kind: 'warn' as const } : {})}
        />
      </div>
      <Section title="Records" note="connection ends since the stream began">
        <dl className="pairs ledger">
          <dt>Made by the kernel</dt>
          <dd>{formatNumber(records.made)}</dd>
          <dt>Received by the collector</dt>
          <dd>{formatNumber(records.received)}</dd>
          <dt>Stored</dt>
          <dd>{formatNumber(records.stored)}</dd>
          <dt>Waiting in the agent</dt>
          <dd>{formatNumber(records.waiting)}</dd>
          <dt>Lost</dt>
          <dd className={lost > 0 ? 'warn medium' : undefined}>{formatNumber(lost)}</dd>
          {losses.map(([reason, count]) => (
            <div className="contents" key={reason}>
              <dt className="inner t3">{lossWords(reason)}</dt>
              <dd className="t2">{formatNumber(count)}</dd>
            </div>
          ))}
        </dl>
        <Balance node={node} />
      </Section>
      <Section
        title="Ring"
        note={ring === null ? 'no data' : `${formatBytes(ring.sizeBytes)} between kernel and agent`}
      >
        {ring !== null && (
          <>
            <UseBar
              share={ring.filledBytes / ring.sizeBytes}
              peak={ring.peakFilledBytes / ring.sizeBytes}
              label={`Ring ${formatShare(ring.filledBytes / ring.sizeBytes)} filled`}
            />
            <p className="t2 small">
              {formatShare(ring.filledBytes / ring.sizeBytes)} filled now,{' '}
              {formatShare(ring.peakFilledBytes / ring.sizeBytes)} at most
            </p>
          </>
        )}
      </Section>
      <Section title="Agent" note={agent === null ? 'no data' : `version ${agent.version}`}>
        <dl className="pairs">
          <dt>Started</dt>
          <dd>
            {agent === null || now === null ? ABSENT : formatDateTime(agent.startedAt, Date.parse(now))}
          </dd>
          <dt>Last report</dt>
          <dd>{node.state === 'reporting' ? `less than 2${NBSP}s ago` : ago(node.lastSeenAt, now)}</dd>
          <dt>CPU of the agent</dt>
          <dd>{formatShare(agent?.cpuShare)}</dd>
          <dt>CPU of its eBPF programs</dt>
          <dd>{node.bpfCpuShare === null ? 'no program statistics' : formatShare(node.bpfCpuShare)}</dd>
          <dt>Workloads, listeners</dt>
          <dd>
            {agent === null ? ABSENT : `${formatNumber(agent.workloads)}, ${formatNumber(agent.listeners)}`}
          </dd>
          {skew !== null && Math.abs(skew) > SKEW_SHOWN_MS && (
            <>
              <dt>Clock against the collector’s</dt>
              <dd className="warn medium">
                {skew > 0 ? '+' : '−'}
                {formatNumber(Math.abs(skew) / 1000, 1)}
                {NBSP}s
              </dd>
            </>
          )}
        </dl>
      </Section>
    </>
  );
}

/** Does the ledger add up? Said either way. */
function Balance({ node }: { node: Node }) {
  const { made, stored, waiting } = node.records;
  const open = made - stored - waiting - lostTotal(node);
  if (node.state !== 'reporting') return <p className="t3 small">As of its last report.</p>;
  return (
    <p className="t3 small">
      {open === 0
        ? 'made = stored + waiting + lost'
        : `${formatNumber(Math.abs(open))} are on their way to the store`}
    </p>
  );
}
