// SPDX-License-Identifier: Apache-2.0
import { RecordFlag } from '@undermesh/bpf-abi';
import type { Edges, Nodes, Status, Topology } from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boottimeNs, FakeConnection } from '../test-support/index.js';
import { eventually, startCollector, type TestCollector } from './support/collector.js';

const WORKLOADS = [
  { id: 1, namespace: 'shop', name: 'cart', kind: 'process', system: false },
  { id: 2, namespace: 'shop', name: 'stock', version: 'v1', kind: 'process', system: false },
  { id: 3, namespace: 'undermesh', name: 'undermesh-agent', kind: 'process', system: true },
] as const;
const CLIENT = { address: '10.1.0.1', port: 40_000, workload: 1, netns: 11n };
const SERVER = { address: '10.1.0.2', port: 8080, workload: 2, netns: 12n };

let test: TestCollector;
beforeEach(async () => {
  test = await startCollector();
});
afterEach(() => test.stop());

async function metric(name: string, labels: Record<string, string>): Promise<number | undefined> {
  const text = await test.get<string>('/metrics');
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) continue;
    if (Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`))) {
      return Number(line.slice(line.lastIndexOf(' ')));
    }
  }
  return undefined;
}

const connection = (change: object = {}) => new FakeConnection({ client: CLIENT, server: SERVER, ...change });

describe('the road of a record', () => {
  it('joins both ends into one edge, and acknowledges what is stored', async () => {
    const agent = test.agent('node-a');
    await agent.connect();
    agent.dictionary({ workloads: [...WORKLOADS] });
    const one = connection({ sentBytes: 100, receivedBytes: 2000 });
    await agent.deliver([one.closed('source'), one.closed('destination')]);
    agent.report({ made: 2 });

    const { vertices, edges } = await test.get<Topology>('/api/v1/topology?level=workload&window=60');
    expect(vertices.map((vertex) => vertex.name).sort()).toEqual(['cart', 'stock']);
    expect(edges).toHaveLength(1);
    expect(edges[0]).toMatchObject({
      sourceName: 'cart',
      destinationName: 'stock',
      ports: [8080],
      seenBy: 'both',
      health: 'ok',
      traffic: { opened: 1, closed: 1, open: 0, sentBytes: 100, receivedBytes: 2000, segmentsSent: 12 },
    });
    const status = await eventually(async () => {
      const answer = await test.get<Status>('/api/v1/status');
      expect(answer.records).toEqual({ made: 2, received: 2, stored: 2, waiting: 0, lost: {} });
      return answer;
    });
    expect(status.nodes).toMatchObject({ total: 1, reporting: 1, silent: [] });
    const labels = { reporter: 'source', source_workload: 'cart', destination_workload: 'stock' };
    expect(await metric('istio_tcp_connections_opened_total', labels)).toBe(1);
    expect(await metric('istio_tcp_connections_closed_total', labels)).toBe(1);
    expect(await metric('istio_tcp_sent_bytes_total', labels)).toBe(2000);
    expect(await metric('istio_tcp_received_bytes_total', labels)).toBe(100);
    expect(await metric('istio_tcp_sent_bytes_total', { ...labels, reporter: 'destination' })).toBe(2000);
  });

  it('counts an open connection of one end soon, and its bytes as they flow', async () => {
    const agent = test.agent('node-a');
    await agent.connect();
    agent.dictionary({
      workloads: [...WORKLOADS],
      listeners: [{ address: '0.0.0.0', port: 8080, netnsCookie: '12', workloadId: 2, open: true }],
      namespaces: [
        { netnsCookie: '11', addresses: ['10.1.0.1'] },
        { netnsCookie: '12', addresses: ['10.1.0.2'] },
      ],
    });
    const one = connection({ sentBytes: 1000, receivedBytes: 5000 });
    await agent.deliver([one.opened('source')]);
    const labels = { reporter: 'source', source_workload: 'cart', destination_workload: 'stock' };
    await eventually(async () => expect(await metric('istio_tcp_connections_opened_total', labels)).toBe(1));
    expect(await metric('istio_tcp_connections_closed_total', labels)).toBe(0);
    await agent.deliver([one.progress('source', { sentBytes: 400n, receivedBytes: 1000n })]);
    await agent.deliver([one.progress('source', { sentBytes: 700n, receivedBytes: 1500n })]);
    expect(await metric('istio_tcp_received_bytes_total', labels)).toBe(700);
    const open = await test.get<Topology>('/api/v1/topology?window=60');
    expect(open.edges[0]?.traffic).toMatchObject({ opened: 1, open: 1, sentBytes: 700, receivedBytes: 1500 });
    expect([...test.collector.aggregator.open.list()]).toHaveLength(1);
    await agent.deliver([one.closed('source', { flags: 3 })]);
    await agent.deliver([one.opened('source')]);
    expect(await metric('istio_tcp_connections_opened_total', labels)).toBe(1);
    expect(await metric('istio_tcp_connections_closed_total', labels)).toBe(1);
    expect(await metric('istio_tcp_received_bytes_total', labels)).toBe(1000);
    expect(test.collector.aggregator.open.size).toBe(0);
  });

  it('counts all that an end did which it hears of for the first time, unless it is older than the collector', async () => {
    const agent = test.agent('node-a');
    await agent.connect();
    agent.dictionary({ workloads: [...WORKLOADS] });
    const labels = { reporter: 'source', source_workload: 'cart', destination_workload: 'stock' };
    const again = { flags: RecordFlag.ESTABLISHED | RecordFlag.REANNOUNCED };
    const young = connection({ sentBytes: 1000, receivedBytes: 5000 });
    await agent.deliver([young.opened('source', { ...again, sentBytes: 600n, receivedBytes: 3000n })]);
    await agent.deliver([young.closed('source'), young.closed('destination')]);
    expect(await metric('istio_tcp_sent_bytes_total', labels)).toBe(5000);
    const hour = 3_600_000_000_000n;
    const old = connection({ sentBytes: 1000, receivedBytes: 5000, openedNs: boottimeNs() - hour });
    await agent.deliver([old.opened('source', { ...again, sentBytes: 600n, receivedBytes: 3000n })]);
    await agent.deliver([old.closed('source'), old.closed('destination')]);
    expect(await metric('istio_tcp_sent_bytes_total', labels)).toBe(7000);
    expect(await metric('istio_tcp_received_bytes_total', labels)).toBe(1400);
  });

  it('names the workload behind a refused connect, also when its listener is gone', async () => {
    const agent = test.agent('node-a');
    await agent.connect();
    const listener = { address: '0.0.0.0', port: 8080, netnsCookie: '12', workloadId: 2 };
    agent.dictionary({
      workloads: [...WORKLOADS],
      listeners: [{ ...listener, open: true }],
      namespaces: [{ netnsCookie: '12', addresses: ['10.1.0.2'] }],
    });
    agent.dictionary({ listeners: [{ ...listener, open: false }] });
    await agent.deliver([1, 2, 3].map(() => connection().failed()));
    await agent.deliver([connection({ server: { ...SERVER, port: 9999 } }).failed()]);
    await eventually(async () => {
      const { edges } = await test.get<Topology>('/api/v1/topology?window=60&level=service');
      test.collector.view.judgeNow(Date.now());
      expect(edges).toHaveLength(1);
      expect(edges[0]).toMatchObject({
        destinationName: 'stock',
        health: 'failing',
        healthReason: 'refused',
        traffic: { opened: 0, failed: { total: 4, reasons: { refused: 4 } } },
      });
      expect(edges[0]?.healthSince).not.toBeNull();
    });
    const labels = { source_workload: 'cart', destination_workload: 'stock', reason: 'refused' };
    expect(await metric('undermesh_connect_failures_total', labels)).toBe(4);
  });

  it('names unknown peers by their address', async () => {
    const agent = test.agent('node-a');
    await agent.connect();
    agent.dictionary({ workloads: [...WORKLOADS] });
    await agent.deliver([connection({ server: { ...SERVER, address: '192.0.2.7' } }).closed('source')]);
    await eventually(async () => {
      const { vertices, edges } = await test.get<Topology>('/api/v1/topology?window=60');
      expect(edges[0]).toMatchObject({
        destinationName: '192.0.2.7',
        destinationNamespace: 'outside',
        seenBy: 'source',
      });
      expect(vertices.find((vertex) => vertex.external)).toMatchObject({ kind: 'address', nodes: [] });
    });
  });

  it('counts a frame that comes again once, and one with invalid records in part', async () => {
    const agent = test.agent('node-a');
    await agent.connect();
    agent.dictionary({ workloads: [...WORKLOADS] });
    const one = connection();
    const records = [one.closed('source'), one.closed('destination'), one.closed('source', { event: 77 })];
    await agent.deliver(records, { sequence: 1n });
    await agent.deliver(records, { sequence: 1n, flags: 1 });
    agent.report({ made: 3 });
    await eventually(async () => {
      const { records: books } = await test.get<Status>('/api/v1/status');
      expect(books).toEqual({ made: 3, received: 3, stored: 2, waiting: 0, lost: { invalid: 1 } });
    });
    expect(await metric('undermesh_ingest_repeated_frames_total', {})).toBe(1);
    expect(await metric('undermesh_records_lost_total', { node: 'node-a', reason: 'invalid' })).toBe(1);
  });

  it('joins ends of two nodes, and shows the nodes', async () => {
    const [a, b] = [test.agent('node-a', { clockSkewMs: 5000 }), test.agent('node-b')];
    await Promise.all([a.connect(), b.connect()]);
    for (const agent of [a, b]) agent.dictionary({ workloads: [...WORKLOADS] });
    const one = connection();
    await a.deliver([one.closed('source')]);
    await b.deliver([one.closed('destination')]);
    for (const agent of [a, b]) agent.report({ made: 1 });
    const { edges, vertices } = await test.get<Topology>('/api/v1/topology?window=60&level=node');
    expect(vertices.map((vertex) => vertex.name).sort()).toEqual(['node-a', 'node-b']);
    expect(edges[0]).toMatchObject({ sourceName: 'node-a', destinationName: 'node-b', seenBy: 'both' });
    await eventually(async () => {
      const { items } = await test.get<Nodes>('/api/v1/nodes');
      expect(items.map((node) => [node.name, node.state])).toEqual([
        ['node-a', 'reporting'],
        ['node-b', 'reporting'],
      ]);
      expect(items[0]?.clockSkewMs).toBeGreaterThan(4900);
      expect(items[0]?.clockSkewMs).toBeLessThan(5100);
    });
  });

  it('hides what is ours, and pages through edges with their series', async () => {
    const agent = test.agent('node-a');
    await agent.connect();
    agent.dictionary({ workloads: [...WORKLOADS] });
    const records: Uint8Array[] = [];
    for (let i = 0; i < 5; i++) {
      const one = connection({ server: { ...SERVER, port: 8080 + i } });
      records.push(one.closed('source'), one.closed('destination'));
    }
    const ours = connection({ client: { ...CLIENT, workload: 3 } });
    records.push(ours.closed('source'), ours.closed('destination'));
    await agent.deliver(records);
    const topology = await test.get<Topology>('/api/v1/topology?window=60');
    expect(topology.hidden).toMatchObject({ systemEdges: 1, systemVertices: 1, edges: 0 });
    expect(topology.edges[0]?.ports).toHaveLength(5);
    const whole = await test.get<Edges>(
      '/api/v1/edges?window=60&system=true&series=true&limit=1&order=busiest',
    );
    expect(whole.items).toHaveLength(1);
    expect(whole.next).not.toBeNull();
    expect(whole.total.opened).toBe(6);
    expect(whole.totalSeries?.opened.reduce((a, b) => (a ?? 0) + (b ?? 0), 0)).toBe(6);
    const rest = await test.get<Edges>(
      `/api/v1/edges?window=60&system=true&limit=1&order=busiest&cursor=${whole.next}`,
    );
    expect(rest.items[0]?.sourceName).toBe('undermesh-agent');
    expect(rest.next).toBeNull();
  });

  it('keeps books on requests: made = stored + lost + waiting', async () => {
    const agent = test.agent('node-a');
    await agent.connect();
    agent.dictionary({ workloads: [...WORKLOADS] });
    expect((await test.get<Status>('/api/v1/status')).requests).toBeNull();
    const one = connection();
    const eight = Array.from({ length: 8 }, () => ({}));
    await agent.deliver([one.http('source', eight), one.http('destination', eight, { lostRequests: 3 })]);
    await agent.deliver([one.closed('source'), one.closed('destination')]);
    agent.report({ made: 2, requests: { made: 21, lost: { ring_full: 3 }, waiting: 2 } });
    const balance = { made: 21, received: 16, stored: 16, waiting: 2, lost: { ring_full: 3 } };
    await eventually(async () => {
      expect((await test.get<Status>('/api/v1/status')).requests).toEqual(balance);
    });
    const { items } = await test.get<Nodes>('/api/v1/nodes');
    expect(items[0]?.requests).toEqual(balance);
    const { edges } = await test.get<Topology>('/api/v1/topology?window=60');
    expect(edges[0]?.traffic.requests).toMatchObject({
      total: 8,
      statusClasses: { '2xx': 8 },
      seenBy: 'source',
    });
    expect(edges[0]?.traffic.protocols).toEqual({});
    expect(edges[0]?.split).toMatchObject({ basis: 'both', requests: 8 });
  });
});
