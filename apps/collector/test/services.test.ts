// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloseReason } from '@undermesh/bpf-abi';
import type { Connections, Status, Topology } from '@undermesh/schema';
import { afterEach, describe, expect, it } from 'vitest';
import { createStore } from '../src/store/create-store.js';
import { MemoryStore } from '../src/store/memory-store.js';
import type { RecordStore } from '../src/store/store.js';
import { FakeConnection } from '../test-support/index.js';
import { eventually, startCollector, type TestCollector } from './support/collector.js';

const WORKLOADS = [
  { id: 1, namespace: 'shop', name: 'web', kind: 'process', system: false },
  { id: 2, namespace: 'shop', name: 'stock', kind: 'process', system: false },
] as const;
const connection = (): FakeConnection =>
  new FakeConnection({
    client: { address: '10.0.0.1', port: 1000, workload: 1 },
    server: { address: '10.0.0.2', port: 80, workload: 2 },
  });
const services = async (of: TestCollector, query: string): Promise<Connections['items'][0]['service'][]> =>
  (await of.get<Connections>(`/api/v1/connections?${query}`)).items.map(({ service }) => service);

let running: TestCollector | undefined;
afterEach(() => running?.stop());

describe.each(['memory', 'duckdb'] as const)(
  'the service that a connection was steered by, with %s',
  (driver) => {
    it('is named by its own agent’s dictionary, open and ended, and after a restart too', async () => {
      const data = mkdtempSync(join(tmpdir(), 'undermesh-services-'));
      const memory = new MemoryStore();
      const open = (): RecordStore =>
        driver === 'memory' ? memory : createStore({ driver, directory: join(data, 'records') });
      running = await startCollector({ data }, open());
      for (const [node, name, id] of [
        ['node-a', 'cart', 0xfffffff0],
        ['node-b', 'stock', 0xfffffff0],
        ['node-c', 'never-told', 7],
      ] as const) {
        const agent = running.agent(node);
        await agent.connect();
        const told = name === 'never-told' ? [] : [{ id, namespace: 'shop', name }];
        agent.dictionary({ workloads: [...WORKLOADS], services: told });
        await agent.deliver([
          connection().closed('source', { serviceId: id }),
          connection().opened('source', { serviceId: id }),
          connection().closed('source'),
        ]);
      }
      const [cart, stock] = ['cart', 'stock'].map((name) => ({ namespace: 'shop', name }));
      expect(await services(running, 'state=open&node=node-a')).toEqual([cart]);
      const ended = async (of: TestCollector, node: string): Promise<unknown> =>
        (await services(of, `state=closed&node=${node}`)).toSorted(
          (a, b) => Number(a === null) - Number(b === null),
        );
      const all = async (of: TestCollector): Promise<void> => {
        expect(await ended(of, 'node-a')).toEqual([cart, null]);
        expect(await ended(of, 'node-b')).toEqual([stock, null]);
        expect(await ended(of, 'node-c')).toEqual([null, null]);
      };
      await all(running);
      await running.stop();
      running = await startCollector({ data }, open());
      await all(running);
    }, 60_000); // a busy machine takes its time
  },
);

it('is the destination of connects that the mesh refused, each with its reason', async () => {
  running = await startCollector();
  const agent = running.agent('node-a');
  await agent.connect();
  agent.dictionary({ workloads: [...WORKLOADS], services: [{ id: 9, namespace: 'shop', name: 'cart' }] });
  const refused = (reason: number, serviceId: number): Uint8Array =>
    new FakeConnection({
      client: { address: '0.0.0.0', port: 0, workload: 1 },
      server: { address: '10.96.0.31', port: 80, workload: 0 },
      lifetimeMs: 0,
    }).failed({ reason, serviceId, engine: 1, generation: 3 });
  const reasons = ['no_endpoint', 'no_endpoint_near', 'no_waypoint', 'not_steered', 'too_many'];
  reasons.push('no_route', 'route_rejects', 'rate_limited'); // of requests
  await agent.deliver([
    ...reasons.map((_, i) => refused(CloseReason.NO_ENDPOINT + i, 9)),
    refused(CloseReason.NO_ENDPOINT, 0),
    refused(CloseReason.RATE_LIMITED + 1, 9),
  ]);
  agent.report({ made: 10 });
  const { items } = await running.get<Connections>('/api/v1/connections?state=failed');
  const named = items.filter(({ service }) => service !== null);
  expect(named.map(({ reason }) => reason).sort()).toEqual([...reasons].sort());
  for (const one of named) {
    expect(one).toMatchObject({
      service: { namespace: 'shop', name: 'cart' },
      source: { workload: 'web' },
      destination: { workload: 'cart', namespace: 'shop', kind: 'service', address: '10.96.0.31', port: 80 },
      askedFor: null,
      engine: 'dual-engine',
    });
  }
  const [unnamed] = items.filter(({ service }) => service === null);
  expect(unnamed).toMatchObject({ reason: 'no_endpoint', destination: { workload: '10.96.0.31' } });
  await eventually(async () => {
    const { edges } = await running!.get<Topology>('/api/v1/topology?window=600');
    const edge = edges.find(({ destinationName }) => destinationName === 'cart');
    expect(edge?.traffic.failed).toEqual({
      total: 8,
      reasons: Object.fromEntries(reasons.map((r) => [r, 1])),
    });
    expect(edge?.health).toBe('failing');
    const { records } = await running!.get<Status>('/api/v1/status');
    expect(records).toMatchObject({ stored: 9, lost: { invalid: 1 } });
  });
  const page = await running.get<string>('/metrics');
  for (const reason of reasons)
    expect(page).toMatch(
      new RegExp(
        `undermesh_connect_failures_total\\{[^}]*destination_workload="cart"[^}]*reason="${reason}"[^}]*\\} 1\\b`,
      ),
    );
});
