// SPDX-License-Identifier: Apache-2.0
import type { Change } from '@undermesh/schema';
import { formatSeconds } from '@/domain/format';
import type { Flag } from '@/domain/latency/flags';
import { changeFlag } from '@/domain/latency/words';

/** Changes on the clock: a dashed line and a flag that compares around it. */
export function Flags({
  flags,
  chosen,
  above,
  onChoose,
}: {
  flags: readonly Flag[];
  chosen: number | null;
  /** Px from the plot's top up to the row of flags. */
  above: number;
  onChoose: (change: Change) => void;
}) {
  return (
    <>
      {flags.map(({ change, at, x, text }) => (
        <span key={change.number} className="contents-only">
          <i
            className={`flag-line${change.number === chosen ? ' chosen' : ''}`}
            style={{ left: at, top: 26 - above }}
          />
          <button
            type="button"
            className={`flag${change.number === chosen ? ' chosen' : ''}`}
            style={{ left: x, top: 4 - above }}
            title={`${formatSeconds(change.time)}: ${changeFlag(change)}. Compare around it.`}
            aria-pressed={change.number === chosen}
            onClick={() => onChoose(change)}
          >
            {text}
          </button>
        </span>
      ))}
    </>
  );
}
