// SPDX-License-Identifier: Apache-2.0
import { type Slot, type EngineSwitch as SwitchView, trackOf } from '@/domain/engines/switch';
import { EngineGlyph } from '../glyph';

/** Px from one slot to the next, and of a row. */
export const SLOT_WIDTH = 98;
const ROW = 34;
const Y = ROW / 2;
/** Half of a chip with a gap, and of a ring with a gap. */
const CHIP = 13;
const RING = 15;

/** One slot as it looks: a ring where the engine is desired, a chip where it is observed. */
export function EngineSlot({ slot }: { slot: Slot }) {
  const { engine, ring, chip } = slot;
  return (
    <span className={`slot ${engine}${ring === null ? '' : ` ring-${ring}`}`} aria-hidden="true">
      {chip === null ? (
        slot.unavailable === null ? (
          <i className="slot-dot" />
        ) : (
          <svg width="12" height="12" aria-hidden="true">
            <path d="m2.5 2.5 7 7m0-7-7 7" stroke="currentColor" strokeWidth="1.4" fill="none" />
          </svg>
        )
      ) : chip === 'unknown' ? (
        <b className="slot-unknown">?</b>
      ) : (
        <span className={`slot-chip ${chip}`}>
          <EngineGlyph engine={engine} />
        </span>
      )}
    </span>
  );
}

/** The line that a switch which is not where it ought to be draws across its slots. */
export function SlotTrack({ view }: { view: SwitchView }) {
  const track = trackOf(view);
  if (track === null) return null;
  const sign = track.to > track.from ? 1 : -1;
  const centre = (slot: number): number => (slot + 0.5) * SLOT_WIDTH;
  const from = centre(track.from) + sign * CHIP;
  const to = centre(track.to) - sign * RING;
  return (
    <svg
      className={`slot-track ${track.moving ? 'moving' : 'drift'}`}
      width={3 * SLOT_WIDTH}
      height={ROW}
      aria-hidden="true"
    >
      <path d={`M${from} ${Y}H${to}`} strokeDasharray={track.moving ? undefined : '3 3'} />
      {track.moving && <path d={`m${to - 5 * sign} ${Y - 4} ${5 * sign} 4 ${-5 * sign} 4`} />}
    </svg>
  );
}
