// SPDX-License-Identifier: Apache-2.0
// An OpenTelemetry receiver: takes OTLP/HTTP metrics as protobuf, read by the official definitions, and keeps the newest
// value of every series.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { opentelemetry } = require('otlp-protos/build/src/generated/root.js');
const request = opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;

/**
 * Starts a receiver on a free loopback port.
 * @returns {Promise<{ url: string, exports: () => number, resource: () => Record<string, string>,
 *   samples: (name: string, labels?: Record<string, string>) => { labels: Record<string, string>, value: number,
 *   monotonic: boolean, cumulative: boolean }[], stop: () => void }>} `samples` of the newest export
 */
export async function startReceiver() {
  let exports = 0;
  let resource = {};
  const metrics = new Map();
  const server = createServer(async (message, response) => {
    const chunks = [];
    for await (const chunk of message) chunks.push(chunk);
    if (message.method !== 'POST' || message.url !== '/v1/metrics') return response.writeHead(404).end();
    const { resourceMetrics } = request.decode(Buffer.concat(chunks));
    exports += 1;
    for (const one of resourceMetrics) {
      resource = labelsOf(one.resource?.attributes ?? []);
      for (const { metrics: list } of one.scopeMetrics) for (const metric of list) take(metrics, metric);
    }
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    exports: () => exports,
    resource: () => resource,
    samples: (name, labels = {}) =>
      (metrics.get(name) ?? []).filter((one) =>
        Object.entries(labels).every(([key, value]) => one.labels[key] === value),
      ),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function take(metrics, { name, sum, gauge }) {
  const points = (sum ?? gauge)?.dataPoints ?? [];
  metrics.set(
    name,
    points.map((point) => ({
      labels: labelsOf(point.attributes),
      value: Number(Object.hasOwn(point, 'asInt') ? point.asInt : point.asDouble),
      monotonic: sum?.isMonotonic === true,
      cumulative: sum?.aggregationTemporality === 2,
    })),
  );
}

const labelsOf = (attributes) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value?.stringValue ?? '']));
