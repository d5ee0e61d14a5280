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

/** An element that servers may read differently, with the slash before it: bpf/include/route_path.h has the same. */
const UNCLEAR =
  '/(?:/|\\.(?:/|$)|[^/]*(?:\\\\|%(?:2[def]|3[0-9]|4[1-9a-f]|5[0-9acf]|6[1-9a-f]|7[0-9ae]|00|(?![0-9a-f]{2}))))';
/** One that may lead upwards. */
const CLIMBS = '(?:[/\\\\]|%2f|%5c)(?:\\.|%2e){2}(?:$|[/\\\\;]|%2f|%5c|%00)';

/**
 * Lines that set what paths are compared with: `txn.path`, as it was sent; `txn.clear`, the same where every server reads it
 * as it stands; `txn.folder`, its elements up to the first that is unclear, each with a slash behind it, so that a prefix of
 * whole elements is a prefix of letters.
 */
export const pathVariables: readonly string[] = [
  'http-request set-var(txn.path) path',
  `http-request set-var(txn.clear) path unless { path -m reg -i -- ${quote(`${UNCLEAR}|${CLIMBS}`)} }`,
  `http-request set-var(txn.folder) ${quote(`path,regsub('${UNCLEAR}.*$','',i),concat(/)`)} unless { path -m reg -i -- ${quote(CLIMBS)} }`,
];

function hostTest(hostname: string): string {
  const host = 'req.hdr(host),host_only';
  return hostname.startsWith('*')
    ? `${host} -m end -- ${quote(hostname.slice(1).toLowerCase())}`
    : `${host} -m str -- ${quote(hostname.toLowerCase())}`;
}

/** Of the variables that {@link pathVariables} sets. */
function pathTest({ kind, value }: PathMatch): string {
  if (kind === 'exact') return `var(txn.clear) -m str -- ${quote(value)}`;
  if (kind === 'regex') return `var(txn.clear) -m reg -- ${quote(whole(value))}`;
  return `var(txn.folder) -m beg -- ${quote(`${value.replace(/\/$/, '')}/`)}`;
}

const valueTest = (sample: string, { kind, value }: ValueMatch): string =>
  kind === 'exact' ? `${sample} -m str -- ${quote(value)}` : `${sample} -m reg -- ${quote(whole(value))}`;

/** A regular expression that has to take the whole text; one that is none by itself stays none. */
function whole(regex: string): string {
  const [, flags = '', rest = ''] = /^(\(\?i\))?(.*)$/s.exec(regex) ?? [];
  return `${flags}^(?:${rest})$`;
}
