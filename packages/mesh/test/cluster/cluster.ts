// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '@undermesh/core';
import { onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { KubernetesSource, type KubernetesSourceOptions, type MeshState } from '../../src/index.js';
import { FIXTURES } from '../shop.js';
import { ApiServer, type KubernetesObject } from './api-server.js';

/** The objects of YAML texts, as JSON has them. */
export function objectsOf(...texts: readonly string[]): KubernetesObject[] {
  return texts.flatMap((text) =>
    parseAllDocuments(text).flatMap((document) => {
      const object = JSON.parse(JSON.stringify(document.toJS())) as KubernetesObject | null;
      if (object === null) return [];
      return object.kind === 'List' ? (object.items as KubernetesObject[]) : [object];
    }),
  );
}

export const shopObjects = (): KubernetesObject[] =>
  objectsOf(
    ...readdirSync(join(FIXTURES, 'shop')).map((name) => readFileSync(join(FIXTURES, 'shop', name), 'utf8')),
  );

/** A server that is gone with the test. */
export async function startedServer(
  objects: readonly KubernetesObject[] = shopObjects(),
): Promise<ApiServer> {
  const server = await ApiServer.start(objects);
  onTestFinished(() => server.remove());
  return server;
}

/** A source that follows it, not started; quick where the real one is patient. */
export function sourceOf(server: ApiServer, more: Partial<KubernetesSourceOptions> = {}): KubernetesSource {
  const source = new KubernetesSource({
    access: server.serviceAccount(),
    node: 'alpha',
    log: createLogger('mesh'),
    settleMs: 10,
    ...more,
    patience: { maxPauseMs: 100, pageSize: 7, ...more.patience },
  });
  onTestFinished(() => source.stop());
  return source;
}

export async function startedSource(
  server: ApiServer,
  more: Partial<KubernetesSourceOptions> = {},
): Promise<KubernetesSource> {
  const source = sourceOf(server, more);
  await source.start();
  return source;
}

/** Waits for something that the source comes to; at most a minute. */
export async function until<Found>(
  what: string,
  look: () => Found | undefined | false | null,
): Promise<Found> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; ) {
    const found = look();
    if (found !== undefined && found !== false && found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`waited in vain for ${what}`);
}

let marks = 0;

/** Resolves once the source has taken all that the server has stored by now; returns its state. */
export async function caughtUp(source: KubernetesSource, server: ApiServer): Promise<MeshState> {
  // Kinds are watched apart from each other: a mark on each.
  const name = `mark-${++marks}`;
  const spec = { clusterIP: `10.99.${marks >> 8}.${marks & 255}`, ports: [{ port: 80 }] };
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'marks' }, spec };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'marks', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [`10.3.${marks >> 8}.${marks & 255}`] }],
  };
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name } };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  const gateway = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name, namespace: 'marks' },
    spec: {
      gatewayClassName: 'undermesh-waypoint',
      addresses: [{ value: '10.99.255.1' }],
      listeners: [{ name: 'plain', port: 15008, protocol: 'HTTP' }],
    },
  };
  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: 'marks' },
    spec: {
      parentRefs: [{ name }],
      rules: [{ filters: [{ type: 'RequestRedirect', requestRedirect: { statusCode: 301 } }] }],
    },
  };
  const marked = [namespace, node, service, slice, ...(server.gatewayApi ? [gateway, route] : [])];
  for (const object of marked) server.apply(object);
  const key = `marks/${name}` as const;
  await until('the source to catch up', () => {
    const { mesh } = source.state;
    const arrived =
      mesh?.services.get(key)?.endpoints.length === 1 &&
      mesh.nodes.has(name) &&
      (!server.gatewayApi || mesh.waypoints.get(key)?.routes.length === 1);
    return arrived;
  });
  for (const object of marked.toReversed()) server.delete(object);
  await until('the marks to go', () => {
    const { mesh, problems } = source.state;
    return (
      mesh !== null &&
      !mesh.services.has(key) &&
      !mesh.nodes.has(name) &&
      !mesh.waypoints.has(key) &&
      !problems.some(({ object }) => object.includes(name))
    );
  });
  return source.state;
}
