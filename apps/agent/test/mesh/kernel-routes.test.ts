// SPDX-License-Identifier: Apache-2.0
import { CloseReason } from '@undermesh/bpf-abi';
import { type HttpRoute, objectKey, type Service, type Waypoint } from '@undermesh/mesh';
import { describe, expect, it } from 'vitest';
import { KernelRoutes, REFUSED } from './kernel-routes.js';
import { endpoint, meshOf, service } from './meshes.js';
import { referenceMatch } from './route-reference.js';
import { anyRequest, anyRoute, backend, Dice, matchOf, routeOf, ruleOf } from './route-sets.js';

const canLoad = process.getuid?.() === 0;
const SEED = 20_261_123;

const addressOf = (i: number): string => `10.97.${i >> 8}.${i & 255}`;
const ofService = (name: string) => ({ kind: 'service', namespace: 'shop', name }) as const;
const byAge = (one: HttpRoute, other: HttpRoute): number =>
  one.createdAtMs - other.createdAtMs || (objectKey(one) < objectKey(other) ? -1 : 1);

/** Backends `v1` to `v3`, each with endpoints of its own. */
const backends = [1, 2, 3].map((number) =>
  service(`v${number}`, {
    addresses: { v4: [`10.96.1.${number}`], v6: [] },
    endpoints: [1, 2].map((i) => endpoint(`10.1.${number}.${i}`)),
  }),
);

const way = (routes: readonly HttpRoute[]): Waypoint => ({
  namespace: 'shop',
  name: 'way',
  addresses: { v4: ['10.0.0.2'], v6: [] },
  listeners: [{ name: 'plain', port: 15008, transport: 'proxy-v2' }],
  node: null,
  routes,
});

const shop = (routes: readonly HttpRoute[], with_: Partial<Service> = {}) =>
  new KernelRoutes(meshOf([service('cart', { routes, ...with_ }), ...backends]));
const get = (target: string) => ({ method: 'GET', target, headers: [['host', 'cart']] as const });

