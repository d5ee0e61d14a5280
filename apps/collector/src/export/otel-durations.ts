// SPDX-License-Identifier: Apache-2.0
import type { HrTime } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { metrics as sdk } from '@opentelemetry/sdk-node';
import { DURATION_BOUNDS_MS } from '../aggregate/pair-durations.js';
import { REQUEST_DURATION, type RequestSeriesTable } from './istio-requests.js';
import type { Labels } from './istio-series.js';
import { ROUTE_BOUNDS_SECONDS, ROUTE_DURATION, type RouteDurations } from './route-durations.js';

/** How OTLP is spoken, as the standard OTEL_* variables say. */
export interface OtlpOptions {
  readonly protocol: string;
  readonly exportIntervalMs: number;
}

type Exporter = ConstructorParameters<typeof sdk.PeriodicExportingMetricReader>[0]['exporter'];

/** Where durations stand. */
export interface DurationTables {
  readonly requests: RequestSeriesTable;
  readonly routes: RouteDurations;
}

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
 * Exports the histograms of durations, Istio's and by route. The API has no histogram that is read instead of recorded, so the
 * tables' buckets go out through a reader of their own, whose only source they are. Returns the function that ends it.
 */
export async function exportDurations(
  tables: DurationTables,
  of: OtlpOptions & { readonly resource: Resource },
): Promise<() => Promise<void>> {
  const reader = new sdk.PeriodicExportingMetricReader({
    exporter: await exporterOf(of.protocol),
    exportIntervalMillis: of.exportIntervalMs,
    exportTimeoutMillis: of.exportIntervalMs,
    metricProducers: [producerOf(tables, of.resource)],
  });
  const provider = new sdk.MeterProvider({ resource: of.resource, readers: [reader] });
  return () => provider.shutdown();
}

function producerOf({ requests, routes }: DurationTables, resource: Resource): sdk.MetricProducer {
  const startTime = hrTime(Date.now());
  return {
    async collect() {
      const times = { startTime, endTime: hrTime(Date.now()) };
      const ofRequests = requests.refresh().series.map((one) => {
        const { counts, sumMs } = requests.durations(one);
        return { labels: one.labels, counts, sum: sumMs };
      });
      const metrics = [
        metricOf({ ...REQUEST_DURATION, unit: 'ms', bounds: DURATION_BOUNDS_MS }, ofRequests, times),
        metricOf({ ...ROUTE_DURATION, unit: 's', bounds: ROUTE_BOUNDS_SECONDS }, routes.read(), times),
      ].filter(({ dataPoints }) => dataPoints.length > 0);
      return {
        resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'undermesh' }, metrics }] },
        errors: [],
      };
    },
  };
}

function metricOf(
  of: {
    readonly name: string;
    readonly help: string;
    readonly unit: string;
    readonly bounds: readonly number[];
  },
  histograms: readonly { readonly labels: Labels; readonly counts: number[]; readonly sum: number }[],
  times: { readonly startTime: HrTime; readonly endTime: HrTime },
): sdk.HistogramMetricData {
  return {
    descriptor: { name: of.name, description: of.help, unit: of.unit, valueType: 1 },
    aggregationTemporality: sdk.AggregationTemporality.CUMULATIVE,
    dataPointType: sdk.DataPointType.HISTOGRAM,
    dataPoints: histograms.map(({ labels, counts, sum }) => ({
      ...times,
      attributes: labels,
      value: {
        buckets: { boundaries: [...of.bounds], counts },
        count: counts.reduce((total, count) => total + count, 0),
        sum,
      },
    })),
  };
}

const hrTime = (ms: number): HrTime => [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
