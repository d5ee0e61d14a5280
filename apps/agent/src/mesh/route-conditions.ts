// SPDX-License-Identifier: Apache-2.0
import { RouteConditionKind, RouteLimit } from '@undermesh/bpf-abi';
import type { HttpMatch, HttpRule, PathMatch, ValueMatch } from '@undermesh/mesh';

/** One condition, as the kernel compares it. Texts are ASCII. */
export interface Condition {
  /** A value of {@link RouteConditionKind}. */
  readonly kind: number;
  readonly name: string;
  readonly value: string;
}

/** The conditions of a match beside path and method, in order; or why the kernel cannot look at them. */
export function conditionsOf({ headers, query }: HttpMatch): readonly Condition[] | string {
  const conditions: Condition[] = [];
  const { HEADER, HEADER_PREFIX, QUERY, QUERY_PREFIX } = RouteConditionKind;
  for (const [what, values, exact, prefix] of [
    ['header', headers, HEADER, HEADER_PREFIX],
    ['query parameter', query, QUERY, QUERY_PREFIX],
  ] as const)
    for (const match of values) {
      const literal = literalOf(match);
      if (literal === null) return `its ${what} ${match.name} is to match a regular expression`;
      if (match.name.length > RouteLimit.NAME)
        return `the name of its ${what} ${match.name.slice(0, 20)}... is longer than ${RouteLimit.NAME} bytes`;
      if (literal.value.length > RouteLimit.VALUE)
        return `the value of its ${what} ${match.name} is longer than ${RouteLimit.VALUE} bytes`;
      conditions.push({ kind: literal.isPrefix ? prefix : exact, name: match.name, value: literal.value });
    }
  if (conditions.length <= RouteLimit.CONDITIONS) return conditions;
  return `it has more than ${RouteLimit.CONDITIONS} conditions`;
}

/** Why the kernel cannot look at a path; `null`: it can. */
export function pathProblem({ kind, value }: PathMatch): string | null {
  if (kind === 'regex') return `its path ${value} is a regular expression`;
  return value.length > RouteLimit.TEXT ? `its path is longer than ${RouteLimit.TEXT} bytes` : null;
}

/** What a rule does that only a proxy can; `null`: nothing. */
export function ruleProblem(rule: HttpRule): string | null {
  const { redirect, rewrite, timeouts, retry, backends } = rule;
  if (redirect !== null) return 'it redirects';
  if (rewrite !== null) return 'it rewrites requests';
  if ([rule, ...backends].some(changesHeaders)) return 'it changes headers';
  if (timeouts.requestMs !== null || timeouts.backendRequestMs !== null) return 'it has timeouts';
  return retry === null ? null : 'it retries';
}

const changesHeaders = ({ requestHeaders, responseHeaders }: HttpRule | HttpRule['backends'][number]) =>
  [requestHeaders, responseHeaders].some(
    ({ set, add, remove }) => set.length + add.length + remove.length > 0,
  );

/** A regular expression in which every character stands for itself. */
const LITERAL = /^(?:\\[^A-Za-z0-9]|[^\\^$.*+?()[\]{}|])*$/;

/** The text that a value is to be, or to begin with: a regular expression may say no more than that. */
function literalOf({
  kind,
  value,
}: ValueMatch): { readonly value: string; readonly isPrefix: boolean } | null {
  if (kind === 'exact') return { value, isPrefix: false };
  const text = value.replace(/^\^/, '');
  const isPrefix = text.endsWith('.*');
  const literal = isPrefix ? text.slice(0, -2) : text;
  return LITERAL.test(literal) ? { value: literal.replace(/\\(.)/g, '$1'), isPrefix } : null;
}
