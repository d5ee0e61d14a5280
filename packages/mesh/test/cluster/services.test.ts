// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatProblem, type KubernetesSource, type Service } from '../../src/index.js';
import type { KubernetesObject } from './api-server.js';
import { shopObjects, startedServer, startedSource, until } from './cluster.js';

const service = (spec: object, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'apps', ...metadata },
  spec: { clusterIP: '10.96.7.1', ports: [{ port: 80 }], ...spec },
});

interface SliceParts {
  readonly name?: string;
  readonly addressType?: 'IPv4' | 'IPv6';
  readonly ports?: readonly object[];
  readonly endpoints: readonly object[];
}
const slice = ({
  name = 'web-1',
  addressType = 'IPv4',
  ports = [{ port: 8080 }],
  endpoints,
}: SliceParts) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace: 'apps', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType,
  ports,
  endpoints,
});
const node = (name: string, zone: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } },
});

async function sourceOf(...objects: KubernetesObject[]): Promise<KubernetesSource> {
  return startedSource(await startedServer(objects));
}
const web = ({ state }: KubernetesSource): Service => state.mesh!.services.get('apps/web')!;
const problems = ({ state }: KubernetesSource): string[] => state.problems.map(formatProblem);
const states = (source: KubernetesSource): string[] =>
  web(source).endpoints.map(({ address, state }) => `${address} ${state}`);

