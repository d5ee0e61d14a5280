// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Credentials } from '../../src/control/credentials.js';
import { OperatorToken } from '../../src/control/operator-token.js';
import { EngineAgent, FakeAgent, FakeConnection } from '../../test-support/index.js';
import { eventually } from '../support/collector.js';
import { decodeLogs, decodeMetrics, decodeSpans } from './otlp.js';

const bodies = new Map<string, Uint8Array[]>();
let receiver: Server;
let endpoint: string;
beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      bodies.set(path, [...(bodies.get(path) ?? []), Buffer.concat(chunks)]);
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  endpoint = `http://127.0.0.1:${(receiver.address() as { port: number }).port}`;
});
afterAll(() => receiver.close());

const received = <T>(path: string, decode: (body: Uint8Array) => T[]): T[] =>
  (bodies.get(path) ?? []).flatMap(decode);

it('exports metrics, records and traces over OTLP, as the standard variables say', {
  timeout: 60_000,
}, async () => {
  const data = mkdtempSync(join(tmpdir(), 'undermesh-otel-'));
  const program = join(import.meta.dirname, '../../bin/undermesh-collector.mjs');
  const child = spawn(process.execPath, [program, '--data', data, '--port', '0'], {
    env: {
      ...process.env,
      UNDERMESH_SUPERVISED: '1',
      UNDERMESH_COLLECTOR_STORE_DRIVER: 'memory',
      UNDERMESH_COLLECTOR_OTEL_RECORDS: 'true',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRIC_EXPORT_INTERVAL: '300',
      OTEL_METRIC_EXPORT_TIMEOUT: '300',
      OTEL_BLRP_SCHEDULE_DELAY: '200',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  try {
    let log = '';
    child.stderr.on('data', (chunk) => {
      log += chunk;
    });
    const url = await eventually(() => {
      const found = /"url":"([^"]+)"/.exec(log)?.[1];
      if (found === undefined) throw new Error(`not listening: ${log}`);
      return found;
    });
    const credential = new Credentials(data).create('node-a');
    const agent = new FakeAgent({ url, node: 'node-a', credential });
    const engine = new EngineAgent(agent);
    await engine.connect();
    agent.dictionary({
      workloads: [
        { id: 1, namespace: 'shop', name: 'cart', kind: 'process', system: false },
        { id: 2, namespace: 'shop', name: 'stock', kind: 'process', system: false },
      ],
    });
    const one = new FakeConnection({
      client: { address: '10.0.0.1', port: 1000, workload: 1 },
      server: { address: '10.0.0.2', port: 80, workload: 2 },
    });
    const requests = [
      { status: 200, lastByteUs: 3_000 },
      { status: 200, lastByteUs: 30_000 },
      { status: 404 },
    ];
    await agent.deliver([one.http('source', requests), one.http('destination', requests)]);
    await agent.deliver([one.closed('source'), one.closed('destination')]);
    await eventually(() => {
      const metrics = received('/v1/metrics', decodeMetrics);
      const total = metrics.findLast((metric) => metric.name === 'istio_requests_total');
      expect(total).toMatchObject({ monotonic: true, cumulative: true });
      expect(total?.points.map(({ value, attributes }) => [attributes.response_code, value])).toEqual([
        ['200', 2],
        ['404', 1],
        ['200', 2],
        ['404', 1],
      ]);
      const durations = metrics.findLast(
        (metric) => metric.name === 'istio_request_duration_milliseconds' && metric.histogram.length === 4,
      );
      expect(durations?.cumulative).toBe(true);
      const [first] = durations?.histogram ?? [];
      expect(first).toMatchObject({
        count: 2,
        sum: 33,
        attributes: { reporter: 'source', response_code: '200', request_protocol: 'http' },
      });
      expect(first?.bounds.slice(0, 3)).toEqual([0.5, 1, 5]);
      expect(first?.counts).toHaveLength(20);
      expect([first?.counts[2], first?.counts[5]]).toEqual([1, 1]);
    }, 15_000);
    await eventually(() => {
      const metrics = received('/v1/metrics', decodeMetrics);
      const opened = metrics.findLast((metric) => metric.name === 'istio_tcp_connections_opened_total');
      expect(opened).toMatchObject({ monotonic: true, cumulative: true });
      expect(opened?.points).toHaveLength(2);
      expect(opened?.points[0]).toMatchObject({
        value: 1,
        attributes: { source_workload: 'cart', destination_workload: 'stock', request_protocol: 'tcp' },
      });
      const stored = metrics.findLast((metric) => metric.name === 'undermesh_records_stored_total');
      expect(stored?.points[0]?.value).toBe(2);
    }, 15_000);
    const ordered = await fetch(`${url}/api/v1/nodes/node-a/engine`, {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${new OperatorToken(data).reset()}`,
      },
      body: JSON.stringify({ engine: 'dual-engine', reason: 'tested' }),
    });
    expect(ordered.status).toBe(200);
    await engine.ordered(1);
    engine.obey();
    await eventually(() => {
      const metrics = received('/v1/metrics', decodeMetrics);
      const engines = metrics.findLast((metric) => metric.name === 'undermesh_node_engine');
      const ones = engines?.points.filter(({ value }) => value === 1);
      expect(ones?.map(({ attributes }) => attributes)).toEqual([
        { node: 'node-a', engine: 'dual-engine', state: 'desired' },
        { node: 'node-a', engine: 'dual-engine', state: 'observed' },
      ]);
      const drift = metrics.findLast((metric) => metric.name === 'undermesh_engine_drift');
      expect(drift?.points).toMatchObject([{ value: 0, attributes: { node: 'node-a' } }]);
      const switches = metrics.findLast((metric) => metric.name === 'undermesh_engine_switch_seconds');
      expect(switches?.histogram).toMatchObject([{ count: 1, attributes: { engine: 'dual-engine' } }]);
      engine.say({});
    }, 15_000);
    await eventually(() => {
      const logs = received('/v1/logs', decodeLogs);
      expect(logs).toHaveLength(2);
      expect(logs[0]).toMatchObject({
        eventName: 'undermesh.connection',
        body: 'connection closed',
        attributes: { source_workload: 'cart', reason: 'local_fin', 'network.peer.address': '10.0.0.2' },
      });
    }, 15_000);
    await eventually(() => {
      expect(received('/v1/traces', decodeSpans)).toContainEqual({
        service: 'undermesh-collector',
        name: 'ingest frame',
        attributes: { node: 'node-a', records: 2, bytes: 384 },
      });
    }, 15_000);
    await agent.close();
  } finally {
    child.stdin.end();
    await once(child, 'exit');
  }
});
