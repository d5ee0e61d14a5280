// SPDX-License-Identifier: Apache-2.0
import { type TUnsafe, Type } from 'typebox';

/** A string out of a fixed list. */
export const literals = <const T extends readonly string[]>(values: T): TUnsafe<T[number]> =>
  Type.Unsafe<T[number]>(Type.Enum([...values]));

/** Counters by name, absent where zero. */
export const counts = <const T extends readonly string[]>(
  names: T,
): TUnsafe<{ [Name in T[number]]?: number }> =>
  Type.Unsafe(
    Type.Partial(Type.Object(Object.fromEntries(names.map((name) => [name, Type.Number({ minimum: 0 })])))),
  );
