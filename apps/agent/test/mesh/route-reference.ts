// SPDX-License-Identifier: Apache-2.0
// Which route takes a request, read off the Gateway API's words rule by rule, and slowly: every match is looked at.
import { type HttpMatch, type HttpRoute, objectKey, type ValueMatch } from '@undermesh/mesh';
import type { AskedRequest } from './kernel-routes.js';

interface Taker {
  readonly name: string;
  /** Compared from the front, the greater first. */
  readonly merits: readonly number[];
}

/** `namespace/name#rule#match` of the match that takes a request; `null`: none. `byHostname`: host names count. */
export function referenceMatch(
  request: AskedRequest,
  routes: readonly HttpRoute[],
  byHostname: boolean,
): string | null {
  const takers: Taker[] = [];
  for (const route of routes)
    for (const host of byHostname && route.hostnames.length > 0 ? route.hostnames : ['*'])
      for (const [rule, { matches }] of route.rules.entries())
        for (const [number, match] of matches.entries())
          if (isOfHost(request, host) && takes(match, request))
            takers.push({
              name: `${objectKey(route)}#${rule + 1}#${number + 1}`,
              merits: [
                host === '*' ? 0 : host.startsWith('*') ? 1 : 2,
                host.length,
                match.path.kind === 'exact' ? 1 : 0,
                match.path.value.length,
                match.method === null ? 0 : 1,
                match.headers.length,
                match.query.length,
                -route.createdAtMs,
                -routes.filter((other) => objectKey(other) < objectKey(route)).length,
                -rule,
                -number,
              ],
            });
  takers.sort((one, other) => {
    const at = one.merits.findIndex((merit, i) => merit !== other.merits[i]);
    return at < 0 ? 0 : (other.merits[at] ?? 0) - (one.merits[at] ?? 0);
  });
  return takers[0]?.name ?? null;
}

function isOfHost({ headers }: AskedRequest, host: string): boolean {
  if (host === '*') return true;
  const given =
    (headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? '').toLowerCase().split(':')[0] ?? '';
  return host.startsWith('*')
    ? given.length > host.length - 1 && given.endsWith(host.slice(1))
    : given === host;
}

function takes(match: HttpMatch, { method, target, headers }: AskedRequest): boolean {
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  const fields = (name: string): string[] =>
    headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
  return (
    hasPath(path, match.path) &&
    (match.method === null || match.method === method) &&
    match.headers.every((wanted) => fields(wanted.name).some((value) => isValue(wanted, value))) &&
    match.query.every((wanted) => parameters(query, wanted.name).some((value) => isValue(wanted, value)))
  );
}

const CLIMBS = /(^|[/\\]|%2f|%5c)(\.|%2e){2}($|[/\\;]|%2f|%5c|%00)/i;
/** An element that a server may read as something else. */
const UNCLEAR = /^\.$|\\|%(2[def]|3\d|4[1-9a-f]|5[\dacf]|6[1-9a-f]|7[\dae]|00|(?![\da-f]{2}))/i;

function hasPath(path: string, { kind, value }: HttpMatch['path']): boolean {
  if (kind === 'prefix' && value === '/') return true;
  if (!path.startsWith('/') || CLIMBS.test(path)) return false;
  const elements = path.slice(1).split('/');
  const unclear = elements.findIndex(
    (element, at) => UNCLEAR.test(element) || (element === '' && at < elements.length - 1),
  );
  if (kind === 'exact') return unclear < 0 && path === value;
  const wanted = value.slice(1).split('/');
  return (unclear < 0 || wanted.length <= unclear) && wanted.every((element, at) => element === elements[at]);
}

function parameters(query: string, wanted: string): string[] {
  return query.split('&').flatMap((parameter) => {
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(parameter) ?? [];
    if (name !== wanted || value === undefined || /%(?![\da-f]{2})/i.test(value)) return [];
    return [
      value
        .replaceAll('+', ' ')
        .replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    ];
  });
}

const isValue = ({ kind, value }: ValueMatch, given: string): boolean =>
  kind === 'exact' ? given === value : new RegExp(`^(?:${value})$`, 's').test(given);
