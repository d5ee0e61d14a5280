// SPDX-License-Identifier: Apache-2.0
import { bootstrapMedian, type Estimate } from './statistics.js';

/** What each arm of a comparison gave in one round. */
export type Round<Arm extends string, T> = Readonly<Record<Arm, T>>;

/**
 * Measures all arms once per round, one way round and then the other, so that a machine that gets slower or faster
 * steadily favours none. The first arm is measured once before and dropped. An arm that stands there twice under two names
 * tells the noise floor.
 */
export async function measureRounds<Arm extends string, T>(
  options: { readonly arms: readonly Arm[]; readonly rounds: number },
  measure: (arm: Arm, round: number) => Promise<T>,
): Promise<Round<Arm, T>[]> {
  const { arms, rounds } = options;
  const done: Round<Arm, T>[] = [];
  for (const arm of arms.slice(0, 1)) await measure(arm, 0);
  for (let round = 0; round < rounds; round++) {
    const results: Partial<Record<Arm, T>> = {};
    for (const arm of round % 2 === 0 ? arms : [...arms].reverse()) results[arm] = await measure(arm, round);
    done.push(results as Round<Arm, T>);
  }
  return done;
}

/** The median over the rounds of something that a round says: a ratio of two of its arms, or one arm's figure. */
export const overRounds = <R>(rounds: readonly R[], figure: (round: R) => number): Estimate =>
  bootstrapMedian(rounds.map(figure));
