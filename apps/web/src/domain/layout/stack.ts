// SPDX-License-Identifier: Apache-2.0

/**
 * Centres nearest to what each item of a column wants (least squares, weighted) that keep the order and the least
 * distances: pool adjacent violators. `apart[i]` is the least distance between centres i and i + 1.
 */
export function settle(
  wanted: readonly number[],
  weights: readonly number[],
  apart: readonly number[],
): number[] {
  const count = wanted.length;
  const shift = new Float64Array(count);
  for (let i = 1; i < count; i++) shift[i] = (shift[i - 1] ?? 0) + (apart[i - 1] ?? 0);
  const mean = new Float64Array(count);
  const mass = new Float64Array(count);
  const size = new Int32Array(count);
  let blocks = 0;
  for (let i = 0; i < count; i++) {
    mean[blocks] = (wanted[i] ?? 0) - (shift[i] ?? 0);
    mass[blocks] = Math.max(1e-6, weights[i] ?? 1);
    size[blocks] = 1;
    blocks++;
    while (blocks > 1 && (mean[blocks - 2] ?? 0) > (mean[blocks - 1] ?? 0)) {
      const a = mass[blocks - 2] ?? 0;
      const b = mass[blocks - 1] ?? 0;
      mean[blocks - 2] = ((mean[blocks - 2] ?? 0) * a + (mean[blocks - 1] ?? 0) * b) / (a + b);
      mass[blocks - 2] = a + b;
      size[blocks - 2] = (size[blocks - 2] ?? 0) + (size[blocks - 1] ?? 0);
      blocks--;
    }
  }
  const result: number[] = [];
  for (let block = 0; block < blocks; block++) {
    for (let k = 0; k < (size[block] ?? 0); k++)
      result.push((mean[block] ?? 0) + (shift[result.length] ?? 0));
  }
  return result;
}

/** Moves settled centres into `top..bottom` (edges of the items, half heights given), keeping the distances. */
export function confine(
  centres: readonly number[],
  apart: readonly number[],
  bounds: { top: number; bottom: number; first: number; last: number },
): number[] {
  const count = centres.length;
  const low = new Float64Array(count);
  const high = new Float64Array(count);
  low[0] = bounds.top + bounds.first;
  for (let i = 1; i < count; i++) low[i] = (low[i - 1] ?? 0) + (apart[i - 1] ?? 0);
  high[count - 1] = bounds.bottom - bounds.last;
  for (let i = count - 2; i >= 0; i--) high[i] = (high[i + 1] ?? 0) - (apart[i] ?? 0);
  return centres.map((y, i) => Math.max(low[i] ?? 0, Math.min(high[i] ?? 0, y)));
}

/** Pairs of segments that cross: segments by their height at the left and at the right. O(n log n). */
export function crossings(left: readonly number[], right: readonly number[]): number {
  const order = left
    .map((_, i) => i)
    .sort((a, b) => (left[a] ?? 0) - (left[b] ?? 0) || (right[a] ?? 0) - (right[b] ?? 0));
  const rights = order.map((i) => right[i] ?? 0);
  const sorted = [...rights].sort((a, b) => a - b);
  const place = new Map<number, number>();
  for (const value of sorted) if (!place.has(value)) place.set(value, place.size + 1);
  const tree = new Int32Array(place.size + 1);
  let count = 0;
  let seen = 0;
  for (const value of rights) {
    const at = place.get(value) ?? 1;
    let notAbove = 0;
    for (let i = at; i > 0; i -= i & -i) notAbove += tree[i] ?? 0;
    count += seen - notAbove;
    for (let i = at; i < tree.length; i += i & -i) tree[i] = (tree[i] ?? 0) + 1;
    seen++;
  }
  return count;
}
