// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Status } from '@undermesh/schema';
import { type ReactNode, useEffect, useState } from 'react';
import { useFreshness, useReconnect, useStatus } from '@/data/live';
import { formatSpan, NBSP } from '@/domain/format';
import { BASE_PATH } from '@/environment';
import { StatusGlyph } from './glyph';
import { Icon } from './icon';
import { SignIn } from './sign-in';

/** A full-page sentence: what, since when, what next. */
export function State({ sign, title, children }: { sign?: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className="state">
      {sign}
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** The collector does not answer and there is no picture to keep. */
export function DownState() {
  const { retryIn } = useFreshness();
  const [origin, setOrigin] = useState('');
  useEffect(() => setOrigin(window.location.origin + BASE_PATH), []);
  const reconnect = useReconnect();
  return (
    <State
      sign={
        <span className="crit">
          <StatusGlyph kind="crit" size={22} />
        </span>
      }
      title="The collector does not answer"
    >
      <p>
        Traffic is not touched by this: the kernel keeps observing, and agents keep their records until the
        collector is back. On its machine, see whether it runs, and start it if it does not:
      </p>
      <pre>{`curl ${origin}/healthz\nundermesh-collector`}</pre>
      <div className="row">
        <button type="button" className="btn primary" onClick={reconnect}>
          Try now
        </button>
        {retryIn !== null && (
          <span className="t3">{retryIn === 0 ? 'Trying' : `Next try in ${retryIn}${NBSP}s`}</span>
        )}
      </div>
    </State>
  );
}

/** A token is needed. */
export function LockedState() {
  const reconnect = useReconnect();
  return (
    <State
      sign={
        <span className="t2">
          <Icon name="lock" size={22} />
        </span>
      }
      title="This dashboard needs the operator token"
    >
      <p>
        The collector printed it once, at its first start, as <span className="mono">UNDERMESH_TOKEN=…</span>.
        Whoever runs the collector can give it to you, or make a new one with{' '}
        <span className="mono">undermesh-collector token reset</span>. It is exchanged for a cookie and not
        kept in the page.
      </p>
      <SignIn onSignedIn={reconnect} />
    </State>
  );
}

/** First load: the place is kept, nothing pretends to be a figure. */
export function Skeleton({ width, height = 12 }: { width: number | string; height?: number }) {
  return (
    <svg className="skeleton-box" width={width} height={height} aria-hidden="true">
      <rect width="100%" height="100%" rx="4" fill="var(--bg-3)" />
    </svg>
  );
}

/** A banner per page state that qualifies every figure below: silent nodes, a full store, an old picture. */
export function Banner({
  kind,
  children,
  action,
}: {
  kind: 'warn' | 'crit' | 'unk';
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={`note ${kind}`} role="status">
      <span className={kind}>
        <StatusGlyph kind={kind} size={16} />
      </span>
      <span className="fill">{children}</span>
      {action}
    </div>
  );
}

/** Names each silent node and how long it has said nothing. Nothing when all report. */
export function SilentBanner({ action }: { action?: (node: string) => ReactNode }) {
  const { data: status } = useStatus();
  const silent = status?.nodes.silent ?? [];
  const first = silent[0];
  if (status === null || first === undefined) return null;
  const since = (lastSeenAt: string | null): string =>
    lastSeenAt === null
      ? 'has never reported'
      : `has not reported for ${formatSpan((Date.parse(status.now) - Date.parse(lastSeenAt)) / 1000)}`;
  return (
    <Banner kind="warn" action={action?.(first.name)}>
      {silent.slice(0, 3).map((node, index) => (
        <b key={node.name}>
          {index > 0 && ' '}
          {node.name} {since(node.lastSeenAt)}.
        </b>
      ))}{' '}
      <span className="t2">
        {silent.length > 3 && `${silent.length - 3} more are silent. `}
        {silent.length === 1 ? 'Its' : 'Their'} traffic keeps flowing. {silent.length === 1 ? 'Its' : 'Their'}{' '}
        records wait on {silent.length === 1 ? 'its agent' : 'their agents'} until the collector hears from{' '}
        {silent.length === 1 ? 'it' : 'them'}.
      </span>
    </Banner>
  );
}

const STORE_WORDS: Record<Status['store']['state'], string> = {
  ok: '',
  slow: 'The store is slow.',
  full: 'The store is full.',
  failed: 'The store does not take records.',
};

/** The store is behind, full or broken. Nothing when it is well. */
export function StoreBanner() {
  const { data: status } = useStatus();
  if (status === null || status.store.state === 'ok') return null;
  const { state, message } = status.store;
  return (
    <Banner kind={state === 'slow' ? 'warn' : 'crit'}>
      <b>{STORE_WORDS[state]}</b>{' '}
      <span className="t2">
        {message !== null && `${message} `}
        Agents keep their records until it takes them again; what does not fit is counted as lost.
      </span>
    </Banner>
  );
}

/** An answer that could not be had; the last picture stays below. */
export function ProblemBanner({ message, retry }: { message: string; retry?: () => void }) {
  return (
    <Banner
      kind="crit"
      action={
        retry !== undefined && (
          <button type="button" className="btn" onClick={retry}>
            Try again
          </button>
        )
      }
    >
      <b>{message}</b> <span className="t2">What is shown is the last picture.</span>
    </Banner>
  );
}