describe.skipIf(!canLoad)('routes in the kernel (needs root)', { timeout: 60_000 }, () => {
  it('takes requests in the order of the Gateway API, whatever the routes', () => {
    const dice = new Dice(SEED);
    const routes = dice.some(6, (i) =>
      anyRoute(dice, `w${i}`, { kind: 'waypoint', namespace: 'shop', name: 'way' }),
    );
    const waypoint = way(routes.sort(byAge));
    const services = Array.from({ length: 60 }, (_, i) => {
      const name = `s${i}`;
      const own = dice.some(4, (at) => anyRoute(dice, `${name}-${at}`, ofService(name))).sort(byAge);
      return service(name, {
        addresses: { v4: [addressOf(i)], v6: [] },
        routes: own,
        waypoint: i % 2 === 0 ? { namespace: 'shop', name: 'way' } : null,
      });
    });
    using kernel = new KernelRoutes(meshOf([...services, ...backends], { waypoint }));
    let taken = 0;
    for (const each of services)
      for (let i = 0; i < 60; i++) {
        if (each.routes.length === 0 && each.waypoint === null) continue;
        const request = anyRequest(dice);
        const own = referenceMatch(request, each.routes, false);
        const expected =
          own ?? (each.waypoint === null ? null : referenceMatch(request, waypoint.routes, true));
        const { route } = kernel.match(objectKey(each), request);
        expect(route, `${objectKey(each)} ${JSON.stringify(request)}`).toBe(expected);
        if (route !== null) taken++;
      }
    expect(taken).toBeGreaterThan(1000);
  });

  it('draws backends by weight, and keeps the present endpoint of the one it draws', () => {
    const weights = [1, 2, 7];
    const split = ruleOf(
      [matchOf()],
      weights.map((weight, i) => backend(`v${i + 1}`, weight)),
    );
    using kernel = shop([routeOf('split', ofService('cart'), [split])]);
    const rounds = 20_000;
    const seen = [0, 0, 0];
    for (let i = 0; i < rounds; i++) seen[kernel.choose('shop/cart', get('/')).backend - 1]! += 1;
    const chi = weights.reduce(
      (sum, weight, i) => sum + (seen[i]! - weight * 2000) ** 2 / (weight * 2000),
      0,
    );
    expect(chi, `${seen}`).toBeLessThan(27.6); // two degrees of freedom: once in a million runs
    let { endpointId, backend: drawn } = kernel.choose('shop/cart', get('/'));
    for (let i = 0; i < 200; i++) {
      const next = kernel.choose('shop/cart', get('/'), endpointId);
      expect(next.endpointId === endpointId).toBe(next.backend === drawn);
      ({ endpointId, backend: drawn } = next);
    }
  });

  it('refuses what no route takes, and what a route takes that has no backend', () => {
    const nowhere = service('nowhere', { addresses: { v4: ['10.96.1.9'], v6: [] } });
    const rules = [
      ruleOf([matchOf({ path: { kind: 'prefix', value: '/gone' } })], []),
      ruleOf([matchOf({ path: { kind: 'prefix', value: '/empty' } })], [backend('nowhere')]),
      ruleOf([matchOf({ path: { kind: 'exact', value: '/' } })], [backend('v1')]),
    ];
    const routes = [routeOf('some', ofService('cart'), rules)];
    using kernel = new KernelRoutes(meshOf([service('cart', { routes }), nowhere, ...backends]));
    expect(kernel.choose('shop/cart', get('/'))).toMatchObject({ error: 0, backend: 1, refusal: 0 });
    const [none, rejects] = [CloseReason.NO_ROUTE, CloseReason.ROUTE_REJECTS];
    const refused = { error: REFUSED };
    expect(kernel.choose('shop/cart', get('/other'))).toMatchObject({
      ...refused,
      route: null,
      refusal: none,
    });
    expect(kernel.choose('shop/cart', get('/gone/x'))).toMatchObject({ ...refused, refusal: rejects });
    expect(kernel.choose('shop/cart', get('/empty'))).toMatchObject({ ...refused, refusal: rejects });
  });

  it('goes to the service itself where only its waypoint has routes and none takes the request', () => {
    const rule = ruleOf([matchOf({ path: { kind: 'prefix', value: '/v1' } })], [backend('v1')]);
    const waypoint = way([routeOf('w', { kind: 'waypoint', namespace: 'shop', name: 'way' }, [rule])]);
    const cart = service('cart', {
      waypoint: { namespace: 'shop', name: 'way' },
      endpoints: [endpoint('10.1.9.9')],
    });
    using kernel = new KernelRoutes(meshOf([cart, ...backends], { waypoint }));
    expect(kernel.choose('shop/cart', get('/v1'))).toMatchObject({ error: 0, backend: 1 });
    expect(kernel.choose('shop/cart', get('/'))).toMatchObject({ error: 0, route: null, backend: 0 });
  });

  it('lets pass what a limit says within 2 %, and the burst at once', () => {
    const rules = [ruleOf([matchOf()], [backend('v1')])];
    // Slower than a busy machine asks, so that some are refused.
    const rateLimit = { requests: 200, intervalMs: 1000, burst: 1000 };
    using kernel = shop([routeOf('limited', ofService('cart'), rules, { rateLimit })]);
    const began = performance.now();
    let passed = 0;
    let first = 0;
    const answers = new Set<string>();
    // What a bucket of that size gives when it is asked at the same times: one that is full loses what comes.
    let due = 0;
    let bucket = { requests: 1000, atMs: began };
    for (let i = 0; i < 10_000 || performance.now() - began < 700; i++) {
      const atMs = performance.now();
      const { error, refusal } = kernel.choose('shop/cart', get('/'));
      bucket = { requests: Math.min(1000, bucket.requests + 0.2 * (atMs - bucket.atMs)), atMs };
      if (bucket.requests >= 1) {
        bucket.requests--;
        due++;
      }
      if (error === 0) passed++;
      else first ||= passed;
      answers.add(`${error} ${refusal}`);
    }
    expect([...answers].sort()).toEqual([`${REFUSED} ${CloseReason.RATE_LIMITED}`, '0 0']);
    expect(first).toBeGreaterThanOrEqual(1000);
    expect(Math.abs(passed - due) / due).toBeLessThan(0.02);
  });

  it('takes as long for the last of 1,000 routes as for the first, and with 100 services', () => {
    const figures: string[] = [];
    for (const [routes, services] of [
      [10, 1],
      [1000, 1],
      [10, 100],
    ] as const) {
      const all = Array.from({ length: services }, (_, s) =>
        service(`s${s}`, {
          addresses: { v4: [addressOf(s)], v6: [] },
          routes: Array.from({ length: routes }, (_, r) =>
            routeOf(`s${s}-${r}`, ofService(`s${s}`), [
              ruleOf([matchOf({ path: { kind: 'prefix', value: `/api/v${r}/items` } })], [backend('v1')]),
            ]),
          ),
        }),
      );
      using kernel = new KernelRoutes(meshOf([...all, ...backends]));
      const name = `shop/s${services - 1}`;
      const request = get(`/api/v${routes - 1}/items/4711`);
      expect(kernel.match(name, request).route).toBe(`shop/s${services - 1}-${routes - 1}#1#1`);
      figures.push(`${routes} routes of ${services} services: ${kernel.time(name, request)} ns`);
    }
    process.stdout.write(`${figures.join('; ')}\n`);
  });
});
