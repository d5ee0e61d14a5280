// SPDX-License-Identifier: Apache-2.0
'use client';

import { useStatus } from '@/data/live';
import { formatNumber, formatShare, NBSP } from '@/domain/format';
import { lossWords } from '@/domain/words';

/** The ledger: made = stored + lost + waiting, what observing costs, which collector says so. */
export function StatusFooter() {
  const { data: status } = useStatus();
  if (status === null) return <footer className="foot" />;
  const { records } = status;
  const losses = Object.entries(records.lost).filter(([, count]) => count > 0);
  const lost = losses.reduce((sum, [, count]) => sum + count, 0);
  const partial = status.nodes.silent.length > 0;
  return (
    <footer className="foot">
      <span>Records</span>
      <span>
        made{' '}
        <b>
          {partial && `≥${NBSP}`}
          {formatNumber(records.made)}
        </b>{' '}
        = stored <b>{formatNumber(records.stored)}</b> + lost{' '}
        <b className={lost > 0 ? 'warn' : undefined}>{formatNumber(lost)}</b> + waiting{' '}
        <b>{formatNumber(records.waiting)}</b>
      </span>
      {losses.length > 0 && (
        <span className="opt">
          {losses.map(([reason, count]) => `${lossWords(reason)} ${formatNumber(count)}`).join(', ')}
        </span>
      )}
      <span className="opt">
        observer costs{' '}
        {status.observerCpuShare === null ? (
          'no data'
        ) : (
          <>
            <b>{formatShare(status.observerCpuShare)}</b> of a core
          </>
        )}
      </span>
      {status.store.state !== 'ok' && (
        <span className="warn">
          store is {status.store.state}
          {status.store.message === null ? '' : `: ${status.store.message}`}
        </span>
      )}
      <span className="fill" />
      <span className="opt">collector {status.version}</span>
    </footer>
  );
}
