// SPDX-License-Identifier: Apache-2.0
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FrameTurns } from '../../src/ingest/frame-turns.js';

/** Longer than frames may take of a turn. */
function work(): void {
  for (const end = performance.now() + 6; performance.now() < end; );
}

it('takes frames in their order, and lets others have their turn in between', async () => {
  const turns = new FrameTurns();
  const taken: number[] = [];
  const frame = (number: number) => (): void => {
    work();
    taken.push(number);
  };
  expect(turns.takeNow(frame(0))).toBe(true);
  expect(turns.takeNow(frame(-1))).toBe(false);
  for (const number of [1, 2, 3]) turns.takeLater(frame(number));
  expect(taken).toEqual([0]);
  const seen: number[] = [];
  while (taken.length < 4) {
    await turn();
    seen.push(taken.length);
  }
  expect(taken).toEqual([0, 1, 2, 3]);
  // One of these frames uses a turn up: somebody else's came after each.
  expect(seen).toEqual(expect.arrayContaining([2, 3, 4]));
  await turn();
  expect(turns.takeNow(frame(4))).toBe(true);
});
