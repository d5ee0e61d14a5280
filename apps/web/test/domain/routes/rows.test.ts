// SPDX-License-Identifier: Apache-2.0
import type { MeshRoute, NativeNode, RouteBackend } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import { fallbackWords } from '@/domain/routes/fallbacks';
import { isOffWeight, routeName, routeRows, unexpressed } from '@/domain/routes/rows';
import { routesViewOf } from '@/domain/routes/view';

const backend = (change: Partial<RouteBackend> = {}): RouteBackend => ({
  backend: 'shop/cart:8080',
  weight: 1,
  wantedShare: 1,
  seenShare: null,
  requests: 0,
  perSecond: null,
  rejected: 0,
  limited: 0,
  ...change,
});
const route = (number: number, change: Partial<MeshRoute> = {}): MeshRoute => ({
  number,
  service: 'shop/cart',
  route: 'shop/canary',
  rule: 0,
  match: '/api/*',
  backends: [backend()],
  nodes: ['shop-1'],
  between: null,
  requests: 0,
  perSecond: null,
  rejected: 0,
  limited: 0,
  ...change,
});
const all = { find: '', order: 'service' } as const;

describe('rows of routes', () => {
  it('are one a backend, and one where there is none', () => {
    const rows = routeRows(
      [
        route(1, { backends: [backend(), backend({ backend: 'shop/cart-v2:8080' })] }),
        route(2, { backends: [] }),
      ],
      all,
    );
    expect(rows.map(({ key, isFirst }) => [key, isFirst])).toEqual([
      ['1 shop/cart:8080', true],
      ['1 shop/cart-v2:8080', false],
      ['2 ', true],
    ]);
  });

  it('are found by every word of a text, in service, match, route and backend', () => {
    const routes = [
      route(1),
      route(2, { match: 'GET /pay', service: 'shop/pay' }),
      route(3, { match: null, service: null, route: null }),
    ];
    const found = (find: string) => routeRows(routes, { ...all, find }).map((row) => row.route.number);
    expect(found('CART api')).toEqual([1]);
    expect(found('rule 1')).toEqual([1, 2]);
    expect(found('route 3')).toEqual([3]);
    expect(found('nowhere')).toEqual([]);
  });

  it('are ordered by a figure, unknown ones last, backends with their route', () => {
    const routes = [
      route(1),
      route(2, { perSecond: 3, backends: [backend(), backend({ backend: 'b' })] }),
      route(3, { perSecond: 9 }),
    ];
    expect(routeRows(routes, { find: '', order: 'rate' }).map((row) => row.route.number)).toEqual([
      3, 2, 2, 1,
    ]);
  });

  it('stay quick with as many as there may be', () => {
    const routes = Array.from({ length: 2000 }, (_, at) => route(at + 1, { requests: at }));
    const rows = routeRows(routes, { find: 'canary', order: 'requests' });
    expect(rows[0]?.route.number).toBe(2000);
  });

  it('call what nobody names by its number', () => {
    expect(routeName(route(42, { match: null }))).toBe('route 42');
    expect(routeName(route(42, { match: '' }))).toBe('every request');
  });
});

describe('a share that is off its weight', () => {
  const seen = (perSecond: number, seenShare: number | null) =>
    isOffWeight(route(1, { perSecond }), backend({ wantedShare: 0.1, seenShare }));
  it('is told where there is traffic enough to tell', () => {
    expect(seen(100, 0.2)).toBe(true);
    expect(seen(100, 0.11)).toBe(false);
    expect(seen(1, 0.9)).toBe(false);
    expect(seen(100, null)).toBe(false);
  });
});

describe('words', () => {
  it('explain reasons, and keep those that they do not know', () => {
    expect(fallbackWords('stays_foreign').title).toBe('Not HTTP/1');
    expect(fallbackWords('reason_bare_break').title).toBe('Refused heads: bare break');
    expect(fallbackWords('stays_new_thing').title).toBe('new thing');
    expect(fallbackWords('brand_new').text).toMatch(/newer/);
  });

  it('name services that some kernel cannot choose for once, with their nodes', () => {
    const node = (name: string): NativeNode => ({
      node: name,
      state: 'reporting',
      engine: 'off',
      at: '2026-11-22T14:00:00.000Z',
      module: { loaded: true, version: '1', problem: null },
      routesTold: 0,
      routesTotal: 0,
      fallbacks: [],
      notExpressible: [{ service: 'shop/search', reason: 'a timeout' }],
      notExpressibleTotal: 1,
    });
    expect(unexpressed([node('a'), node('b')])).toEqual([
      { service: 'shop/search', reason: 'a timeout', nodes: ['a', 'b'] },
    ]);
  });

  it('of the address become the default where they are none', () => {
    const view = (text: string) => routesViewOf(new URLSearchParams(text));
    expect(view('route=17&view=nodes&sort=rate')).toMatchObject({ route: 17, view: 'nodes', order: 'rate' });
    expect(view('route=x&view=y&sort=z')).toMatchObject({ route: null, view: 'routes', order: 'service' });
  });
});
