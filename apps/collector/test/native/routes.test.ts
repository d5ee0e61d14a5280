// SPDX-License-Identifier: Apache-2.0
import type { ConnectionDetail, Connections, NativeReport, NativeRoute, Routes } from '@undermesh/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeNative } from '../../src/native/node-native.js';
import { type FakeAgent, FakeConnection } from '../../test-support/index.js';
import { eventually, startCollector, type TestCollector } from '../support/collector.js';

const route = (change: Partial<NativeRoute> = {}): NativeRoute => ({
  number: 7,
  service: 'shop/catalogue',
  route: 'shop/canary',
  rule: 0,
  match: 'GET /api/*',
  backend: 'shop/catalogue:8080',
  weight: 90,
  requests: 0,
  rejected: 0,
  limited: 0,
  ...change,
});

const native = (routes: NativeRoute[], change: Partial<NativeReport> = {}): NativeReport => ({
  module: { loaded: true, version: '0.1.0', problem: null },
  routes,
  routesTotal: routes.length,
  fallbacks: [],
  notExpressible: [],
  notExpressibleTotal: 0,
  ...change,
});

describe('counters of one node', () => {
  it('go on where the kernel began anew, and tell what grew', () => {
    const node = new NodeNative();
    const grew: number[] = [];
    for (const requests of [100, 130, 20, 50]) {
      node.take(native([route({ requests, rejected: requests / 10 })]), 0, (_, by) => grew.push(by.requests));
    }
    expect(grew).toEqual([100, 30, 20, 30]);
    expect([...node.rows()][0]?.total).toEqual({ requests: 180, rejected: 18, limited: 0 });
  });

  it('of rows that were left out for a while are not counted twice', () => {
    const node = new NodeNative();
    let total = 0;
    const take = (routes: NativeRoute[]) => node.take(native(routes), 0, (_, by) => (total += by.requests));
    take([route({ requests: 10 })]);
    take([route({ number: 8, requests: 1 })]);
    take([route({ requests: 12 })]);
    expect(total).toBe(13);
  });
});

