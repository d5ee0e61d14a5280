// SPDX-License-Identifier: Apache-2.0
'use client';

import { useFreshness, useStatus } from '@/data/live';
import { formatAge, formatCompact, formatNumber, NBSP } from '@/domain/format';
import type { Pulse } from '@/domain/live';
import { Status } from './glyph';

/** One bar per update; a hole, drawn as a dash on the ground, for a miss. */
function PulseBars({ pulse }: { pulse: Pulse }) {
  return (
    <svg width={pulse.length * 4} height="14" aria-hidden="true">
      {pulse.map((value, index) => {
        const last = index === pulse.length - 1;
        const height = value === null ? 1.5 : 5 + Math.round(value * 12) / 2;
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place.
            key={index}
            x={index * 4}
            y={value === null ? 11 : 13 - height}
            width="2.4"
            height={height}
            rx={value === null ? 0 : 0.6}
            fill={last && value !== null ? 'var(--text-1)' : 'var(--text-3)'}
            opacity={last || value === null ? 1 : 0.45 + (0.4 * index) / pulse.length}
          />
        );
      })}
    </svg>
  );
}

function Phase() {
  const { link, age, stale, retryIn } = useFreshness();
  const retry =
    retryIn === null ? '' : retryIn === 0 ? 'Reconnecting now' : `Reconnecting in ${retryIn}${NBSP}s`;
  if (link.phase === 'locked') return <b>Signed out</b>;
  if (link.phase === 'down' || (link.phase === 'connecting' && retryIn !== null)) {
    return <Status kind={link.phase === 'down' ? 'crit' : 'warn'}>{retry}</Status>;
  }
  if (age === null) return <b>Connecting</b>;
  if (stale) return <Status kind="unk">Stale {formatAge(age)}</Status>;
  if (link.phase === 'polling') return <Status kind="warn">Every 5{NBSP}s, not live</Status>;
  return (
    <>
      <b>Live</b> <span className="fresh-age">{formatAge(age)}</span>
    </>
  );
}

/** Said aloud when it changes, not with every tick. */
const announced = (phase: ReturnType<typeof useFreshness>['link']['phase'], stale: boolean): string => {
  if (phase === 'live') return stale ? 'Figures are stale.' : '';
  if (phase === 'polling') return 'Not live: asking every five seconds.';
  if (phase === 'down') return 'The collector does not answer. Reconnecting.';
  return '';
};

/** How fresh the page is and what it rests on: updates, rate, nodes, losses. */
export function FreshnessBar() {
  const { link, stale } = useFreshness();
  const { data: status } = useStatus();
  const silent = status?.nodes.silent.length ?? 0;
  const lost =
    status === null ? null : Object.values(status.records.lost).reduce((sum, count) => sum + count, 0);
  return (
    <div className="fresh">
      <span className="visually-hidden" role="status">
        {announced(link.phase, stale)}
      </span>
      <PulseBars pulse={link.pulse} />
      <span className="fresh-state">
        {status !== null && status.nodes.total === 0 && link.phase === 'live' ? <b>Listening</b> : <Phase />}
      </span>
      {status !== null && status.nodes.total > 0 && (
        <>
          <i className="opt" />
          <span className="opt">
            {silent > 0 && `≥${NBSP}`}
            {formatCompact(status.rates.connectionsPerSecond)} conn/s
          </span>
        </>
      )}
      {status !== null && (
        <>
          <i />
          {silent > 0 ? (
            <Status kind="warn">
              {status.nodes.reporting}/{status.nodes.total} nodes
            </Status>
          ) : (
            <span>
              {status.nodes.total === 0
                ? '0 nodes'
                : `${status.nodes.reporting}/${status.nodes.total} ${status.nodes.total === 1 ? 'node' : 'nodes'}`}
            </span>
          )}
        </>
      )}
      {status !== null && status.nodes.total > 0 && (
        <>
          <i />
          {lost !== null && lost > 0 ? (
            <Status kind="warn">{formatCompact(lost)} lost</Status>
          ) : (
            <span>{formatNumber(lost)} lost</span>
          )}
        </>
      )}
    </div>
  );
}
