// SPDX-License-Identifier: Apache-2.0
// What an OpenTelemetry receiver is told is what the load made, and what /metrics tells.
import { setTimeout as pause } from 'node:timers/promises';
import { runLoadClient, startLoadServer } from '../../../testbed/load.mjs';
import { samples } from '../../../testbed/metrics.mjs';
import { joinByBridge } from '../../../testbed/namespaces.mjs';
import { startReceiver } from '../../../testbed/otlp.mjs';
import { Road } from '../../../testbed/road.mjs';
import { Findings } from './findings.mjs';

const istio = ['opened_total', 'closed_total'].map((name) => `istio_tcp_connections_${name}`);
istio.push('istio_tcp_sent_bytes_total', 'istio_tcp_received_bytes_total');

/** @param {{ name: string, connections: number, refused: number }} options */
export async function opentelemetry({ name, connections, refused }) {
  const findings = new Findings();
  const receiver = await startReceiver();
  const road = await Road.create(name);
  try {
    const [fabric, left, right] = ['fabric', 'left', 'right'].map((part) => road.testbed.namespace(part));
    joinByBridge(fabric, [
      { namespace: left, addresses: ['10.99.1.1/16', 'fd99::1:1/64'] },
      { namespace: right, addresses: ['10.99.2.1/16', 'fd99::2:1/64'] },
    ]);
    await road.startCollector({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_METRIC_EXPORT_INTERVAL: '1000',
        OTEL_METRIC_EXPORT_TIMEOUT: '900',
      },
    });
    await road.startAgent('left');
    await road.startAgent('right');
    const server = { namespace: right, cgroup: road.testbed.cgroup('right/shop/server') };
    const client = { namespace: left, cgroup: road.testbed.cgroup('left/shop/client') };
    const address = ['10.99.2.1', 'fd99::2:1'];
    await startLoadServer(road.testbed, { address, port: '9000-9001' }, server);
    await pause(1500);
    const load = {
      address,
      port: '9000-9001',
      connections,
      concurrency: 32,
      send: '16-2000',
      receive: '1-8000',
    };
    const made = await runLoadClient(road.testbed, load, client);
    const failing = { address, port: 9999, connections: refused, concurrency: 8 };
    const failed = await runLoadClient(road.testbed, failing, client);
    await road.settled(2 * connections + refused);
    await pause(3000); // ends without a partner wait for the name of their peer; then a whole export
    const exports = receiver.exports();
    while (receiver.exports() < exports + 2) await pause(100);

    findings.tell('exports received', receiver.exports());
    findings.equal('service.name', receiver.resource()['service.name'], 'undermesh-collector');
    const expected = {
      istio_tcp_connections_opened_total: made.established,
      istio_tcp_connections_closed_total: made.completed,
      istio_tcp_sent_bytes_total: made.bytesReceived,
      istio_tcp_received_bytes_total: made.bytesSent,
    };
    for (const metric of istio) {
      for (const reporter of ['source', 'destination']) {
        const labels = { reporter, source_workload: 'client', destination_workload: 'server' };
        const found = receiver.samples(metric, labels);
        findings.equal(`${metric}, reporter ${reporter}`, sum(found), expected[metric]);
      }
    }
    const failures = receiver.samples('undermesh_connect_failures_total', { reason: 'refused' });
    findings.equal('undermesh_connect_failures_total, refused', sum(failures), failed.failed.ECONNREFUSED);
    findings.equal(
      'undermesh_records_stored_total',
      sum(receiver.samples('undermesh_records_stored_total')),
      2 * connections + refused,
    );
    judgeSame(findings, receiver, await road.metrics());
  } finally {
    await road.destroy();
    receiver.stop();
  }
  return findings.result;
}

const sum = (list) => list.reduce((all, { value }) => all + value, 0);

// Series by series: the labels and the value of /metrics.
function judgeSame(findings, receiver, text) {
  for (const metric of [...istio, 'undermesh_connect_failures_total']) {
    const here = samples(text, metric);
    const there = receiver.samples(metric);
    const key = ({ labels, value }) => `${JSON.stringify(Object.entries(labels).sort())} ${value}`;
    const same = here.map(key).sort().join('\n') === there.map(key).sort().join('\n');
    const counters = there.every(({ monotonic, cumulative }) => monotonic && cumulative);
    findings.holds(
      `${metric}: the series of /metrics, as cumulative counters`,
      same && counters,
      `${there.length} series`,
    );
  }
}
