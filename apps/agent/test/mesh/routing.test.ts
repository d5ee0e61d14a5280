// SPDX-License-Identifier: Apache-2.0
import { decodeService } from '@undermesh/bpf-abi';
import type { HttpMatch, HttpRoute, HttpRule, Service } from '@undermesh/mesh';
import { describe, expect, it } from 'vitest';
import {
  type Contents,
  compile,
  contentsDifference,
  flatten,
  IdBook,
  notExpressible,
} from '../../src/mesh/index.js';
import { endpoint, meshOf, service } from './meshes.js';
import { backend, matchOf, routeOf, ruleOf } from './route-sets.js';

const book = new IdBook();
const here = { node: null, zone: null, region: null };
const CART = { kind: 'service', namespace: 'shop', name: 'cart' } as const;
const v1 = service('v1', { addresses: { v4: ['10.96.1.1'], v6: [] }, endpoints: [endpoint('10.1.1.1')] });

const contentsOf = (
  services: readonly Service[],
  with_: { previous?: Contents; routeRoom?: number } = {},
): Contents => compile(meshOf(services), { here, book, prefaces: true, ...with_ });
const cartWith = (...routes: readonly HttpRoute[]): Service => service('cart', { routes });
const routed = (match: Partial<HttpMatch>, rule: Partial<HttpRule> = {}): HttpRoute =>
  routeOf('r', CART, [ruleOf([matchOf(match)], [backend('v1')], rule)]);
const routesIdOf = (contents: Contents, name: string): number[] =>
  [...(contents.get(name)?.services.values() ?? [])].map((value) => decodeService(value).routesId);

describe('tables of routes', { timeout: 60_000 }, () => {
  it('are replaced as a whole: what is new stands before it is named, what is old goes after that', () => {
    const before = contentsOf([cartWith(routed({ path: { kind: 'prefix', value: '/a' } })), v1]);
    const after = contentsOf([cartWith(routed({ path: { kind: 'prefix', value: '/b' } })), v1], {
      previous: before,
    });
    const changes = contentsDifference(before, after);
    const named = changes.findIndex(({ map }) => map === 'route_tables');
    for (const [at, { map, entries }] of changes.entries())
      if (map.startsWith('route_') && at !== named)
        for (const [, value] of entries) expect(value !== undefined, map).toBe(at < named);
    expect(changes.map(({ map }) => map)).not.toContain('services');
  });

  it('stay as they are while endpoints come and go', () => {
    const cart = cartWith(routed({}));
    const before = contentsOf([cart, v1]);
    const more = { ...v1, endpoints: [...v1.endpoints, endpoint('10.1.1.2')] };
    const changes = contentsDifference(before, contentsOf([cart, more], { previous: before }));
    expect(changes.map(({ map }) => map)).toEqual(['endpoints', 'slots', 'pools', 'services']);
  });

  it.each<readonly [why: string, match: Partial<HttpMatch>, rule?: Partial<HttpRule>]>([
    ['its path /v.* is a regular expression', { path: { kind: 'regex', value: '/v.*' } }],
    ['its path is longer than 256 bytes', { path: { kind: 'exact', value: `/${'x'.repeat(256)}` } }],
    [
      'its header x-a is to match a regular expression',
      { headers: [{ kind: 'regex', name: 'x-a', value: 'a|b' }] },
    ],
    [
      'the value of its header x-a is longer than 128 bytes',
      { headers: [{ kind: 'exact', name: 'x-a', value: 'x'.repeat(129) }] },
    ],
    [
      'its query parameter q is to match a regular expression',
      { query: [{ kind: 'regex', name: 'q', value: '\\d+' }] },
    ],
    ['it retries', {}, { retry: { attempts: 1, codes: [], backoffMs: null } }],
    ['it has timeouts', {}, { timeouts: { requestMs: 10, backendRequestMs: null } }],
    ['it changes headers', {}, { requestHeaders: { set: [], add: [], remove: ['cookie'] } }],
    ['its backend shop/gone has no address at port 80', {}, { backends: [backend('gone')] }],
  ])('are not for the kernel, and why: %s', (why, match, rule) => {
    const contents = contentsOf([cartWith(routed(match, rule)), v1]);
    expect(notExpressible(contents)).toEqual([
      { service: 'shop/cart', reason: `route shop/r, rule 1: ${why}` },
    ]);
    expect(routesIdOf(contents, 'shop/cart')).toEqual([0]);
  });

  it('have at most 128 matches for one path', () => {
    const matches = (count: number) =>
      Array.from({ length: count }, (_, i) =>
        matchOf({ headers: [{ kind: 'exact', name: 'x', value: `${i}` }] }),
      );
    const of = (count: number) =>
      contentsOf([cartWith(routeOf('r', CART, [ruleOf(matches(count), [backend('v1')])])), v1]);
    expect(notExpressible(of(128))).toEqual([]);
    expect(notExpressible(of(129))).toEqual([
      { service: 'shop/cart', reason: 'more than 128 matches may have to be tried for one path' },
    ]);
  });

  it('want every family of the service from their backends', () => {
    const cart = service('cart', { addresses: { v4: ['10.96.0.1'], v6: ['fd00::1'] }, routes: [routed({})] });
    expect(notExpressible(contentsOf([cart, v1]))).toEqual([
      { service: 'shop/cart', reason: 'it has an IPv6 address, and a backend of its routes has none' },
    ]);
  });

  it('are for the first services where there is no room for all', () => {
    const paths = (name: string): HttpRoute =>
      routeOf(name, { ...CART, name }, [
        ruleOf(
          [1, 2, 3].map((i) => matchOf({ path: { kind: 'exact', value: `/${i}` } })),
          [backend('v1')],
        ),
      ]);
    const services = ['a', 'b', 'c'].map((name, i) =>
      service(name, { addresses: { v4: [`10.96.2.${i}`], v6: [] }, routes: [paths(name)] }),
    );
    const tight = contentsOf([...services, v1], { routeRoom: 7 });
    expect(notExpressible(tight).map((each) => each.service)).toEqual(['shop/c']);
    expect(flatten(tight.values()).route_texts.size).toBe(6);
    const roomy = contentsOf([...services, v1], { routeRoom: 9, previous: tight });
    expect(notExpressible(roomy)).toEqual([]);
    expect(routesIdOf(roomy, 'shop/c')[0]).toBeGreaterThan(0);
  });

  it('of 500 services are compiled again only where something changed', () => {
    const services = Array.from({ length: 500 }, (_, i) => {
      const name = `s${i}`;
      const rules = [0, 1, 2, 3].map((at) =>
        ruleOf([matchOf({ path: { kind: 'prefix', value: `/v${at}` } })], [backend('v1')]),
      );
      const routes = [routeOf(name, { ...CART, name }, rules)];
      return service(name, { addresses: { v4: [`10.97.${i >> 8}.${i & 255}`], v6: [] }, routes });
    });
    const began = performance.now();
    const all = contentsOf([...services, v1]);
    const compiled = performance.now();
    const changed = { ...(services[7] as Service), balancing: 'round-robin' } as const;
    const again = contentsOf([...services.with(7, changed), v1], { previous: all });
    const done = performance.now();
    expect(contentsDifference(all, again).map(({ map, entries }) => [map, entries.length])).toEqual([
      ['pools', 1],
      ['services', 1],
    ]);
    process.stdout.write(
      `500 services with 4 matches each: ${Math.round(compiled - began)} ms, one changed: ${Math.round(done - compiled)} ms\n`,
    );
  });
});
