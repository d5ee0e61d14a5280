// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process';
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
  agent.report({ made: records.length, lost: { ring_full: 3 } });
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

  it('caps label sets and counts the rest', () => {
    expect(lines('istio_tcp_sent_bytes_total')).toHaveLength(12);
    expect(text).toMatch(/^undermesh_series_overflow_total 5$/m);
  });

  it.skipIf(!hasPromtool)('is clean for promtool (skipped: promtool is not installed)', () => {
    expect(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('');
  });
});
