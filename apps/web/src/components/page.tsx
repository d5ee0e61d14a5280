// SPDX-License-Identifier: Apache-2.0
'use client';

import type { ReactNode } from 'react';
import { useFreshness, useStatus } from '@/data/live';
import { DownState, LockedState } from './states';
import { StatusFooter } from './status-footer';

export interface PageProps {
  title: string;
  /** Beside the title: one sentence, or the page's own controls. */
  lead?: ReactNode;
  /** Right end of the page bar. */
  actions?: ReactNode;
  /** Side panel: pushes the content, lies over it on narrow screens. */
  panel?: ReactNode;
  /** `null` for none; the record ledger by default. */
  footer?: ReactNode;
  /** 16 px around and between, and scrolling: pages of cards. Without, the content fills the page to its edges. */
  padded?: boolean;
  children: ReactNode;
}

/** The frame of every page: bar, content, panel, footer. Says when there is no collector or no permission. */
export function Page({
  title,
  lead,
  actions,
  panel,
  footer = <StatusFooter />,
  padded = false,
  children,
}: PageProps) {
  const { link, stale } = useFreshness();
  const { data: status } = useStatus();
  const blocked = link.phase === 'locked' || (link.phase === 'down' && status === null);
  return (
    <div className="page">
      <section className="page-bar" aria-label="Title and controls">
        <h1>{title}</h1>
        {!blocked && lead}
        <div className="fill" />
        {!blocked && actions}
      </section>
      <div className="page-body">
        <div className="page-main">
          <main
            id="content"
            tabIndex={-1}
            className={`page-content${padded ? ' padded' : ''}${stale && !blocked ? ' is-stale' : ''}`}
          >
            {link.phase === 'locked' ? <LockedState /> : blocked ? <DownState /> : children}
          </main>
          {footer}
        </div>
        {!blocked && panel}
      </div>
    </div>
  );
}
