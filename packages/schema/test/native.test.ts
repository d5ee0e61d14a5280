// SPDX-License-Identifier: Apache-2.0
import Value from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { AGENT_PAYLOAD_BYTES, boundRoutes, NativeReport, type NativeRoute } from '../src/index.js';

const route: NativeRoute = {
  number: 7,
  service: 'shop/catalogue',
  route: 'shop/canary',
  rule: 0,
  match: 'GET /api/*',
  backend: 'shop/catalogue-v2:8080',
  weight: 10,
  requests: 5,
  rejected: 0,
  limited: 0,
};
const report: NativeReport = {
  module: { loaded: true, version: '1.0.0', problem: null },
  routes: [route],
  routesTotal: 1,
  fallbacks: [{ reason: 'grace', count: 2 }],
  notExpressible: [{ service: 'shop/search', reason: 'a rule has a timeout' }],
  notExpressibleTotal: 1,
};

describe('what a kernel-native node tells', () => {
  it('is taken, also where a route has no backend and there is no module', () => {
    expect(Value.Check(NativeReport, report)).toBe(true);
    expect(Value.Check(NativeReport, { ...report, routes: [{ ...route, backend: null }] })).toBe(true);
    const module = { loaded: false, version: null, problem: 'no module for 6.12: install undermesh-dkms' };
    expect(Value.Check(NativeReport, { ...report, module, routes: [], routesTotal: 0 })).toBe(true);
  });

  it.each<[string, Partial<Record<keyof NativeReport, unknown>>]>([
    ['route 0', { routes: [{ ...route, number: 0 }] }],
    ['a negative count', { routes: [{ ...route, requests: -1 }] }],
    ['a count beyond what adds up', { routes: [{ ...route, requests: 2 ** 60 }] }],
    ['a match without end', { routes: [{ ...route, match: 'x'.repeat(513) }] }],
    ['too many routes', { routes: Array(1001).fill(route) }],
    ['too many services', { notExpressible: Array(257).fill(report.notExpressible[0]) }],
    ['a reason that is no word', { fallbacks: [{ reason: 'Grace!', count: 1 }] }],
  ])('is refused with %s', (_, wrong) => {
    expect(Value.Check(NativeReport, { ...report, ...wrong })).toBe(false);
  });

  it('fits a frame whatever the routes are called, busiest first', () => {
    const long = (i: number) => ({ ...route, number: i + 1, requests: i, match: 'ü'.repeat(512) });
    const bounded = boundRoutes(Array.from({ length: 3000 }, (_, i) => long(i)));
    expect(bounded.routesTotal).toBe(3000);
    expect(bounded.routes[0]?.requests).toBe(2999);
    expect(bounded.routes.length).toBeGreaterThan(100);
    expect(Buffer.byteLength(JSON.stringify(bounded))).toBeLessThan(AGENT_PAYLOAD_BYTES * 0.7);
    expect(
      boundRoutes(Array.from({ length: 3000 }, (_, i) => ({ ...route, number: i + 1 }))).routes.length,
    ).toBeGreaterThan(600);
  });
});
