// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { measureRounds, overRounds } from '../src/rounds.js';

const ARMS = ['a', 'b', 'again'] as const;

describe('rounds', () => {
  it('measure every arm, one way round and then the other, after a warm-up', async () => {
    const order: string[] = [];
    await measureRounds({ arms: ARMS, rounds: 3 }, async (arm) => order.push(arm));
    expect(order.join(' ')).toBe('a a b again again b a a b again');
  });

  it('give all arms of a round the same number, for the same arrivals', async () => {
    const rounds = await measureRounds({ arms: ARMS, rounds: 2 }, async (arm, round) => `${arm}${round}`);
    expect(rounds).toEqual([
      { a: 'a0', b: 'b0', again: 'again0' },
      { a: 'a1', b: 'b1', again: 'again1' },
    ]);
  });

  it('cancel a drift that runs through the whole measurement', async () => {
    let slice = 0;
    const rounds = await measureRounds(
      { arms: ARMS, rounds: 8 },
      async (arm) => (arm === 'b' ? 0.5 : 1) * (200 + slice++),
    );
    expect(overRounds(rounds, ({ a, b }) => b / a).value).toBeCloseTo(0.5, 2);
    expect(overRounds(rounds, ({ a, again }) => again / a).value).toBeCloseTo(1, 2);
  });
});
