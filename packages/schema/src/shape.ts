// SPDX-License-Identifier: Apache-2.0
import { type TSchema, type TUnsafe, Type } from 'typebox';

/** A figure that is not known is `null` and never 0. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** A number of 0 or more. */
export const Count = Type.Number({ minimum: 0 });

/** RFC 3339 with milliseconds, in UTC. */
export const Time = Type.String({ format: 'date-time' });

/** A string out of a fixed list. */
export const literals = <const T extends readonly string[]>(values: T): TUnsafe<T[number]> =>
  Type.Unsafe<T[number]>(Type.Enum([...values]));

/** A figure that somebody reports. Bounded, so that sums of a few can be told. */
export const ReportedCount = Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** Counters by name, absent where zero. */
export const counts = <const T extends readonly string[]>(
  names: T,
): TUnsafe<{ [Name in T[number]]?: number }> =>
  Type.Unsafe(Type.Partial(Type.Object(Object.fromEntries(names.map((name) => [name, ReportedCount])))));
