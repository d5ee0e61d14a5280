// SPDX-License-Identifier: Apache-2.0
import { type HttpMatch, type HttpRoute, type Mesh, objectKey, type ValueMatch } from '@undermesh/mesh';
import type { NativeRoute } from '@undermesh/schema';
import { numberNames } from '../mesh/identifiers.js';
import { routeName, routeNames } from '../mesh/routing.js';

/** What there is to tell of a route's backend, but for its hits. */
export type RouteRow = Omit<NativeRoute, 'requests' | 'rejected' | 'limited'> & {
  /** Numbers of the backend in the kernel: its places in the rule, from 1; 0 where there is none. */
  readonly places: readonly number[];
};

/** `NativeRoute.match` takes so much. */
const WORDS_MAX = 512;

const rows = new WeakMap<Mesh, readonly RouteRow[]>();

/** A row for each backend of each match of each route. A mesh does not change: its rows are made once. */
export function routeRows(mesh: Mesh): readonly RouteRow[] {
  const known = rows.get(mesh);
  if (known !== undefined) return known;
  const parents = parentsOf(mesh);
  const numbers = numberNames([...parents.keys()].flatMap(routeNames));
  const made = [...parents].flatMap(([route, service]) =>
    rowsOf(route).flatMap(({ name, ...row }) => {
      const number = numbers.get(name);
      return number === undefined ? [] : [{ ...row, number, service }];
    }),
  );
  rows.set(mesh, made);
  return made;
}

/** Whose requests a route is asked for: of several parents the first. */
function parentsOf({ services, waypoints }: Mesh): Map<HttpRoute, string> {
  const parents = new Map<HttpRoute, string>();
  for (const parent of [...services.values(), ...waypoints.values()]) {
    for (const route of parent.routes) if (!parents.has(route)) parents.set(route, objectKey(parent));
  }
  return parents;
}

function rowsOf(route: HttpRoute): (Omit<RouteRow, 'number' | 'service'> & { readonly name: string })[] {
  const key = objectKey(route);
  return route.rules.flatMap(({ matches, backends }, rule) => {
    const targets = new Map<string, { weight: number; places: number[] }>();
    for (const [at, { service, port, weight }] of backends.entries()) {
      const target = `${objectKey(service)}:${port}`;
      const known = targets.get(target) ?? { weight: 0, places: [] };
      targets.set(target, { weight: known.weight + weight, places: [...known.places, at + 1] });
    }
    const all: [string | null, { weight: number; places: readonly number[] }][] =
      targets.size === 0 ? [[null, { weight: 0, places: [] }]] : [...targets];
    return matches.flatMap((match, at) =>
      all.map(([backend, target]) => ({
        name: routeName(route, rule + 1, at + 1),
        route: key,
        rule,
        match: matchWords(match, route.hostnames),
        backend,
        ...target,
      })),
    );
  });
}

/** For people: `GET /api/*, header x-canary = yes`. */
export function matchWords(match: HttpMatch, hostnames: readonly string[]): string {
  const { path, method, headers, query } = match;
  const shown = { exact: path.value, prefix: `${path.value.replace(/\/$/, '')}/*`, regex: `~ ${path.value}` };
  const first = [method, shown[path.kind]].filter((word) => word !== null).join(' ');
  const words = [
    first,
    ...(hostnames.length === 0 ? [] : [`host ${hostnames.join(' or ')}`]),
    ...headers.map((header) => `header ${condition(header)}`),
    ...query.map((parameter) => `query ${condition(parameter)}`),
  ].join(', ');
  return words.length > WORDS_MAX ? `${words.slice(0, WORDS_MAX - 1)}…` : words;
}

const condition = ({ kind, name, value }: ValueMatch): string =>
  `${name} ${kind === 'exact' ? '=' : '~'} ${value}`;
