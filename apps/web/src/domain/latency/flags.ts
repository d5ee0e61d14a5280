// SPDX-License-Identifier: Apache-2.0
import type { Change } from '@undermesh/schema';
import { changeFlag } from './words';

export interface Flag {
  change: Change;
  /** Where its moment is, and where its text is centred, in px. */
  at: number;
  x: number;
  /** What it says; the number alone when there is little room. */
  text: string;
}

const NUMBER_WIDTH = 44;
const LETTER = 6.4;

/**
 * Flags of the changes in view, newest first: `chosen` says what changed, others give their number; what would cover
 * another is left out of the row and counted.
 */
export function placeFlags(
  changes: readonly Change[],
  { xOf, width, chosen }: { xOf: (time: number) => number | null; width: number; chosen: number | null },
): { flags: Flag[]; hidden: number } {
  const inOrder = [...changes].sort(
    (a, b) => Number(b.number === chosen) - Number(a.number === chosen) || b.number - a.number,
  );
  const flags: (Flag & { half: number })[] = [];
  let hidden = 0;
  for (const change of inOrder) {
    const at = xOf(Date.parse(change.time));
    if (at === null) continue;
    const long = `#${change.number} ${changeFlag(change)}`;
    const texts = change.number === chosen ? [long, `#${change.number}`] : [`#${change.number}`];
    const placed = texts
      .map((text) => {
        const half = Math.max(NUMBER_WIDTH, text.length * LETTER + 14) / 2;
        return { text, half, x: Math.max(half, Math.min(width - half, at)) };
      })
      .find(({ half, x }) => flags.every((other) => Math.abs(other.x - x) >= other.half + half + 4));
    if (placed === undefined) hidden += 1;
    else flags.push({ change, at, ...placed });
  }
  return { flags: flags.map(({ change, at, x, text }) => ({ change, at, x, text })), hidden };
}
