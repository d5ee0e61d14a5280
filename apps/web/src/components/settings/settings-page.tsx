// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Status } from '@undermesh/schema';
import { type ReactNode, useEffect, useState } from 'react';
import { useLink, useReconnect, useStatus } from '@/data/live';
import { isSignedIn, signOut } from '@/data/session';
import { useUrl } from '@/data/use-url';
import { formatBytes, formatDateTime, formatNumber, formatSpan } from '@/domain/format';
import { chooseTheme, type ThemeChoice, useThemeChoice } from '@/theme/theme';
import { Status as StatusMark } from '../glyph';
import { Page } from '../page';
import { Segments } from '../segments';

const THEMES: readonly { id: ThemeChoice; name: string }[] = [
  { id: 'system', name: 'As the system' },
  { id: 'dark', name: 'Dark' },
  { id: 'light', name: 'Light' },
];

function Card({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <section className="card">
      <div className="card-head">
        <h2>{title}</h2>
        {note !== undefined && <span className="t3">{note}</span>}
      </div>
      <div className="card-body">{children}</div>
    </section>
  );
}

/** What this browser keeps, who is signed in, and what the collector says of itself. Nothing here that is not real. */
export function SettingsPage() {
  const theme = useThemeChoice();
  const { parameters, set } = useUrl();
  const { data: status } = useStatus();
  return (
    <Page title="Settings" padded>
      <div className="settings">
        <Card title="Appearance" note="kept in this browser">
          <div>
            <Segments label="Theme" value={theme} options={THEMES} onChange={chooseTheme} />
          </div>
        </Card>
        <Card title="Undermesh’s own traffic" note="kept in the address">
          <p className="t2">
            Connections of agents and collector are marked as system traffic and hidden unless asked for.
          </p>
          <div>
            <Segments
              label="System traffic"
              value={parameters.get('system') === 'true' ? 'shown' : 'hidden'}
              options={[
                { id: 'hidden', name: 'Hidden' },
                { id: 'shown', name: 'Shown' },
              ]}
              onChange={(id) => set({ system: id === 'shown' ? 'true' : null })}
            />
          </div>
        </Card>
        <SessionCard />
        {status !== null && <CollectorCard status={status} />}
        {status !== null && <StoreCard status={status} />}
      </div>
    </Page>
  );
}

function SessionCard() {
  const link = useLink();
  const reconnect = useReconnect();
  const [problem, setProblem] = useState<string | null>(null);
  const [signedIn, setSignedIn] = useState(false);
  useEffect(() => setSignedIn(isSignedIn()), []);
  const leave = async (): Promise<void> => {
    try {
      await signOut();
      setSignedIn(false);
      setProblem(null);
      reconnect();
    } catch {
      setProblem('The collector does not answer: you are still signed in.');
    }
  };
  return (
    <Card title="Session">
      <p className="t2">
        Signing in exchanges the operator token for a cookie that only this site can send and no script can
        read. The token is not kept in this browser; the collector keeps it hashed. A collector that lets
        anybody read does not ask for it.
      </p>
      <div className="row">
        <StatusMark kind={link.phase === 'live' ? 'ok' : 'unk'} quiet={link.phase === 'live'}>
          {link.phase === 'live'
            ? 'Connected, updates arrive live'
            : link.phase === 'polling'
              ? 'Connected, asking every 5 s'
              : 'Not connected'}
        </StatusMark>
        <span className="fill" />
        {signedIn ? (
          <button type="button" className="btn" onClick={() => void leave()}>
            Sign out
          </button>
        ) : (
          <span className="t3">Nobody is signed in here: reading is open.</span>
        )}
      </div>
      {problem !== null && (
        <p className="crit" role="alert">
          {problem}
        </p>
      )}
    </Card>
  );
}

function CollectorCard({ status }: { status: Status }) {
  return (
    <Card title="Collector" note={`version ${status.version}`}>
      <dl className="pairs">
        <dt>Cluster</dt>
        <dd>{status.cluster}</dd>
        <dt>Running since</dt>
        <dd>{formatDateTime(status.startedAt)}</dd>
        <dt>First record</dt>
        <dd>{status.firstRecordAt === null ? 'none yet' : formatDateTime(status.firstRecordAt)}</dd>
      </dl>
    </Card>
  );
}

function StoreCard({ status }: { status: Status }) {
  const { store } = status;
  return (
    <Card title="Store" note={store.driver}>
      <dl className="pairs">
        <dt>State</dt>
        <dd>
          <StatusMark
            kind={store.state === 'ok' ? 'ok' : store.state === 'slow' ? 'warn' : 'crit'}
            quiet={store.state === 'ok'}
          >
            {store.message ?? (store.state === 'ok' ? 'takes records' : store.state)}
          </StatusMark>
        </dd>
        <dt>Records kept for</dt>
        <dd>{formatSpan(store.retentionSeconds)}</dd>
        <dt>Oldest record</dt>
        <dd>{store.oldest === null ? 'none yet' : formatDateTime(store.oldest)}</dd>
        <dt>Rows</dt>
        <dd>{formatNumber(store.rows)}</dd>
        <dt>Size</dt>
        <dd>{store.bytes === null ? 'no data' : formatBytes(store.bytes)}</dd>
      </dl>
      <p className="t3 small">
        Retention is set in the collector’s configuration, <span className="mono">undermesh.yaml</span>.
      </p>
    </Card>
  );
}
