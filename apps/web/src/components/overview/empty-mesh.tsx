// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Status as CollectorStatus } from '@undermesh/schema';
import { useEffect, useState } from 'react';
import { useNow } from '@/data/live';
import { formatClock, formatSpan, plural } from '@/domain/format';
import type { StatusKind } from '@/domain/glyphs';
import { BASE_PATH } from '@/environment';
import { CopyButton } from '../copy-button';
import { StatusGlyph } from '../glyph';
import { KernelLine } from './kernel-line';

interface Step {
  kind: StatusKind | 'later';
  name: string;
  note: string;
}

/** What has happened and what is waited for, from /status alone. */
const stepsOf = (status: CollectorStatus, port: string, now: number): Step[] => {
  const waited = (since: string): string => (now === 0 ? '' : formatSpan((now - Date.parse(since)) / 1000));
  const agent = status.nodes.total > 0;
  return [
    { kind: 'ok', name: `Collector listens on port ${port}`, note: `since ${formatClock(status.startedAt)}` },
    agent
      ? { kind: 'ok', name: `${plural(status.nodes.total, 'agent')} connected`, note: '' }
      : { kind: 'run', name: 'Waiting for the first agent', note: waited(status.startedAt) },
    status.firstRecordAt !== null
      ? { kind: 'ok', name: 'First record', note: formatClock(status.firstRecordAt) }
      : {
          kind: agent ? 'run' : 'later',
          name: agent ? 'Waiting for the first record' : 'First record',
          note: '',
        },
  ];
};

/** Nothing has been seen yet: what this is, what to run, how far it got. */
export function EmptyMesh({ status }: { status: CollectorStatus }) {
  const now = useNow(1);
  const [origin, setOrigin] = useState({ address: '', port: '' });
  useEffect(() => {
    const { protocol, host, port } = window.location;
    const scheme = protocol === 'https:' ? 'wss' : 'ws';
    setOrigin({
      address: `${scheme}://${host}${BASE_PATH}`,
      port: port || (scheme === 'wss' ? '443' : '80'),
    });
  }, []);
  const agent = status.nodes.total > 0;
  const command = `undermesh-collector credential --node NAME --out NAME.credential\nsudo undermesh-agent --node NAME --collector ${origin.address}/ingest/v1 --credential NAME.credential`;
  return (
    <div className="empty-scroll">
      <div className="empty">
        <KernelLine />
        <div>
          <h2 className="empty-title">
            {agent ? 'No connection has been recorded yet' : 'No agent has connected yet'}
          </h2>
          <p className="empty-say">
            {agent
              ? 'The agent is attached. The first connection that opens or ends on its machine appears here within a second.'
              : 'Give each machine a credential and run the agent there. It only observes: no traffic is steered.'}
          </p>
        </div>
        {!agent && (
          <div className="command">
            <div className="command-head">
              <span>Linux host</span>
              <CopyButton text={command} />
            </div>
            <pre>
              <span className="t3">{'# where the collector runs: a credential bound to one node\n'}</span>
              {'undermesh-collector credential --node '}
              <b>NAME</b>
              {' --out '}
              <b>NAME</b>
              {'.credential\n'}
              <span className="t3">{'# on that node, with the file copied there\n'}</span>
              {'sudo undermesh-agent --node '}
              <b>NAME</b>
              {' \\\n  --collector '}
              <b>{origin.address}/ingest/v1</b>
              {' \\\n  --credential '}
              <b>NAME</b>
              {'.credential'}
            </pre>
          </div>
        )}
        <ol className="steps">
          {stepsOf(status, origin.port, now).map((step) => (
            <li key={step.name} className={step.kind === 'later' ? 't3' : undefined}>
              <span className={step.kind === 'ok' ? 'ok' : step.kind === 'run' ? 'accent' : 't3'}>
                <StatusGlyph kind={step.kind === 'later' ? 'unk' : step.kind} />
              </span>
              <span className={step.kind === 'run' ? 'medium' : undefined}>{step.name}</span>
              <span className="t3">{step.note}</span>
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

export function EmptyFooter() {
  return (
    <footer className="foot">
      <span>Kernel 6.1 or newer, as root. The agent says what it lacks when it cannot start.</span>
    </footer>
  );
}
