// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { HttpLimit, HttpSampleFlag } from '@undermesh/bpf-abi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeConnection } from '../../test-support/index.js';
import { startCollector, type TestCollector } from '../support/collector.js';

/** Istio's standard metrics, as istio.io documents their labels for TCP. */
const ISTIO_TCP_LABELS = [
  'reporter',
  'source_workload',
  'source_canonical_service',
  'source_canonical_revision',
  'source_workload_namespace',
  'source_principal',
  'source_app',
  'source_version',
  'source_cluster',
  'destination_workload',
  'destination_workload_namespace',
  'destination_principal',
  'destination_app',
  'destination_version',
  'destination_service',
  'destination_canonical_service',
  'destination_canonical_revision',
  'destination_service_name',
  'destination_service_namespace',
  'destination_cluster',
  'request_protocol',
  'response_flags',
  'connection_security_policy',
];
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

let test: TestCollector;
let text: string;
beforeAll(async () => {
  test = await startCollector({ limits: { series: 12 } });
  const agent = test.agent('node-a');
  await agent.connect();
  agent.dictionary({
    workloads: [
      { id: 1, namespace: 'shop', name: 'cart', version: 'v2', kind: 'kubernetes', system: false },
      ...Array.from({ length: 10 }, (_, i) => ({
        id: 10 + i,
        namespace: 'shop',
        name: `extra-${i}`,
        kind: 'process' as const,
        system: false,
      })),
    ],
  });
  const records: Uint8Array[] = [];
  for (const workload of [1, 10, 11, 12, 13, 14, 15, 16]) {
    const one = new FakeConnection({
      client: { address: '10.0.0.1', port: 1000, workload: 1 },
      server: { address: '10.0.0.2', port: 80, workload },
    });
    records.push(one.closed('source'), one.closed('destination'), one.failed());
  }
  await agent.deliver(records);
  const http = new FakeConnection({
    client: { address: '10.0.0.1', port: 1000, workload: 1 },
    server: { address: '10.0.0.2', port: 80, workload: 10 },
  });
  const samples = [
    { status: 200, lastByteUs: 400 },
    { status: 200, lastByteUs: 1_000 },
    { status: 200, lastByteUs: 720_000_000 },
    { status: 204, lastByteUs: 30_000 },
    { status: 503, lastByteUs: HttpLimit.UNKNOWN_US },
    { status: 0, flags: HttpSampleFlag.UNANSWERED },
  ];
  const bytes = { requestBytes: 600n, responseBytes: 9_000n };
  await agent.deliver([
    http.http('source', samples, bytes),
    http.http('destination', samples.slice(0, 5), bytes),
  ]);
  agent.report({
    made: records.length,
    lost: { ring_full: 3 },
    requests: { made: 13, lost: { ring_full: 2 }, waiting: 0 },
  });
  text = await test.get<string>('/metrics');
});
afterAll(() => test.stop());

const lines = (name: string): string[] => text.split('\n').filter((line) => line.startsWith(`${name}{`));

describe('/metrics', () => {
  it.each(['connections_opened', 'connections_closed', 'sent_bytes', 'received_bytes'])(
    "istio_tcp_%s_total has Istio's labels and no others",
    (what) => {
      const series = lines(`istio_tcp_${what}_total`);
      expect(series.length).toBeGreaterThan(0);
      for (const one of series) {
        const labels = [...one.matchAll(/([a-z_]+)="/g)].map(([, name]) => name);
        expect(labels.sort()).toEqual([...ISTIO_TCP_LABELS].sort());
      }
    },
  );

  it('writes values the way Istio does', () => {
    const source = lines('istio_tcp_connections_opened_total').find(
      (line) => line.includes('reporter="source"') && line.includes('destination_workload="cart"'),
    );
    expect(source).toContain('source_version="v2"');
    expect(source).toContain('source_principal="unknown"');
    expect(source).toContain('destination_service="cart.shop.svc.cluster.local"');
    expect(source).toContain(
      'request_protocol="tcp",response_flags="-",connection_security_policy="unknown"',
    );
    const destination = lines('istio_tcp_connections_opened_total').find((line) =>
      line.includes('reporter="destination"'),
    );
    expect(destination).toContain('connection_security_policy="none"');
  });

  it("istio_requests_total has Istio's labels, and each response code its own count", () => {
    const series = lines('istio_requests_total');
    for (const one of series) {
      const labels = [...one.matchAll(/([a-z_]+)="/g)].map(([, name]) => name);
      expect(labels.sort()).toEqual([...ISTIO_TCP_LABELS, 'response_code'].sort());
      expect(one).toContain('request_protocol="http"');
    }
    const counts = series.map((one) => {
      const label = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(one)?.[1];
      return [label('reporter'), label('response_code'), Number(one.slice(one.lastIndexOf(' ')))];
    });
    expect(counts).toEqual([
      ['source', '200', 3],
      ['source', '204', 1],
      ['source', '503', 1],
      ['source', '0', 1],
      ['destination', '200', 3],
      ['destination', '204', 1],
      ['destination', '503', 1],
    ]);
  });

  it("istio_request_duration_milliseconds has Istio's buckets, and the time at the reporter", () => {
    const of = (suffix: string) =>
      lines(`istio_request_duration_milliseconds_${suffix}`)
        .filter((one) => one.includes('reporter="source"') && one.includes('response_code="200"'))
        .map((one) => [/le="([^"]*)"/.exec(one)?.[1], Number(one.slice(one.lastIndexOf(' ')))]);
    const buckets = of('bucket');
    expect(buckets).toHaveLength(20);
    expect(buckets.slice(0, 2)).toEqual([
      ['0.5', 1],
      ['1', 2],
    ]);
    expect(buckets.slice(-3)).toEqual([
      ['1800000', 3],
      ['3600000', 3],
      ['+Inf', 3],
    ]);
    expect(of('count')).toEqual([[undefined, 3]]);
    expect(of('sum')).toEqual([[undefined, 720_001.4]]);
    const unknown = lines('istio_request_duration_milliseconds_count').filter((one) => one.includes('"503"'));
    expect(unknown.every((one) => one.endsWith(' 0'))).toBe(true);
    expect(lines('undermesh_response_bytes_total').map((one) => one.slice(one.lastIndexOf(' ')))).toEqual([
      ' 9000',
      ' 9000',
    ]);
  });

  it('keeps books on requests', () => {
    expect(text).toMatch(/^undermesh_requests_made_total 13$/m);
    expect(text).toMatch(/^undermesh_requests_stored_total 11$/m);
    expect(text).toMatch(/^undermesh_requests_waiting 0$/m);
    expect(lines('undermesh_requests_lost_total').find((one) => one.includes('ring_full'))).toMatch(/ 2$/);
  });

  it('caps label sets and counts the rest', () => {
    expect(lines('istio_tcp_sent_bytes_total')).toHaveLength(12);
    expect(text).toMatch(/^undermesh_series_overflow_total 5$/m);
  });

  it.skipIf(!hasPromtool)('is clean for promtool (skipped: promtool is not installed)', () => {
    const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    // Istio chose this name, not we.
    const known = 'istio_request_duration_milliseconds use base unit "seconds" instead of "milliseconds"';
    expect(`${stdout}${stderr}`.trim().split('\n')).toEqual([known]);
  });
});
