// SPDX-License-Identifier: Apache-2.0
import type { HrTime } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { metrics as sdk } from '@opentelemetry/sdk-node';
import { DURATION_BOUNDS_MS } from '../aggregate/response-codes.js';
import { REQUEST_DURATION, type RequestSeriesTable } from './istio-requests.js';

/** How OTLP is spoken, as the standard OTEL_* variables say. */
export interface OtlpOptions {
  readonly protocol: string;
  readonly exportIntervalMs: number;
}

type Exporter = ConstructorParameters<typeof sdk.PeriodicExportingMetricReader>[0]['exporter'];

async function exporterOf(protocol: string): Promise<Exporter> {
  switch (protocol) {
    case 'grpc':
      return new (await import('@opentelemetry/exporter-metrics-otlp-grpc')).OTLPMetricExporter();
    case 'http/json':
      return new (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter();
    default:
      return new (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter();
  }
}

/**
 * Exports Istio's histogram of durations. The API has no histogram that is read instead of recorded, so the table's
 * buckets go out through a reader of their own, whose only source they are. Returns the function that ends it.
 */
export async function exportDurations(
  table: RequestSeriesTable,
  of: OtlpOptions & { readonly resource: Resource },
): Promise<() => Promise<void>> {
  const reader = new sdk.PeriodicExportingMetricReader({
    exporter: await exporterOf(of.protocol),
    exportIntervalMillis: of.exportIntervalMs,
    exportTimeoutMillis: of.exportIntervalMs,
    metricProducers: [producerOf(table, of.resource)],
  });
  const provider = new sdk.MeterProvider({ resource: of.resource, readers: [reader] });
  return () => provider.shutdown();
}

function producerOf(table: RequestSeriesTable, resource: Resource): sdk.MetricProducer {
  const startTime = hrTime(Date.now());
  return {
    async collect() {
      const endTime = hrTime(Date.now());
      const dataPoints = table.refresh().series.map((one) => {
        const { counts, count, sumMs } = table.durations(one);
        return {
          startTime,
          endTime,
          attributes: one.labels,
          value: { buckets: { boundaries: [...DURATION_BOUNDS_MS], counts }, count, sum: sumMs },
        };
      });
      const metric: sdk.HistogramMetricData = {
        descriptor: {
          name: REQUEST_DURATION.name,
          description: REQUEST_DURATION.help,
          unit: 'ms',
          valueType: 1,
        },
        aggregationTemporality: sdk.AggregationTemporality.CUMULATIVE,
        dataPointType: sdk.DataPointType.HISTOGRAM,
        dataPoints,
      };
      const metrics = dataPoints.length === 0 ? [] : [metric];
      return {
        resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'undermesh' }, metrics }] },
        errors: [],
      };
    },
  };
}

const hrTime = (ms: number): HrTime => [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
