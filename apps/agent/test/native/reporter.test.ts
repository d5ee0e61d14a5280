// SPDX-License-Identifier: Apache-2.0
import { decodeMeshTotals, MeshTotals } from '@undermesh/bpf-abi';
import type { HttpRoute, Mesh } from '@undermesh/mesh';
import { NativeReport } from '@undermesh/schema';
import Value from 'typebox/value';
import { beforeEach, expect, it } from 'vitest';
import type { RouteHits } from '../../src/kernel/index.js';
import { NativeReporter } from '../../src/native/index.js';
import { routeRows } from '../../src/native/route-rows.js';
import { meshOf, service } from '../mesh/meshes.js';

const backend = (name: string, weight: number) => ({
  service: { namespace: 'shop', name },
  port: 80,
  weight,
  requestHeaders: { set: [], add: [], remove: [] },
  responseHeaders: { set: [], add: [], remove: [] },
});
const changes = { set: [], add: [], remove: [] };
const rule = (path: string, backends: ReturnType<typeof backend>[]) => ({
  matches: [
    {
      path: { kind: 'prefix' as const, value: path },
      method: 'GET',
      headers: [{ kind: 'exact' as const, name: 'x-canary', value: 'yes' }],
      query: [],
    },
  ],
  requestHeaders: changes,
  responseHeaders: changes,
  redirect: null,
  rewrite: null,
  backends,
  timeouts: { requestMs: null, backendRequestMs: null },
  retry: null,
});
const route: HttpRoute = {
  namespace: 'shop',
  name: 'front',
  hostnames: [],
  parents: [{ kind: 'service', namespace: 'shop', name: 'front', port: null }],
  rules: [rule('/api', [backend('v1', 90), backend('v2', 0), backend('v1', 10)]), rule('/no', [])],
  rateLimit: null,
  createdAtMs: 0,
};
const mesh = (): Mesh => meshOf([service('front', { routes: [route] })]);

let hits: RouteHits[];
let problem: string | null;
let current: Mesh;
let reporter: NativeReporter;
beforeEach(() => {
  [hits, problem, current] = [[], null, mesh()];
  reporter = new NativeReporter({
    module: () => ({ loaded: problem === null, version: problem === null ? '0.1.0' : null, problem }),
    counters: () => new Map(Object.entries({ deferred: 9, routed: 8, stays_foreign: 2, reason_bare_lf: 0 })),
    totals: () => ({ ...decodeMeshTotals(new Uint8Array(MeshTotals.BYTES)), steered: 9n, routeMissed: 4n }),
    hits: () => hits,
    mesh: () => current,
    notExpressible: () => [{ service: 'shop/old', reason: 'x'.repeat(600) }],
  });
});

it('tells each backend of each match, in words, with its hits told once', () => {
  const [api, , no] = routeRows(current);
  hits = [
    { route: api?.number ?? 0, backend: 0, requests: 0, rejected: 1, limited: 4 },
    { route: api?.number ?? 0, backend: 1, requests: 50, rejected: 0, limited: 0 },
    { route: api?.number ?? 0, backend: 3, requests: 7, rejected: 2, limited: 0 },
    { route: no?.number ?? 0, backend: 0, requests: 0, rejected: 3, limited: 0 },
  ];
  const report = reporter.next(1, 0);
  expect(Value.Check(NativeReport, report)).toBe(true);
  const same = { service: 'shop/front', route: 'shop/front' };
  const words = { match: 'GET /api/*, header x-canary = yes', rule: 0, number: api?.number };
  expect(report).toMatchObject({
    module: { loaded: true, version: '0.1.0', problem: null },
    routes: [
      { ...same, ...words, backend: 'shop/v1:80', weight: 100, requests: 64, rejected: 3, limited: 4 },
      { ...same, rule: 1, backend: null, weight: 0, requests: 3, rejected: 3, limited: 0 },
      { ...same, ...words, backend: 'shop/v2:80', weight: 0, requests: 0 },
    ],
    routesTotal: 3,
    fallbacks: [
      { reason: 'route_missed', count: 4 },
      { reason: 'stays_foreign', count: 2 },
    ],
    notExpressibleTotal: 1,
  });
});

it('tells news at once, and hits every five seconds', () => {
  expect(reporter.next(1, 0)).toBeDefined();
  expect(reporter.next(1, 4_999)).toBeUndefined();
  expect(reporter.next(1, 5_000)).toBeDefined();
  expect(reporter.next(1, 5_001)).toBeUndefined();
  problem = 'its kernel module is not loaded';
  expect(reporter.next(1, 5_002)?.module.problem).toBe(problem);
  current = mesh();
  expect(reporter.next(1, 5_003)).toBeDefined();
  expect(reporter.next(1, 5_004)).toBeUndefined();
  expect(reporter.next(2, 5_005)).toBeDefined(); // another collector knows nothing yet
});
