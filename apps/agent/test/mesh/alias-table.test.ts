// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { aliasTable } from '../../src/mesh/alias-table.js';

const SLOT = 2n ** 32n;

/** What each member gets of all slots, in units of 1/2^32 of a slot. */
function units(weights: readonly number[]): bigint[] {
  const got = weights.map(() => 0n);
  for (const [own, { threshold, other }] of aliasTable(weights).entries()) {
    got[own] = (got[own] ?? 0n) + BigInt(threshold) + 1n;
    got[other] = (got[other] ?? 0n) + SLOT - BigInt(threshold) - 1n;
  }
  return got;
}

describe('aliasTable', () => {
  it('has a whole slot for each of equal members', () => {
    expect(aliasTable([5, 5, 5])).toEqual([0, 1, 2].map((other) => ({ threshold: 0xffff_ffff, other })));
    expect(aliasTable([9])).toEqual([{ threshold: 0xffff_ffff, other: 0 }]);
    expect(aliasTable([])).toEqual([]);
  });

  it('gives every member its share, to less than one unit, whatever the weights', () => {
    let seed = 1;
    const next = (): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed;
    };
    for (let round = 0; round < 300; round++) {
      const weights = Array.from(
        { length: 1 + (next() % 40) },
        () => 1 + (next() % (round % 2 ? 65_535 : 4)),
      );
      const sum = BigInt(weights.reduce((a, b) => a + b));
      const all = BigInt(weights.length) * SLOT;
      const got = units(weights);
      expect(got.reduce((a, b) => a + b)).toBe(all);
      for (const [i, weight] of weights.entries()) {
        const error = (got[i] ?? 0n) * sum - BigInt(weight) * all;
        expect(error < sum && error > -sum).toBe(true);
      }
    }
  });
});