// What comes of each is in docs/kubernetes.md, "Services".
describe('a service of a cluster', { timeout: 60_000 }, () => {
  it('with two families has an address and endpoints of each', async () => {
    const source = await sourceOf(
      service({
        clusterIP: '10.96.7.1',
        clusterIPs: ['10.96.7.1', 'fd00:96::7'],
        ipFamilyPolicy: 'RequireDualStack',
      }),
      slice({ name: 'web-v4', endpoints: [{ addresses: ['10.1.0.1'] }] }),
      slice({ name: 'web-v6', addressType: 'IPv6', endpoints: [{ addresses: ['fd00:0:1::1'] }] }),
    );
    expect(web(source).addresses).toEqual({ v4: ['10.96.7.1'], v6: ['fd00:96::7'] });
    expect(web(source).endpoints.map(({ address, family }) => [address, family])).toEqual([
      ['10.1.0.1', 'v4'],
      ['fd00:0:1::1', 'v6'],
    ]);
    expect(problems(source)).toEqual([]);
  });

  it('with IPv6 alone has that', async () => {
    const source = await sourceOf(
      service({ clusterIP: 'fd00:96::7', clusterIPs: ['fd00:96::7'] }),
      slice({ addressType: 'IPv6', endpoints: [{ addresses: ['fd00:0:1::1'] }] }),
    );
    expect(web(source).addresses).toEqual({ v4: [], v6: ['fd00:96::7'] });
    expect(problems(source)).toEqual([]);
  });

  it('without an address (headless) has endpoints, and nothing to be steered by', async () => {
    const source = await sourceOf(
      service({ clusterIP: 'None', clusterIPs: ['None'] }),
      slice({ endpoints: [{ addresses: ['10.1.0.1'] }] }),
    );
    expect(web(source)).toMatchObject({
      addresses: { v4: [], v6: [] },
      endpoints: [{ address: '10.1.0.1' }],
    });
    expect(problems(source)).toEqual([]);
  });

  it('of type ExternalName is left out, which is said', async () => {
    const source = await sourceOf(
      service({ type: 'ExternalName', externalName: 'db.example', clusterIP: undefined }),
    );
    expect(web(source)).toBeUndefined();
    expect(problems(source)).toEqual([
      'Service apps/web: a service of type ExternalName is left out: it has no address to be steered by',
    ]);
  });

  it('has endpoints that are not ready when it is told to publish them, and else not', async () => {
    const endpoints = [
      { addresses: ['10.1.0.1'], conditions: { ready: false, serving: false } },
      { addresses: ['10.1.0.2'], conditions: { ready: true } },
    ];
    const source = await sourceOf(service({ publishNotReadyAddresses: true }), slice({ endpoints }));
    expect(states(source)).toEqual(['10.1.0.1 usable', '10.1.0.2 usable']);
    const other = await sourceOf(service({}), slice({ endpoints }));
    expect(states(other)).toEqual(['10.1.0.1 draining', '10.1.0.2 usable']);
  });

  it('uses endpoints that end but still serve only where none is ready', async () => {
    const ending = {
      addresses: ['10.1.0.1'],
      conditions: { ready: false, serving: true, terminating: true },
    };
    const ended = {
      addresses: ['10.1.0.2'],
      conditions: { ready: false, serving: false, terminating: true },
    };
    const server = await startedServer([service({}), slice({ endpoints: [ending, ended] })]);
    const source = await startedSource(server);
    expect(states(source)).toEqual(['10.1.0.1 usable', '10.1.0.2 draining']);
    server.apply(slice({ endpoints: [ending, ended, { addresses: ['10.1.0.3'] }] }));
    await until('the ready one', () => states(source).length === 3);
    expect(states(source)).toEqual(['10.1.0.1 draining', '10.1.0.2 draining', '10.1.0.3 usable']);
  });

  it.each<[string, object, object]>([
    [
      'internalTrafficPolicy: Local',
      { internalTrafficPolicy: 'Local' },
      { mode: 'strict', scopes: ['node'] },
    ],
    [
      'trafficDistribution: PreferClose',
      { trafficDistribution: 'PreferClose' },
      { mode: 'failover', scopes: ['zone'] },
    ],
    [
      'trafficDistribution: PreferSameNode',
      { trafficDistribution: 'PreferSameNode' },
      { mode: 'failover', scopes: ['node', 'zone'] },
    ],
  ])('keeps to %s', async (_, spec, locality) => {
    const source = await sourceOf(
      service(spec),
      node('alpha', 'a'),
      slice({ endpoints: [{ addresses: ['10.1.0.1'], nodeName: 'alpha' }] }),
    );
    expect(web(source)).toMatchObject({ locality, endpoints: [{ node: 'alpha', zone: 'a' }] });
    expect(problems(source)).toEqual([]);
  });

  it('goes by the zones of endpoints, not by hints, and says so where it is asked to', async () => {
    const hints = { forZones: [{ name: 'b' }] };
    const source = await sourceOf(
      service({}, { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } }),
      slice({ endpoints: [{ addresses: ['10.1.0.1'], zone: 'a', hints }] }),
    );
    expect(web(source)).toMatchObject({ locality: { mode: 'none' }, endpoints: [{ zone: 'a' }] });
    expect(problems(source)).toEqual([
      'Service apps/web: the annotation service.kubernetes.io/topology-mode is not kept to: hints of slices are not looked at: set spec.trafficDistribution: PreferClose',
    ]);
  });

  it('is steered without its session affinity, which is said', async () => {
    const source = await sourceOf(service({ sessionAffinity: 'ClientIP' }));
    expect(web(source).addresses.v4).toEqual(['10.96.7.1']);
    expect(problems(source)).toEqual([
      'Service apps/web: spec.sessionAffinity is not kept to: set it to None',
    ]);
  });

  it('reaches a named port at whatever number each endpoint has it', async () => {
    const source = await sourceOf(
      service({ ports: [{ name: 'web', port: 80, targetPort: 'http' }] }),
      slice({ ports: [{ name: 'web', port: 8080 }], endpoints: [{ addresses: ['10.1.0.1'] }] }),
      slice({
        name: 'web-2',
        ports: [{ name: 'web', port: 9090 }],
        endpoints: [{ addresses: ['10.1.0.2'] }],
      }),
    );
    expect(web(source).endpoints.map(({ ports }) => ports.web)).toEqual([8080, 9090]);
  });

  it('is steered by its cluster address alone: others are the cluster’s business', async () => {
    const loadBalancer = {
      ...service({
        type: 'LoadBalancer',
        externalIPs: ['192.0.2.7'],
        ports: [{ port: 80, nodePort: 30_080 }],
      }),
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } },
    };
    const source = await sourceOf(loadBalancer);
    expect(web(source).addresses).toEqual({ v4: ['10.96.7.1'], v6: [] });
    expect(problems(source)).toEqual([]);
  });

  it('goes through the waypoint that it names itself, or its namespace, or none', async () => {
    const objects = shopObjects();
    const server = await startedServer(objects);
    const source = await startedSource(server);
    const use = (value: string | undefined, name = 'own'): void => {
      const labels = value === undefined ? {} : { 'istio.io/use-waypoint': value };
      server.apply({
        ...service({ clusterIP: '10.96.7.9', ports: [{ name: 'http', port: 80 }] }, { name, labels }),
        metadata: { name, namespace: 'shop', labels },
      });
    };
    const waypoint = () => source.state.mesh!.services.get('shop/own')?.waypoint;
    use(undefined);
    await until('that of the namespace', () => waypoint()?.name === 'shop');
    use('none');
    await until('none', () => waypoint() === null);
    const gateway = objects.find(({ kind }) => kind === 'Gateway')!;
    server.apply({ ...gateway, metadata: { ...gateway.metadata, name: 'second' } });
    use('second');
    await until('its own', () => waypoint()?.name === 'second');
  });
});
