// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatProblem, type KubernetesSource, type MeshState } from '../../src/index.js';
import { meshDirectory, startedSource as startedManifests } from '../shop.js';
import type { KubernetesObject } from './api-server.js';
import { caughtUp, shopObjects, sourceOf, startedServer, startedSource, until } from './cluster.js';

const objects = shopObjects();
const named = (kind: string, name: string): KubernetesObject =>
  structuredClone(objects.find((one) => one.kind === kind && one.metadata.name === name)!);

const cart = ({ state }: KubernetesSource) => state.mesh!.services.get('shop/cart')!;
const texts = ({ problems }: MeshState): string[] => problems.map(formatProblem);

describe('KubernetesSource', { timeout: 60_000 }, () => {
  it('makes the same mesh of a cluster as manifests make, by a service account or a kubeconfig', async () => {
    const server = await startedServer();
    const manifests = await startedManifests(meshDirectory());
    const source = await startedSource(server);
    expect(source.state).toEqual(manifests.state);
    expect(source.state.mesh?.services.size).toBe(2);
    const access = { kubeconfig: server.kubeconfig, context: 'test' };
    expect((await startedSource(server, { access })).state).toEqual(manifests.state);
    expect(server.asked.some(({ query }) => query.has('continue'))).toBe(false);
    expect((await startedSource(server, { patience: { pageSize: 1 } })).state).toEqual(manifests.state);
    expect(server.asked.some(({ query }) => query.has('continue'))).toBe(true);
  });

  it('refuses to start without a way to ask, and says what to do', async () => {
    const server = await startedServer();
    for (const access of [
      { kubeconfig: '/nowhere/config', context: '' },
      { kubeconfig: server.kubeconfig, context: 'another' },
      { server: 'https://127.0.0.1:1', directory: '/nowhere' },
    ])
      await expect(sourceOf(server, { access }).start()).rejects.toMatchObject({
        code: 'cluster_access_invalid',
        message: expect.stringContaining('Set agent.mesh.kubernetes.kubeconfig'),
      });
  });

  it('follows changes, keeps every object that did not change, and tells nobody of what means nothing', async () => {
    const server = await startedServer();
    const source = await startedSource(server);
    const before = source.state.mesh!;
    let told = 0;
    source.subscribe(() => told++);
    const node = named('Node', 'alpha');
    server.apply({
      ...node,
      spec: { unschedulable: true },
      metadata: { ...node.metadata, managedFields: [] },
    });
    const slice = named('EndpointSlice', 'cart-v2');
    server.apply({ ...slice, metadata: { ...slice.metadata, annotations: { 'undermesh.io/weight': '5' } } });
    await until('the weight', () => cart(source).endpoints[2]!.weight === 5);
    const after = source.state.mesh!;
    expect(told).toBe(1);
    expect(after.nodes).toBe(before.nodes);
    expect(after.waypoints).toBe(before.waypoints);
    expect(after.services.get('shop/names')).toBe(before.services.get('shop/names'));
    expect(cart(source).endpoints[0]).toBe(before.services.get('shop/cart')!.endpoints[0]);
  });

  it('has an object that is wrong cost only what it belongs to', async () => {
    const server = await startedServer();
    const source = await startedSource(server);
    const service = named('Service', 'cart');
    const annotations = { 'undermesh.io/balancing': 'at-will' };
    server.apply({ ...service, metadata: { ...service.metadata, annotations } });
    // What comes with it, and after it, counts nevertheless.
    const slice = named('EndpointSlice', 'cart-v2');
    server.apply({ ...slice, endpoints: [{ addresses: ['10.1.0.9'] }] });
    server.apply({
      ...named('Service', 'names'),
      metadata: { name: 'more', namespace: 'shop' },
      spec: { clusterIP: '10.96.0.12', ports: [{ port: 1 }] },
    });
    await until(
      'both',
      () =>
        source.state.mesh!.services.has('shop/more') && cart(source).endpoints.at(-1)!.address === '10.1.0.9',
    );
    expect(cart(source).balancing).toBe('least-connections');
    expect(texts(source.state)).toEqual([
      'Service shop/cart: metadata.annotations["undermesh.io/balancing"] is "at-will": give one of weighted-random, round-robin, least-connections',
    ]);
    server.apply({
      ...service,
      metadata: { ...service.metadata, annotations: { 'undermesh.io/balancing': 'round-robin' } },
    });
    await until('it to be mended', () => cart(source).balancing === 'round-robin');
    expect(source.state.problems).toEqual([]);
  });

  it('keeps a service whole while its parts do not fit each other yet', async () => {
    const server = await startedServer();
    const source = await startedSource(server);
    const before = cart(source);
    const service = named('Service', 'cart');
    const ports = [{ name: 'web', port: 80, appProtocol: 'http', targetPort: 8080 }];
    server.apply({ ...service, spec: { ...(service.spec as object), ports } });
    await until('a problem', () => source.state.problems.length > 0);
    expect(cart(source)).toBe(before);
    for (const name of ['cart-v1', 'cart-v2'])
      server.apply({ ...named('EndpointSlice', name), ports: [{ name: 'web', port: 8080 }] });
    await until('all to fit', () => source.state.problems.length === 0);
    expect(cart(source).endpoints.map(({ ports: of }) => of)).toEqual([
      { web: 8080 },
      { web: 8080 },
      { web: 8080 },
    ]);
  });

  it('keeps what is still referred to: a waypoint, a route, its backend', async () => {
    const server = await startedServer();
    const source = await startedSource(server);
    const before = source.state.mesh!;
    server.delete(named('Gateway', 'shop'));
    await until('a problem', () => source.state.problems.length > 0);
    expect(source.state.mesh!.waypoints.get('shop/shop')).toMatchObject({ addresses: { v4: ['10.0.0.2'] } });
    expect(cart(source).waypoint).toEqual({ namespace: 'shop', name: 'shop' });
    // Endpoints go on nevertheless.
    server.apply({ ...named('EndpointSlice', 'cart-v2'), endpoints: [{ addresses: ['10.1.0.9'] }] });
    await until('the endpoint', () => cart(source).endpoints.at(-1)!.address === '10.1.0.9');
    server.become(objects);
    await until('all to be as it was', () => source.state.problems.length === 0);
    expect((await caughtUp(source, server)).mesh).toEqual(before);

    const backend = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'other', namespace: 'shop' },
      spec: { clusterIP: '10.96.0.13', ports: [{ port: 80 }] },
    };
    server.apply(backend);
    const route = named('HTTPRoute', 'cart');
    server.apply({
      ...route,
      spec: {
        parentRefs: (route.spec as { parentRefs: unknown }).parentRefs,
        rules: [{ backendRefs: [{ name: 'other', port: 80 }] }],
      },
    });
    await until(
      'the route',
      () =>
        cart(source).routes[0]?.rules.length === 1 &&
        cart(source).routes[0]?.rules[0]?.backends[0]?.service.name === 'other',
    );
    server.delete(backend);
    await until('a problem', () => source.state.problems.length > 0);
    expect(cart(source).routes[0]?.rules[0]?.backends[0]?.service.name).toBe('other');
    expect(source.state.mesh!.services.has('shop/other')).toBe(true);
  });

  it('has connections to a pod that names a waypoint, wherever it is, go through that', async () => {
    const server = await startedServer();
    const source = await startedSource(server);
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'cart-0', namespace: 'shop', labels: { 'istio.io/use-waypoint': 'shop' } as object },
      spec: {
        nodeName: 'beta',
        containers: [{ ports: [{ name: 'http', containerPort: 8080 }] }, { ports: [{ containerPort: 9 }] }],
      },
      status: { phase: 'Running', podIPs: [{ ip: '10.1.0.7' }, { ip: 'fd00:0::7' }] },
    };
    server.apply(pod);
    const found = await until('the pod', () => source.state.mesh!.services.get('shop/cart-0.pod'));
    expect(found).toMatchObject({
      addresses: { v4: ['10.1.0.7'], v6: ['fd00::7'] },
      ports: [
        { port: 9, http: false },
        { port: 8080, http: true },
      ],
      waypoint: { namespace: 'shop', name: 'shop' },
      endpoints: [
        { address: '10.1.0.7', node: 'beta', zone: 'west-2', ports: { 'tcp-9': 9, 'tcp-8080': 8080 } },
        { address: 'fd00::7', state: 'usable' },
      ],
    });
    server.apply({ ...pod, metadata: { ...pod.metadata, labels: { 'istio.io/use-waypoint': 'nowhere' } } });
    await until('a problem', () => source.state.problems.length > 0);
    expect(texts(source.state)[0]).toMatch(/^Pod shop\/cart-0: there is no waypoint shop\/nowhere/);
    expect(source.state.mesh!.services.get('shop/cart-0.pod')?.waypoint?.name).toBe('shop');
    // It is no longer one of those that are asked for, then one again, then gone.
    const there = (): boolean => source.state.mesh!.services.has('shop/cart-0.pod');
    server.apply({ ...pod, metadata: { ...pod.metadata, labels: {} } });
    await until('it to go', () => !there());
    server.apply(pod);
    await until('it to come back', there);
    server.delete(pod);
    await until('it to be gone', () => !there());
    expect(source.state.problems).toEqual([]);
  });

  it('leaves routes of other meshes alone', async () => {
    const server = await startedServer();
    const source = await startedSource(server);
    const { mesh } = source.state;
    server.apply({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'theirs', namespace: 'shop' },
      spec: {
        parentRefs: [{ name: 'edge' }],
        rules: [
          {
            filters: [{ type: 'ExtensionRef', extensionRef: { group: 'x', kind: 'Y', name: 'z' } }],
            backendRefs: [{ name: 'nowhere', port: 1 }],
          },
        ],
      },
    });
    expect(await caughtUp(source, server)).toEqual({ mesh, problems: [] });
  });

  it('does without the Gateway API, says so once, and takes it up when it comes', async () => {
    const server = await startedServer();
    server.gatewayApi = false;
    const source = await startedSource(server, { patience: { absentMs: 30 } });
    expect(source.waiting).toEqual([]);
    await until(
      'more questions',
      () => server.asked.filter(({ plural }) => plural === 'httproutes').length > 8,
    );
    expect(source.state.mesh?.waypoints.size).toBe(0);
    // The namespace names a waypoint that there is not: its services are left to the cluster, but for the one that needs none.
    expect([...source.state.mesh!.services.keys()]).toEqual(['shop/names']);
    server.gatewayApi = true;
    await until('the waypoint', () => source.state.mesh?.services.get('shop/cart')?.waypoint);
    expect(source.state.problems).toEqual([]);
  });

  it('has no mesh before every kind is listed, and does not keep others waiting for that', async () => {
    const server = await startedServer();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    server.fault = ({ plural }) => (plural === 'endpointslices' ? held : undefined);
    const source = sourceOf(server, { startMs: 300 });
    await source.start();
    await until('the others', () => source.waiting.length === 1);
    expect(source.waiting).toEqual(['EndpointSlice']);
    expect(source.state.mesh).toBeNull();
    server.fault = undefined;
    release();
    await until('the mesh', () => source.state.mesh);
    expect(cart(source).endpoints).toHaveLength(3);
  });
});
