// SPDX-License-Identifier: Apache-2.0

/** One slot: a random number of 32 bits up to and with `threshold` takes the slot's own member, another one `other`. */
export interface AliasSlot {
  readonly threshold: number;
  /** Index of the member that shares the slot; its own where nobody does. */
  readonly other: number;
}

const SLOT_UNITS = 2 ** 32;
const FULL = SLOT_UNITS - 1;

/**
 * An alias table over members of these weights (positive integers): slot `i` is member `i`'s own, and drawing a slot
 * evenly and then within it gives each member its share to 1/2^32 of a slot. Walker's method as Vose made it exact
 * (IEEE Transactions on Software Engineering 17(9), 1991), in integers: a slot is 2^32 units, the shares are rounded by
 * largest remainder, so that nothing is lost or gained.
 */
export function aliasTable(weights: readonly number[]): AliasSlot[] {
  const even = weights.every((weight) => weight === weights[0]);
  if (even) return weights.map((_, i) => ({ threshold: FULL, other: i }));
  const units = shares(weights);
  const slots: AliasSlot[] = weights.map((_, i) => ({ threshold: FULL, other: i }));
  const small: number[] = [];
  const large: number[] = [];
  const sort = (i: number): void => {
    const own = units[i] ?? 0;
    if (own < SLOT_UNITS) small.push(i);
    else if (own > SLOT_UNITS) large.push(i);
  };
  for (let i = weights.length - 1; i >= 0; i--) sort(i);
  for (;;) {
    const [lesser, greater] = [small.pop(), large.pop()];
    if (lesser === undefined || greater === undefined) return slots;
    const own = units[lesser] ?? 0;
    slots[lesser] = { threshold: own - 1, other: greater };
    units[greater] = (units[greater] ?? 0) - (SLOT_UNITS - own);
    sort(greater);
  }
}

/** Shares of `weights.length` slots, in units; at least one unit each, together exactly all. */
function shares(weights: readonly number[]): number[] {
  const sum = BigInt(weights.reduce((total, weight) => total + weight, 0));
  const all = BigInt(weights.length) * BigInt(SLOT_UNITS);
  const parts = weights.map((weight, i) => {
    const exact = BigInt(weight) * all;
    return { i, units: Number(exact / sum), remainder: exact % sum };
  });
  const units = parts.map((part) => part.units);
  let left = Number(all) - units.reduce((total, own) => total + own, 0);
  const byRemainder = [...parts].sort((a, b) => compare(b.remainder, a.remainder) || a.i - b.i);
  for (const { i } of byRemainder) {
    if (left-- <= 0) break;
    units[i] = (units[i] ?? 0) + 1;
  }
  return units;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
