// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { KubernetesSource } from '../../src/index.js';
import type { KubernetesObject } from './api-server.js';
import { sourceOf, startedServer, startedSource, until } from './cluster.js';

const namespace = (name: string, mode?: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: mode === undefined ? {} : { 'istio.io/dataplane-mode': mode } },
});

interface PodParts {
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly owner?: readonly [kind: string, name: string];
  readonly created?: string;
  readonly node?: string;
  readonly hostNetwork?: boolean;
  readonly phase?: string;
  readonly uid?: string;
}

const pod = (name: string, parts: PodParts = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: parts.namespace ?? 'shop',
    labels: parts.labels ?? {},
    annotations: parts.annotations ?? {},
    creationTimestamp: parts.created ?? '2026-11-22T12:00:30Z',
    ...(parts.uid === undefined ? {} : { uid: parts.uid }),
    ...(parts.owner === undefined
      ? {}
      : { ownerReferences: [{ controller: true, kind: parts.owner[0], name: parts.owner[1] }] }),
  },
  spec: { nodeName: parts.node ?? 'alpha', ...(parts.hostNetwork === true ? { hostNetwork: true } : {}) },
  status: { phase: parts.phase ?? 'Running' },
});

const standings = ({ pods }: KubernetesSource): Record<string, string> =>
  Object.fromEntries([...pods.followed.values()].map(({ pod: { name }, standing }) => [name, standing]));
const mode = (value: string) => ({ 'istio.io/dataplane-mode': value });

describe('pods of this node', { timeout: 60_000 }, () => {
  it('are enrolled as labels say, their own before their namespace’s, and are told why not', async () => {
    const server = await startedServer([
      namespace('shop', 'Undermesh'),
      namespace('plain'),
      namespace('old', 'kmesh'),
      pod('by-namespace'),
      pod('by-kmesh', { namespace: 'old' }),
      pod('by-itself', { namespace: 'plain', labels: mode('undermesh') }),
      pod('unasked', { namespace: 'plain' }),
      pod('out', { labels: mode('none') }),
      pod('ambient', { labels: mode('ambient') }),
      pod('host', { hostNetwork: true }),
      pod('injected', { annotations: { 'sidecar.istio.io/status': '{}' } }),
      pod('gateway', { labels: { 'gateway.networking.k8s.io/gateway-name': 'shop' } }),
      pod('ended', { phase: 'Succeeded' }),
      pod('elsewhere', { node: 'beta' }),
    ]);
    const source = await startedSource(server);
    await until('pods', () => source.pods.known);
    expect(standings(source)).toEqual({
      'by-namespace': 'enrolled',
      'by-kmesh': 'enrolled',
      'by-itself': 'enrolled',
      unasked: 'not_asked',
      out: 'opted_out',
      ambient: 'another_mesh',
      host: 'host_network',
      injected: 'sidecar',
      gateway: 'gateway',
      ended: 'finished',
    });
    expect(source.pods.counts()).toMatchObject({ enrolled: 3, not_asked: 1, opted_out: 1 });
    server.apply(namespace('plain', 'undermesh'));
    await until('the namespace’s word', () => standings(source).unasked === 'enrolled');
    server.apply(namespace('shop'));
    await until('it to be taken back', () => standings(source)['by-namespace'] === 'not_asked');
  });

  it('go by what somebody wrote: Deployment, CronJob, or whatever else runs them', async () => {
    const hash = { 'pod-template-hash': '7d9f8' };
    const server = await startedServer([
      pod('deployment', { owner: ['ReplicaSet', 'cart-7d9f8'], labels: hash }),
      pod('replica-set', { owner: ['ReplicaSet', 'cart-7d9f8'] }),
      pod('cron-job', { owner: ['Job', 'report-29753999'], created: '2026-07-28T11:59:03Z' }),
      pod('job', { owner: ['Job', 'import-20260101'] }),
      pod('stateful', { owner: ['StatefulSet', 'db'] }),
      pod('static-alpha', {
        owner: ['Node', 'alpha'],
        annotations: { 'kubernetes.io/config.hash': 'ab'.repeat(16) },
      }),
      pod('alone', { labels: { version: 'v2', 'app.kubernetes.io/part-of': 'undermesh' } }),
    ]);
    const source = await startedSource(server);
    await until('pods', () => source.pods.known);
    const pods = [...source.pods.followed.values()].map(({ pod: one }) => one);
    expect(Object.fromEntries(pods.map(({ name, owner }) => [name, `${owner.kind} ${owner.name}`]))).toEqual({
      deployment: 'Deployment cart',
      'replica-set': 'ReplicaSet cart-7d9f8',
      'cron-job': 'CronJob report',
      job: 'Job import-20260101',
      stateful: 'StatefulSet db',
      'static-alpha': 'Pod static',
      alone: 'Pod alone',
    });
    expect(source.pods.find('ab'.repeat(16))?.name).toBe('static-alpha');
    expect(pods.find(({ name }) => name === 'alone')).toMatchObject({ version: 'v2', system: true });
  });

  it('are told apart by uid: a successor of the same name is another, and one that is gone keeps its name', async () => {
    const server = await startedServer([
      namespace('shop', 'undermesh'),
      pod('cart', { uid: 'u-1', owner: ['StatefulSet', 'cart'] }),
    ]);
    const source = await startedSource(server);
    await until('the pod', () => source.pods.followed.has('u-1'));
    server.delete(pod('cart'));
    server.apply(pod('cart', { uid: 'u-2', owner: ['StatefulSet', 'basket'] }));
    await until('its successor', () => source.pods.followed.has('u-2'));
    expect(source.pods.followed.has('u-1')).toBe(false);
    expect(source.pods.find('u-1')?.owner.name).toBe('cart');
    expect(source.pods.find('u-2')?.owner.name).toBe('basket');
  });

  it('are not known before they are listed, nor forgotten while the server is away', async () => {
    const server = await startedServer([namespace('shop', 'undermesh'), pod('cart', { uid: 'u-1' })]);
    const source = sourceOf(server, { startMs: 100 });
    await server.end();
    await source.start();
    expect(source.pods.known).toBe(false);
    await server.begin();
    await until('the pod', () => source.pods.followed.has('u-1'));
    await server.end();
    await until('it to be noticed', () => source.state.problems.length > 0);
    expect(source.pods.followed.has('u-1')).toBe(true);
  });
});
