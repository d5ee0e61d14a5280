// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';

/**
 * What is equal to its predecessor is replaced by it: the object as a whole, else its members one by one. So whoever
 * holds the predecessor sees by reference what did not change.
 */
export function share<Value extends object>(before: Value | undefined, now: Value): Value {
  if (before === undefined) return now;
  const shared: Record<string, unknown> = {};
  let changed = false;
  for (const [key, value] of Object.entries(now)) {
    const old: unknown = Reflect.get(before, key);
    const equal = isDeepStrictEqual(old, value);
    shared[key] = equal ? old : value;
    changed ||= !equal;
  }
  return changed ? (shared as Value) : before;
}

/** The same for a list whose items have moved: an item becomes the equal one of before. */
export function shareItems<Item extends object>(
  before: readonly Item[],
  now: readonly Item[],
): readonly Item[] {
  const known = new Map(before.map((item) => [JSON.stringify(item), item]));
  return now.map((item) => known.get(JSON.stringify(item)) ?? item);
}

/** The same for a map: itself the old one where no entry is another. */
export function shareMap<Key, Value>(
  before: ReadonlyMap<Key, Value> | undefined,
  now: ReadonlyMap<Key, Value>,
): ReadonlyMap<Key, Value> {
  if (before === undefined || before.size !== now.size) return now;
  for (const [key, value] of now) if (before.get(key) !== value) return now;
  return before;
}

/** Entries in the order of their keys. */
export function sorted<Key extends string, Value>(entries: Iterable<readonly [Key, Value]>): Map<Key, Value> {
  return new Map([...entries].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)));
}
