// SPDX-License-Identifier: Apache-2.0

/** Kinds of columns in use. */
export type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** The column itself when it is long enough, otherwise a longer copy whose new entries are `fill`. */
export function grown<C extends Column>(column: C, length: number, fill = 0): C {
  if (column.length >= length) return column;
  const longer = new (column.constructor as new (length: number) => C)(length);
  longer.set(column);
  if (fill !== 0) longer.fill(fill, column.length);
  return longer;
}
