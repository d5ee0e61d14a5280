// SPDX-License-Identifier: Apache-2.0

/** The range of a BIGINT time, ns. */
export const MIN_NS = -(2n ** 63n);
export const MAX_NS = 2n ** 63n - 1n;
export const NS_PER_SECOND = 1_000_000_000n;

/** A range of rows, in time and by frame. */
export interface RowRange {
  readonly fromNs: bigint;
  /** Included. */
  readonly toNs: bigint;
  /** Ordinal of the last frame looked at. */
  readonly asOf: number;
  /** Ordinal of the frame before the first one looked at. */
  readonly afterFrame?: number;
}

export const smallest = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const largest = (a: bigint, b: bigint): bigint => (a > b ? a : b);
/** Keeps a computed time within the range of the column. */
export const clamped = (ns: bigint): bigint => largest(MIN_NS, smallest(MAX_NS, ns));
