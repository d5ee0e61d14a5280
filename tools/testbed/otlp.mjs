// SPDX-License-Identifier: Apache-2.0
// An OpenTelemetry receiver: takes OTLP/HTTP metrics as protobuf and keeps the newest value of every series. The
// messages are those of opentelemetry-proto v1 with the field numbers of its metrics.proto, common.proto and
// resource.proto, as far as they are read here; protobuf skips what is not named.
import { once } from 'node:events';
import { createServer } from 'node:http';
import protobuf from 'protobufjs';

const schema = `syntax = "proto3";
message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeMetrics { repeated Metric metrics = 2; }
message Metric { string name = 1; string description = 2; string unit = 3; Gauge gauge = 5; Sum sum = 7; }
message Gauge { repeated NumberDataPoint data_points = 1; }
message Sum { repeated NumberDataPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message NumberDataPoint {
  fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; double as_double = 4; sfixed64 as_int = 6;
  repeated KeyValue attributes = 7;
}
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; }`;

const request = protobuf.parse(schema).root.lookupType('ExportMetricsServiceRequest');

/**
 * Starts a receiver on a free loopback port.
 * @returns {Promise<{ url: string, exports: () => number, resource: () => Record<string, string>,
 *   samples: (name: string, labels?: Record<string, string>) => { labels: Record<string, string>, value: number,
 *   monotonic: boolean, cumulative: boolean }[], stop: () => void }>} `samples` of the newest export
 */
export async function startReceiver() {
  let exports = 0;
  let resource = {};
  let metrics = new Map();
  const server = createServer(async (message, response) => {
    const chunks = [];
    for await (const chunk of message) chunks.push(chunk);
    if (message.method !== 'POST' || message.url !== '/v1/metrics') return response.writeHead(404).end();
    const { resourceMetrics } = request.decode(Buffer.concat(chunks));
    exports += 1;
    metrics = new Map();
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
