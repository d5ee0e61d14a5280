// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Nodes, Status, Topology } from '@undermesh/schema';
import { afterEach, describe, expect, it } from 'vitest';
import { CollectorError } from '../src/errors.js';
import { createStore } from '../src/store/create-store.js';
import { MemoryStore } from '../src/store/memory-store.js';
import type { RecordBatch, RecordStore } from '../src/store/store.js';
import { FakeAgent, FakeConnection } from '../test-support/index.js';
import { eventually, startCollector, type TestCollector } from './support/collector.js';

const WORKLOADS = [
  { id: 1, namespace: 'shop', name: 'cart', kind: 'process', system: false },
  { id: 2, namespace: 'shop', name: 'stock', kind: 'process', system: false },
] as const;
const connection = (): FakeConnection =>
  new FakeConnection({
    client: { address: '10.0.0.1', port: 1000, workload: 1 },
    server: { address: '10.0.0.2', port: 80, workload: 2 },
  });

let running: TestCollector[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});
async function start(...options: Parameters<typeof startCollector>): Promise<TestCollector> {
  const one = await startCollector(...options);
  running.push(one);
  return one;
}

describe.each(['memory', 'duckdb'] as const)('a collector that starts again, with %s', (driver) => {
  it('knows what was stored, draws the same graph, and takes no frame twice', async () => {
    const data = mkdtempSync(join(tmpdir(), 'undermesh-restart-'));
    const memory = new MemoryStore();
    const open = (): RecordStore =>
      driver === 'memory' ? memory : createStore({ driver, directory: join(data, 'records') });
    const first = await start({ data }, open());
    const agent = first.agent('node-a');
    await agent.connect();
    agent.dictionary({ workloads: [...WORKLOADS] });
    const long = connection();
    const records = [long.opened('source'), long.opened('destination')];
    for (let i = 0; i < 5; i++) {
      const one = connection();
      records.push(one.closed('source'), one.closed('destination'));
    }
    const refused = connection().failed();
    await agent.deliver([...records, refused, connection().closed('source', { event: 9 })]);
    agent.report({ made: 14, lost: { ring_full: 2 } });
    const books = { made: 14, received: 12, stored: 11, waiting: 0, lost: { ring_full: 2, invalid: 1 } };
    await eventually(async () => {
      expect((await first.get<Status>('/api/v1/status')).records).toEqual(books);
    });
    await first.stop();
    running = [];

    const second = await start({ data }, open());
    expect((await second.get<Status>('/api/v1/status')).records).toEqual(books);
    await eventually(async () => {
      const { edges, missingNodes } = await second.get<Topology>('/api/v1/topology?window=600');
      const [toStock] = edges.filter((edge) => edge.destinationName === 'stock');
      expect(toStock?.traffic).toMatchObject({ opened: 6, closed: 5, sentBytes: 500, receivedBytes: 10_000 });
      expect(missingNodes).toEqual(['node-a']);
    });
    expect(await second.get<string>('/metrics')).not.toMatch(/^istio_tcp_connections_opened_total\{/m);

    const again = new FakeAgent({ ...agent.options, url: second.url, streamId: agent.streamId });
    const welcome = await again.connect();
    expect(welcome.acknowledged).toBe('1');
    expect(welcome.collectorId).not.toBe(agent.welcome?.collectorId);
    again.dictionary({ workloads: [...WORKLOADS] });
    await again.deliver(records, { sequence: 1n });
    again.report({ made: 14, lost: { ring_full: 2 } });
    await again.deliver(
      [long.opened('source', { flags: 9, sentBytes: 70n }), long.opened('destination', { flags: 9 })],
      { sequence: 2n },
    );
    await again.deliver([long.closed('source', { flags: 3 }), long.closed('destination', { flags: 3 })], {
      sequence: 3n,
    });
    const status = await second.get<Status>('/api/v1/status');
    expect(status.records).toMatchObject({ stored: 13, received: 14 });
    expect(await second.get<string>('/metrics')).toMatch(
      /istio_tcp_received_bytes_total\{reporter="source",source_workload="cart".*\} 100\n/,
    );
    again.kill();
  });

  it('knows which requests were stored, though it was killed before the books were written', async () => {
    const data = mkdtempSync(join(tmpdir(), 'undermesh-restart-'));
    const memory = new MemoryStore();
    const open = (): RecordStore =>
      driver === 'memory' ? memory : createStore({ driver, directory: join(data, 'records') });
    const first = await start({ data }, open());
    const agent = first.agent('node-a');
    await agent.connect();
    await agent.deliver([
      connection().http('source', [{}, {}, {}]),
      connection().http('destination', [{}, {}]),
    ]);
    await first.stop();
    running = [];
    rmSync(join(data, 'requests.json'));

    const second = await start({ data }, open());
    const again = new FakeAgent({ ...agent.options, url: second.url, streamId: agent.streamId });
    await again.connect();
    again.report({ requests: { made: 5, waiting: 0, lost: {} } });
    await eventually(async () => {
      expect((await second.get<Status>('/api/v1/status')).requests).toMatchObject({
        made: 5,
        stored: 5,
        waiting: 0,
        lost: {},
      });
    });
    again.kill();
  });
});

describe('a store that refuses', () => {
  it('makes agents wait, loses nothing, and counts once', async () => {
    class FullStore extends MemoryStore {
      full = false;
      override async append(batch: RecordBatch): Promise<'stored' | 'duplicate'> {
        if (this.full) throw new CollectorError('store_full', 'no room');
        return super.append(batch);
      }
    }
    const store = new FullStore();
    const one = await start({ ingest: { credits: 4 } }, store);
    const agent = one.agent('node-a');
    expect((await agent.connect()).credits).toBe(4);
    agent.dictionary({ workloads: [...WORKLOADS] });
    store.full = true;
    for (let i = 0; i < 3; i++) agent.records([connection().closed('source')]);
    agent.report({ made: 3 });
    await agent.until(() => agent.ack?.credits === 0);
    expect(agent.ack?.sequence).toBe('0');
    const status = await one.get<Status>('/api/v1/status');
    expect(status.records).toMatchObject({ made: 3, stored: 0, waiting: 3 });
    // The agent goes away and sends the same again while they are still on their way.
    agent.kill();
    const again = new FakeAgent({ ...agent.options, streamId: agent.streamId });
    expect((await again.connect()).credits).toBe(0);
    store.full = false;
    await again.acknowledged(3n);
    await again.until(() => again.ack?.credits === 4);
    await eventually(async () => {
      expect((await one.get<Status>('/api/v1/status')).records).toMatchObject({
        made: 3,
        stored: 3,
        waiting: 0,
      });
    });
    again.kill();
  });
});

describe('an agent that is gone', () => {
  it('makes answers partial, and its open connections stay until it returns with another stream', async () => {
    const one = await start();
    const agent = one.agent('node-a');
    await agent.connect();
    agent.dictionary({ workloads: [...WORKLOADS] });
    const long = connection();
    await agent.deliver([long.opened('source'), long.opened('destination')]);
    agent.report({ made: 5 });
    await eventually(async () => expect((await one.get<Status>('/api/v1/status')).records.made).toBe(5));
    agent.kill();
    await eventually(async () => {
      const { vertices, edges, missingNodes } = await one.get<Topology>('/api/v1/topology?window=60');
      expect(missingNodes).toEqual(['node-a']);
      expect(vertices.every((vertex) => vertex.partial && vertex.health === 'unknown')).toBe(true);
      expect(edges[0]).toMatchObject({ partial: true, traffic: { open: 1 } });
    });
    const status = await one.get<Status>('/api/v1/status');
    expect(status.nodes.silent.map((node) => node.name)).toEqual(['node-a']);
    expect(status.openConnections).toBe(1);

    const returned = new FakeAgent(agent.options);
    await returned.connect({ instance: 'instance-2' });
    const after = await one.get<Status>('/api/v1/status');
    expect(after.openConnections).toBe(0);
    // What the old stream made and never delivered will not come any more.
    expect(after.records).toMatchObject({ made: 5, waiting: 0, lost: { agent_killed: 5 } });
    const { items } = await one.get<Nodes>('/api/v1/nodes');
    expect(items[0]).toMatchObject({ state: 'reporting', records: { made: 5 } });
    returned.kill();
  });
});
