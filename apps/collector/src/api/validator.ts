// SPDX-License-Identifier: Apache-2.0
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import Value from 'typebox/value';
import { CollectorError } from '../errors.js';

/** Checks requests against TypeBox schemas; text out of a query string is first made into what the schema wants. */
export const typeboxValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema);
  return (data: unknown) => {
    const value =
      httpPart === 'body' ? data : Value.Default(schema, Value.Convert(schema, { ...(data as object) }));
    if (compiled.Check(value)) return { value };
    const [problem] = compiled.Errors(value);
    const where = problem?.instancePath.slice(1) || httpPart || 'request';
    return { error: new CollectorError('request_invalid', `${where} ${problem?.message ?? 'is not valid'}`) };
  };
};
