// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connections } from '@undermesh/schema';
import { afterEach, describe, expect, it } from 'vitest';
import { createStore } from '../src/store/create-store.js';
import { MemoryStore } from '../src/store/memory-store.js';
import type { RecordStore } from '../src/store/store.js';
import { FakeConnection } from '../test-support/index.js';
import { startCollector, type TestCollector } from './support/collector.js';

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
    });
  },
);
