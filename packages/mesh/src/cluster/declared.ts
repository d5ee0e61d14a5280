// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type { Declaration, Origin } from '../kubernetes/declaration.js';
import { Field, type FieldProblem, formatPath } from '../kubernetes/field.js';
import { describe, readObject } from '../kubernetes/read.js';
import type { Problem } from '../problem.js';

/** What an object of a cluster declares, and what is wrong with it by itself. */
export interface Declared {
  /** As the object was last without an error; `null`: never, or it is of no use to the mesh. */
  readonly declaration: Declaration | null;
  /** What it would declare if it had no error. */
  readonly attempt: Declaration | null;
  readonly problems: readonly Problem[];
}

/** Reads an object as manifests are read. With an error it declares what its last version did. */
export function readDeclared(value: unknown, before: Declared | undefined): Declared {
  const found: FieldProblem[] = [];
  const object = new Field(value, [], {
    report: (problem) => found.push(problem),
    unknownFields: 'passed over',
  });
  const origin = before?.declaration?.origin ?? originOf(describe(object));
  const attempt = readObject(object, origin);
  const problems = found.map((problem) => origin.problem(problem));
  const wrong = problems.some(({ severity }) => severity === 'error');
  const declaration = wrong ? (before?.declaration ?? null) : attempt;
  const now = { declaration, attempt, problems };
  return before !== undefined && isSame(before, now) ? before : now;
}

/** Where an object of a cluster is declared: it has no place but its name. */
export const originOf = (object: string): Origin => ({
  object,
  place: 'of this cluster',
  problem: ({ severity, path, message, mend }) => ({
    severity,
    file: '',
    line: 0,
    column: 0,
    object,
    field: formatPath(path),
    message,
    mend,
  }),
});

/** Most versions of an object differ in what the mesh does not look at. */
const isSame = (before: Declared, now: Declared): boolean =>
  isDeepStrictEqual(plain(before.attempt), plain(now.attempt)) &&
  isDeepStrictEqual(before.problems, now.problems);

const plain = (declaration: Declaration | null): object | null =>
  declaration === null ? null : { ...declaration, origin: null };
