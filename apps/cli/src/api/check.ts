// SPDX-License-Identifier: Apache-2.0
import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';

/** Compiled at their first use, once. */
const validators = new Map<TSchema, Validator>();

function validatorOf(schema: TSchema): Validator {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const made = Compile(schema);
  validators.set(schema, made);
  return made;
}

/** Whether a value has the shape of a schema. */
export const conforms = <Schema extends TSchema>(schema: Schema, value: unknown): value is Static<Schema> =>
  validatorOf(schema).Check(value);

/** Where a value first differs from a schema, and how: `/items/0 must have required properties id`. */
export function firstDifference(schema: TSchema, value: unknown): string {
  const [first] = validatorOf(schema).Errors(value);
  return first === undefined ? '' : `${first.instancePath || '/'} ${first.message}`;
}
