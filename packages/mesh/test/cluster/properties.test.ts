// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Mesh } from '../../src/index.js';
import type { ApiServer, KubernetesObject } from './api-server.js';
import { caughtUp, startedServer, startedSource, until } from './cluster.js';

/** Mulberry32: the same numbers in every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A service of some pods and its slices of at most 100 endpoints. */
function serviceOf(
  at: number,
  { pods, version = 0 }: { readonly pods: number; readonly version?: number },
): KubernetesObject[] {
  const metadata = { name: `s${at}`, namespace: 'shop' };
  const spec = { clusterIP: `10.97.${at >> 8}.${at & 255}`, ports: [{ port: 80, appProtocol: 'http' }] };
  const slices = Array.from({ length: Math.ceil(pods / 100) }, (_, part) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, name: `s${at}-${part}`, labels: { 'kubernetes.io/service-name': `s${at}` } },
    addressType: 'IPv4',
    ports: [{ port: 8080 }],
    endpoints: Array.from({ length: Math.min(100, pods - 100 * part) }, (__, i) => {
      const host = at * pods + part * 100 + i;
      return {
        addresses: [`10.${128 + (host >> 16)}.${(host >> 8) & 255}.${host & 255}`],
        conditions: { ready: i % 4 !== version },
        nodeName: `node-${host % 50}`,
      };
    }),
  }));
  return [{ apiVersion: 'v1', kind: 'Service', metadata, spec }, ...slices];
}

/** One thing that goes wrong, or nothing. */
const mischief = (server: ApiServer, kind: number): void => {
  if (kind === 0) server.cutWatches();
  else if (kind === 1) server.endWatches();
  else if (kind === 2) server.forget();
  else if (kind === 3) server.bookmark();
};

describe('the mesh of a cluster', { timeout: 120_000 }, () => {
  it('after any changes, whatever went wrong between them, is what a fresh start makes of them', async () => {
    const random = randomOf(3);
    const server = await startedServer(
      Array.from({ length: 12 }, (_, at) => serviceOf(at, { pods: 3 })).flat(),
    );
    const source = await startedSource(server);
    for (let turn = 0; turn < 10; turn++) {
      const before = source.state.mesh as Mesh;
      const changed = new Set<string>();
      for (let change = 0; change < 6; change++) {
        const at = random(12);
        const [service, ...slices] = serviceOf(at, { pods: 3, version: random(4) }) as [
          KubernetesObject,
          KubernetesObject,
        ];
        changed.add(`shop/s${at}`);
        if (random(4) > 0)
          for (const object of random(2) === 0 ? [service, ...slices] : [...slices, service])
            server.apply(object);
        else if (server.stored(service) !== undefined)
          for (const object of [service, ...slices]) server.delete(object);
        // What was stored before, once more: in the past, and without effect.
        const again = server.stored(service);
        mischief(server, random(8));
        if (again !== undefined && random(2) === 0) server.send('MODIFIED', again);
      }
      const { mesh, problems } = await caughtUp(source, server);
      expect(problems).toEqual([]);
      expect(mesh).toEqual((await startedSource(server)).state.mesh);
      for (const [key, service] of mesh!.services)
        if (!changed.has(key)) expect(service).toBe(before.services.get(key));
    }
  });

  it('of 5,000 pods is taken whole, a change of one service is that service, and a restart of the server loses nothing', async () => {
    const services = Array.from({ length: 100 }, (_, at) => serviceOf(at, { pods: 50 })).flat();
    const pods = Array.from({ length: 5_000 }, (_, i) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `p${i}`,
        namespace: 'shop',
        uid: `u-${i}`,
        labels: { app: `s${i % 100}` },
        managedFields: [],
      },
      spec: { nodeName: i < 100 ? 'alpha' : `node-${i % 50}`, containers: [{ name: 'c', image: 'i' }] },
      status: { phase: 'Running' },
    }));
    const server = await startedServer([...services, ...pods]);
    const source = await startedSource(server, { startMs: 60_000, patience: { pageSize: 500 } });
    const before = source.state.mesh!;
    expect(before.services.size).toBe(100);
    expect([...before.services.values()].reduce((sum, { endpoints }) => sum + endpoints.length, 0)).toBe(
      5_000,
    );
    await until('pods', () => source.pods.known);
    expect(source.pods.followed.size).toBe(100);
    for (const object of serviceOf(7, { pods: 50, version: 2 })) server.apply(object);
    await until('the change', () => source.state.mesh !== before);
    const after = source.state.mesh!;
    const other = [...after.services].filter(([key, service]) => service !== before.services.get(key));
    expect(other.map(([key]) => key)).toEqual(['shop/s7']);

    // The server goes away, much is changed meanwhile, and it has forgotten what came before when it is back.
    await server.end();
    for (const object of serviceOf(8, { pods: 50, version: 1 })) server.apply(object);
    for (const object of serviceOf(9, { pods: 50 })) server.delete(object);
    for (const object of serviceOf(100, { pods: 50 })) server.apply(object);
    for (const pod of pods.slice(0, 50)) server.delete(pod);
    server.forget();
    await server.begin();
    const fresh = await startedSource(server, { startMs: 60_000 });
    await until('all that changed', () => isDeepStrictEqual(source.state, fresh.state));
    await until('pods', () => fresh.pods.known && source.pods.followed.size === 50);
    expect([...source.pods.followed.keys()].sort()).toEqual([...fresh.pods.followed.keys()].sort());
    for (const [key, service] of source.state.mesh!.services)
      if (!['shop/s8', 'shop/s100'].includes(key)) expect(service).toBe(after.services.get(key));
  });
});
