// SPDX-License-Identifier: Apache-2.0
import { metrics, type ObservableResult } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { Part } from '@undermesh/core';
import { LOSS_REASONS } from '@undermesh/schema';
import type { Collector } from '../collector.js';
import { observeEngines } from './engine-metrics.js';
import { BYTE_METRICS, REQUESTS_TOTAL } from './istio-requests.js';
import { istioMetrics } from './istio-series.js';
import { observeNative } from './native-metrics.js';
import type { OtlpOptions } from './otel-durations.js';
import { sendRecordsAsLogs } from './otel-records.js';

/** Signals that the standard OTEL_* variables turn on. */
export interface OtelSignals {
  readonly metrics: boolean;
  readonly traces: boolean;
  readonly logs: boolean;
  /** How metrics are sent; `null` when not by OTLP. */
  readonly otlp: OtlpOptions | null;
}

/**
 * The OpenTelemetry export, a part of the collector's life. Where to and how is configured by the standard OTEL_*
 * variables, which the SDK reads itself. The SDK is loaded only when a signal is on.
 */
export function startOtel(signals: OtelSignals, collector: Collector): Part {
  if (!signals.metrics && !signals.traces && !signals.logs) return { name: 'otel' };
  let stop: () => Promise<void> = async () => {};
  return {
    name: 'otel',
    async start() {
      const { NodeSDK } = await import('@opentelemetry/sdk-node');
      const { resourceFromAttributes } = await import('@opentelemetry/resources');
      const resource = resourceFromAttributes({ 'service.name': 'undermesh-collector' });
      const sdk = new NodeSDK({ resource, instrumentations: [] });
      sdk.start();
      if (signals.metrics) observe(collector);
      const stopDurations =
        signals.metrics && signals.otlp !== null
          ? await durationsOf(collector, { ...signals.otlp, resource })
          : null;
      const stopLogs = signals.logs ? await sendRecordsAsLogs(collector) : () => {};
      stop = async () => {
        stopLogs();
        await stopDurations?.();
        await sdk.shutdown();
      };
    },
    stop: () => stop(),
  };
}

async function durationsOf(
  { requestSeries, routeDurations }: Collector,
  of: OtlpOptions & { readonly resource: Resource },
): Promise<() => Promise<void>> {
  const { exportDurations } = await import('./otel-durations.js');
  return exportDurations({ requests: requestSeries, routes: routeDurations }, of);
}

/** The metrics of /metrics, with the same names and attributes, read when the SDK collects. */
function observe({ series: table, requestSeries, ledger, agents, engines, aggregator }: Collector): void {
  const meter = metrics.getMeter('undermesh');
  const counter = (name: string, description: string, read: (result: ObservableResult) => void): void => {
    meter.createObservableCounter(name, { description }).addCallback(read);
  };
  for (const [at, { name, help }] of istioMetrics(0).entries()) {
    counter(name, help, (result) => {
      for (const one of table.refresh().series) {
        const metric = istioMetrics(one.side)[at];
        if (metric !== undefined) result.observe(table.value(one, metric.counter), one.labels);
      }
    });
  }
  counter(
    'undermesh_connect_failures_total',
    'Connects that were never established, by reason.',
    (result) => {
      for (const one of table.refresh().failures) result.observe(table.failed(one), one.labels);
    },
  );
  counter(REQUESTS_TOTAL.name, REQUESTS_TOTAL.help, (result) => {
    for (const one of requestSeries.refresh().series) result.observe(requestSeries.requests(one), one.labels);
  });
  for (const { name, help, counter: which } of BYTE_METRICS) {
    counter(name, help, (result) => {
      for (const one of requestSeries.refresh().bytes) {
        result.observe(requestSeries.bytes(one, which), one.labels);
      }
    });
  }
  counter('undermesh_records_received_total', 'Connection ends that arrived here.', (result) => {
    result.observe(ledger.balance().received);
  });
  counter('undermesh_records_stored_total', 'Connection ends that are durable.', (result) => {
    result.observe(ledger.balance().stored);
  });
  counter('undermesh_records_lost_total', 'Connection ends that were lost, by node and reason.', (result) => {
    for (const [node, { lost }] of ledger.balances()) {
      for (const reason of LOSS_REASONS) result.observe(lost[reason] ?? 0, { node, reason });
    }
  });
  observeEngines(meter, { agents, engines });
  observeNative(meter, agents);
  meter
    .createObservableGauge('undermesh_open_connections', { description: 'Connection ends that are open.' })
    .addCallback((result) => result.observe(aggregator.open.size));
}