describe('GET /routes', () => {
  let mesh: TestCollector;
  let agents: FakeAgent[];
  const read = (query = ''): Promise<Routes> => mesh.get(`/api/v1/routes${query}`);

  beforeAll(async () => {
    mesh = await startCollector();
    agents = [mesh.agent('shop-1'), mesh.agent('shop-2')];
    const [first, second] = agents as [FakeAgent, FakeAgent];
    for (const agent of agents) await agent.connect();
    first.report({
      native: native(
        [
          route({ requests: 900, rejected: 2 }),
          route({ backend: 'shop/catalogue-v2:8080', weight: 10, requests: 110, limited: 10 }),
          route({
            number: 9,
            service: 'shop/cart',
            route: 'shop/closed',
            backend: null,
            weight: 0,
            requests: 4,
            rejected: 4,
          }),
        ],
        {
          fallbacks: [{ reason: 'grace', count: 3 }],
          notExpressible: [{ service: 'shop/search', reason: 'a rule of shop/search has a timeout' }],
          notExpressibleTotal: 1,
          routesTotal: 5,
        },
      ),
    });
    second.report({ native: native([route({ requests: 100 })]) });
    first.dictionary({
      workloads: [
        { id: 1, namespace: 'shop', name: 'cart', kind: 'process', system: false },
        { id: 2, namespace: 'shop', name: 'catalogue', kind: 'process', system: false },
      ],
    });
    const connection = new FakeConnection({
      client: { address: '10.0.0.1', port: 1000, workload: 1 },
      server: { address: '10.0.0.2', port: 80, workload: 2 },
    });
    await first.deliver([connection.opened('source'), connection.opened('destination')]);
    await first.deliver([
      connection.http('source', [
        { status: 200, route: 7, lastByteUs: 4_000 },
        { status: 200, route: 7, lastByteUs: 20_000 },
        { status: 503, route: 4242, lastByteUs: 1_000 },
        { status: 200 },
      ]),
    ]);
    await first.deliver([connection.closed('source'), connection.closed('destination')]);
    await eventually(async () => expect((await read()).items).toHaveLength(3));
  });
  afterAll(() => mesh.stop());

  it('adds nodes up, tells shares by weight, and shows unknown numbers as numbers', async () => {
    const { items, nodes, total } = await read();
    expect(total).toBe(3);
    expect(items.map(({ number }) => number)).toEqual([9, 7, 4242]);
    expect(items[1]).toMatchObject({
      service: 'shop/catalogue',
      route: 'shop/canary',
      match: 'GET /api/*',
      requests: 1110,
      rejected: 2,
      limited: 10,
      nodes: ['shop-1', 'shop-2'],
      between: null,
    });
    expect(items[1]?.backends).toMatchObject([
      { backend: 'shop/catalogue:8080', requests: 1000, wantedShare: 0.9, seenShare: null },
      { backend: 'shop/catalogue-v2:8080', requests: 110, wantedShare: 0.1 },
    ]);
    expect(items[0]?.backends).toMatchObject([{ backend: null, wantedShare: null, rejected: 4 }]);
    expect(items[2]).toMatchObject({ service: null, route: null, match: null, requests: 1, backends: [] });
    expect(nodes).toMatchObject([
      {
        node: 'shop-1',
        module: { loaded: true, version: '0.1.0' },
        routesTold: 3,
        routesTotal: 5,
        fallbacks: [{ reason: 'grace', count: 3 }],
        notExpressible: [{ service: 'shop/search' }],
      },
      { node: 'shop-2', fallbacks: [], notExpressible: [] },
    ]);
  });

  it('narrows down by node, service and the workloads that talk', async () => {
    const only = async (query: string) =>
      (await read(query)).items.map(({ number, requests }) => [number, requests]);
    expect(await only('?node=shop-2')).toEqual([[7, 100]]);
    expect(await only('?service=cart')).toEqual([[9, 4]]);
    expect(await only('?service=shop/catalogue,cart')).toHaveLength(2);
    const { items } = await read('?source=shop/cart&destination=shop/catalogue');
    expect(items.map(({ number, between }) => [number, between?.requests])).toEqual([
      [7, 2],
      [4242, 1],
    ]);
    expect(await only('?source=catalogue')).toEqual([]);
  });

  it('goes on page by page', async () => {
    const first = await read('?limit=2');
    expect(first.items).toHaveLength(2);
    const second = await read(`?limit=2&cursor=${first.next}`);
    expect([second.items.map(({ number }) => number), second.next]).toEqual([[4242], null]);
    await expect(read('?cursor=wrong')).rejects.toThrow('cursor_invalid');
  });

  it('is what the requests of a connection carry, by name where a node tells it', async () => {
    const { items } = await mesh.get<Connections>('/api/v1/connections?state=all');
    const { requests } = await mesh.get<ConnectionDetail>(`/api/v1/connections/${items[0]?.id}`);
    expect(requests).toMatchObject([
      { status: 200, route: null },
      { status: 503, route: { number: 4242, route: null, match: null } },
      { status: 200, lastByteUs: 20_000, route: { number: 7, route: 'shop/canary', match: 'GET /api/*' } },
      { status: 200, lastByteUs: 4_000, route: { number: 7, rule: 0 } },
    ]);
  });

  it('is in the metrics, with durations by route', async () => {
    const metrics = await mesh.get<string>('/metrics');
    const labels = 'service="shop/catalogue",route="shop/canary",rule="0",number="7"';
    expect(metrics).toContain(
      `undermesh_route_requests_total{${labels},backend="shop/catalogue-v2:8080",result="limited"} 10`,
    );
    expect(metrics).toContain(
      `undermesh_route_requests_total{${labels},backend="shop/catalogue:8080",result="routed"} 998`,
    );
    expect(metrics).toContain('undermesh_native_fallbacks_total{node="shop-1",reason="grace"} 3');
    expect(metrics).toContain('undermesh_native_module_loaded{node="shop-2",version="0.1.0"} 1');
    expect(metrics).toContain('undermesh_native_services_not_expressible{node="shop-1"} 1');
    const name = 'undermesh_route_request_duration_seconds';
    expect(metrics).toContain(`${name}_bucket{${labels},le="0.005"} 1\n`);
    expect(metrics).toContain(`${name}_sum{${labels}} 0.024\n`);
    expect(metrics).toContain(`${name}_count{service="",route="",rule="",number="4242"} 1\n`);
    const document = await mesh.get<{ paths: Record<string, unknown> }>('/openapi.json');
    expect(document.paths).toHaveProperty('/api/v1/routes');
  });

  it('forgets what an agent told that has begun anew, until it tells again', async () => {
    const second = agents[1] as FakeAgent;
    second.kill();
    const next = mesh.agent('shop-2', { instance: 'another' });
    await next.connect();
    await eventually(async () => expect((await read()).nodes.map(({ node }) => node)).toEqual(['shop-1']));
  });
});
