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

/** Pairs of segments that cross: segments by their height at the left and at the right, to a quarter px. O(n log n). */
export function crossings(left: readonly number[], right: readonly number[]): number {
  const count = left.length;
  let low = 0;
  for (let i = 0; i < count; i++) low = Math.min(low, left[i] ?? 0, right[i] ?? 0);
  // both heights in one number, so that the native sort of numbers does it
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    keys[i] = Math.round(((left[i] ?? 0) - low) * 4) * SPAN + Math.round(((right[i] ?? 0) - low) * 4);
  }
  keys.sort();
  for (let i = 0; i < count; i++) keys[i] = (keys[i] ?? 0) % SPAN;
  return inversions(keys, new Float64Array(count));
}
const SPAN = 2 ** 26;

/** Pairs out of order, by merging from the bottom up. Sorts `values`. */
function inversions(values: Float64Array, spare: Float64Array): number {
  let from = values;
  let to = spare;
  let count = 0;
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length);
      const end = Math.min(start + 2 * width, values.length);
      let a = start;
      let b = middle;
      for (let k = start; k < end; k++) {
        if (a < middle && (b >= end || (from[a] ?? 0) <= (from[b] ?? 0))) to[k] = from[a++] ?? 0;
        else {
          count += middle - a;
          to[k] = from[b++] ?? 0;
        }
      }
    }
    [from, to] = [to, from];
  }
  return count;
}
