// SPDX-License-Identifier: Apache-2.0
import type { HttpMatch, ValueMatch } from '@undermesh/mesh';
import type { PlannedMatch } from './plan.js';
import { argument, quote } from './quote.js';

/** Conditions that all have to hold, as lines `acl NAME ...` and the names. */
export interface Conditions {
  readonly lines: readonly string[];
  readonly names: readonly string[];
}

/** What a request has to be like for a match, but for the service it is for. */
export function conditionsOf({ id, match, hostname }: PlannedMatch): Conditions {
  const lines: string[] = [];
  const names: string[] = [];
  const add = (name: string, ...tests: readonly string[]): void => {
    names.push(name);
    for (const test of tests) lines.push(`acl ${name} ${test}`);
  };
  if (hostname !== null) add(`match_${id}_host`, hostTest(hostname));
  const path = pathTests(match);
  if (path.length > 0) add(`match_${id}_path`, ...path);
  if (match.method !== null) add(`match_${id}_method`, `method -m str -- ${quote(match.method)}`);
  match.headers.forEach((header, at) => {
    add(`match_${id}_header_${at}`, valueTest(`req.fhdr(${argument(header.name)})`, header));
  });
  match.query.forEach((parameter, at) => {
    add(`match_${id}_query_${at}`, valueTest(`url_param(${argument(parameter.name)}),url_dec(1)`, parameter));
  });
  return { lines, names };
}

function hostTest(hostname: string): string {
  const host = 'req.hdr(host),host_only';
  return hostname.startsWith('*')
    ? `${host} -m end -- ${quote(hostname.slice(1).toLowerCase())}`
    : `${host} -m str -- ${quote(hostname.toLowerCase())}`;
}

/** Any of the tests; none where every path will do. */
function pathTests({ path: { kind, value } }: HttpMatch): string[] {
  if (kind === 'exact') return [`path -m str -- ${quote(value)}`];
  if (kind === 'regex') return [`path -m reg -- ${quote(whole(value))}`];
  if (value === '/') return [];
  return [`path -m str -- ${quote(value)}`, `path -m beg -- ${quote(`${value}/`)}`];
}

const valueTest = (sample: string, { kind, value }: ValueMatch): string =>
  kind === 'exact' ? `${sample} -m str -- ${quote(value)}` : `${sample} -m reg -- ${quote(whole(value))}`;

/** A regular expression that has to take the whole text; one that is none by itself stays none. */
function whole(regex: string): string {
  const [, flags = '', rest = ''] = /^(\(\?i\))?(.*)$/s.exec(regex) ?? [];
  return `${flags}^(?:${rest})$`;
}
