// SPDX-License-Identifier: Apache-2.0
import type { Item } from './scene';

/** The items that differ, when both scenes consist of the same things made of the same elements; `null` otherwise. */
export function changedItems(before: readonly Item[], after: readonly Item[]): Item[] | null {
  if (before.length !== after.length) return null;
  const changed: Item[] = [];
  for (let i = 0; i < after.length; i++) {
    const old = before[i];
    const now = after[i];
    if (!old || !now || old.id !== now.id || old.elements.length !== now.elements.length) return null;
    let same = true;
    for (let k = 0; k < now.elements.length; k++) {
      const a = old.elements[k];
      const b = now.elements[k];
      if (a?.type !== b?.type) return null;
      same &&= equal(a, b);
    }
    if (!same) changed.push(now);
  }
  return changed;
}

/** Deep equality of plain data. Anything else is compared by identity. */
function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((value, i) => equal(value, b[i]));
  }
  if (Object.getPrototypeOf(a) !== Object.prototype) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => equal((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}
