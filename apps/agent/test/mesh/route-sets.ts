// SPDX-License-Identifier: Apache-2.0
import type {
  HttpMatch,
  HttpRoute,
  HttpRule,
  ObjectName,
  ValueMatch,
  WeightedBackend,
} from '@undermesh/mesh';
import type { AskedRequest } from './kernel-routes.js';

const NO_CHANGES = { set: [], add: [], remove: [] };

export const backend = (name: string, weight = 1): WeightedBackend => ({
  service: { namespace: 'shop', name },
  port: 80,
  weight,
  requestHeaders: NO_CHANGES,
  responseHeaders: NO_CHANGES,
});

export const matchOf = (with_: Partial<HttpMatch> = {}): HttpMatch => ({
  path: { kind: 'prefix', value: '/' },
  method: null,
  headers: [],
  query: [],
  ...with_,
});

export const ruleOf = (
  matches: readonly HttpMatch[],
  backends: readonly WeightedBackend[],
  with_: Partial<HttpRule> = {},
): HttpRule => ({
  matches,
  requestHeaders: NO_CHANGES,
  responseHeaders: NO_CHANGES,
  redirect: null,
  rewrite: null,
  backends,
  timeouts: { requestMs: null, backendRequestMs: null },
  retry: null,
  ...with_,
});

/** A route `shop/<name>` of a service or waypoint. */
export const routeOf = (
  name: string,
  parent: ObjectName & { readonly kind: 'service' | 'waypoint' },
  rules: readonly HttpRule[],
  with_: Partial<HttpRoute> = {},
): HttpRoute => ({
  namespace: 'shop',
  name,
  hostnames: [],
  parents: [{ ...parent, port: null }],
  rules,
  rateLimit: null,
  createdAtMs: 0,
  ...with_,
});

/** The same numbers for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  some<T>(most: number, make: (at: number) => T): T[] {
    return Array.from({ length: this.below(most + 1) }, (_, at) => make(at));
  }
}

const ELEMENTS = ['a', 'b', 'ab', 'A', 'caf%C3%A9', 'a.b', '...', 'a;v=1'];
const STRANGE = [
  '',
  '.',
  '..',
  '%2e%2e',
  '..;x',
  'a%2Fb',
  'a%2f..',
  '%61',
  'a\\b',
  'a%00',
  '%zz',
  '%',
  '..%00',
  '.;',
];
const METHODS = ['GET', 'POST', 'OPTIONS', 'DELETE'];
const NAMES = ['x-a', 'x-bb'];
const VALUES = ['1', 'one', 'one two', 'one.two'];
const HOSTS = [
  'shop.test',
  'eu.shop.test',
  'a.eu.shop.test',
  '*.shop.test',
  '*.eu.shop.test',
  '*.test',
  'other.test',
];

const path = (dice: Dice, elements: readonly string[], depth: number): string =>
  `/${dice.some(depth, () => dice.of(elements)).join('/')}`;

function valueMatch(dice: Dice, name: string): ValueMatch {
  const value = dice.of(VALUES);
  if (dice.below(4) > 0) return { kind: 'exact', name, value };
  const escaped = value.replaceAll('.', '\\.');
  return { kind: 'regex', name, value: dice.of([`${escaped}.*`, `^${escaped}.*`, escaped]) };
}

/** Any match that the kernel can look at. */
export function anyMatch(dice: Dice): HttpMatch {
  const kind = dice.of(['exact', 'prefix', 'prefix'] as const);
  const value = path(dice, ELEMENTS, 3);
  return {
    path: { kind, value: kind === 'exact' && dice.below(5) === 0 && value !== '/' ? `${value}/` : value },
    method: dice.below(3) === 0 ? dice.of(METHODS) : null,
    headers: dice.below(3) === 0 ? NAMES.slice(dice.below(2)).map((name) => valueMatch(dice, name)) : [],
    query: dice.below(4) === 0 ? [valueMatch(dice, dice.of(['q', 'qq']))] : [],
  };
}

/** A route with any number of rules and matches. */
export function anyRoute(
  dice: Dice,
  name: string,
  parent: ObjectName & { readonly kind: 'service' | 'waypoint' },
): HttpRoute {
  const rules = Array.from({ length: 1 + dice.below(4) }, () =>
    ruleOf([anyMatch(dice), ...dice.some(2, () => anyMatch(dice))], [backend('v1')]),
  );
  const hostnames = [...new Set(dice.some(2, () => dice.of(HOSTS)))];
  return routeOf(name, parent, rules, { hostnames, createdAtMs: 1000 * dice.below(3) });
}

function query(dice: Dice): string {
  const parameters = dice.some(3, () => {
    const value = dice.of([
      ...VALUES.map((each) => encodeURIComponent(each)),
      'one+two',
      '%6fne',
      'o%zz',
      '',
    ]);
    return `${dice.of(['q', 'qq', 'x', ''])}${dice.of(['=', '=', '='])}${value}`;
  });
  return parameters.length === 0 ? '' : `?${parameters.join('&')}`;
}

/** Any request, some of them of shapes that servers read in different ways. */
export function anyRequest(dice: Dice): AskedRequest {
  const elements = dice.below(3) === 0 ? [...ELEMENTS, ...STRANGE] : ELEMENTS;
  const host = dice.of(HOSTS).replace('*', dice.of(['x', 'X.y', 'eu']));
  const port = dice.of(['', '', ':80']);
  return {
    method: dice.of([...METHODS, 'PROPFIND']),
    target: `${path(dice, elements, 4)}${dice.of(['', '', '/'])}${query(dice)}`,
    headers: [
      ['accept', '*/*'],
      ['Host', dice.of([host, host.toUpperCase()]) + port],
      ...dice.some(
        3,
        () => [dice.of(['X-A', 'x-a', 'x-bb', 'x-b']), dice.of([...VALUES, 'one two three'])] as const,
      ),
    ],
  };
}
