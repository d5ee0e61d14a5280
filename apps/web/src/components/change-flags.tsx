// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Change } from '@undermesh/schema';
import Link from 'next/link';
import { useUrl } from '@/data/use-url';
import { isEngineSwitch } from '@/domain/engines/log';
import { formatSeconds } from '@/domain/format';
import { placeFlags } from '@/domain/latency/flags';
import { changeFlag } from '@/domain/latency/words';

/** Px from the top of the row of flags to the plot below it. */
export const FLAGS_ABOVE = 36;

/**
 * Changes over a chart of time: a dashed line each, and a flag that leads to latency before and after: of an engine, to
 * that of what its node asks for.
 */
export function ChangeFlags({
  changes,
  clock,
  plot,
}: {
  changes: readonly Change[];
  /** Epoch ms at the left and the right end of the plot. */
  clock: { from: number; to: number };
  /** Of the chart's box, px. */
  plot: { left: number; top: number; width: number; height: number };
}) {
  const { link } = useUrl();
  const { flags } = placeFlags(changes, {
    xOf: (time) =>
      time < clock.from || time > clock.to
        ? null
        : ((time - clock.from) / (clock.to - clock.from)) * plot.width,
    width: plot.width,
    chosen: null,
  });
  return (
    <div className="change-flags" style={plot}>
      {flags.map(({ change, at, x, text }) => (
        <span key={change.number} className="contents-only">
          <i className="flag-line" style={{ left: at, top: 24 - FLAGS_ABOVE }} />
          <Link
            className="flag"
            style={{ left: x, top: 2 - FLAGS_ABOVE }}
            title={`${formatSeconds(change.time)}: ${changeFlag(change)}. Compare before and after.`}
            href={link('/latency/', {
              ...(isEngineSwitch(change) ? { level: 'node', from: change.subject } : {}),
              compare: `change:${change.number}`,
            })}
          >
            {text}
          </Link>
        </span>
      ))}
    </div>
  );
}
