// SPDX-License-Identifier: Apache-2.0
import type { PathMatch, ValueMatch } from '@undermesh/mesh';
import type { PlannedMatch } from './plan.js';
import { argument, quote } from './quote.js';

/** What a request has to be like for a match, but for the service it is for: tests that all have to hold. */
export function conditionsOf({ match, hostname }: PlannedMatch): string[] {
  const { path, method, headers, query } = match;
  return [
    ...(hostname === null ? [] : [hostTest(hostname)]),
    ...(path.kind === 'prefix' && path.value === '/' ? [] : [pathTest(path)]),
    ...(method === null ? [] : [`method -m str -- ${quote(method)}`]),
    ...headers.map((header) => valueTest(`req.fhdr(${argument(header.name)})`, header)),
    ...query.map((parameter) => valueTest(`url_param(${argument(parameter.name)}),url_dec(1)`, parameter)),
  ];
}

function hostTest(hostname: string): string {
  const host = 'req.hdr(host),host_only';
  return hostname.startsWith('*')
    ? `${host} -m end -- ${quote(hostname.slice(1).toLowerCase())}`
    : `${host} -m str -- ${quote(hostname.toLowerCase())}`;
}

/** `txn.folder` is the path with a slash at its end, so that a prefix of whole elements is a prefix of letters. */
function pathTest({ kind, value }: PathMatch): string {
  if (kind === 'exact') return `var(txn.path) -m str -- ${quote(value)}`;
  if (kind === 'regex') return `var(txn.path) -m reg -- ${quote(whole(value))}`;
  return `var(txn.folder) -m beg -- ${quote(`${value.replace(/\/$/, '')}/`)}`;
}

const valueTest = (sample: string, { kind, value }: ValueMatch): string =>
  kind === 'exact' ? `${sample} -m str -- ${quote(value)}` : `${sample} -m reg -- ${quote(whole(value))}`;

/** A regular expression that has to take the whole text; one that is none by itself stays none. */
function whole(regex: string): string {
  const [, flags = '', rest = ''] = /^(\(\?i\))?(.*)$/s.exec(regex) ?? [];
  return `${flags}^(?:${rest})$`;
}
