// SPDX-License-Identifier: Apache-2.0
import type { Meter, ObservableResult } from '@opentelemetry/api';
import { Gauge, Counter as PromCounter, type Registry } from 'prom-client';
import type { Agents } from '../ingest/agents.js';
import type { Labels } from './istio-series.js';

/** Label sets of one metric with their values, read when somebody collects. */
interface NativeMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly labels: readonly string[];
  read(agents: Agents): Iterable<[Labels, number]>;
}

const METRICS: readonly NativeMetric[] = [
  {
    name: 'undermesh_route_requests_total',
    help: 'Requests that kernels took by a route, over all nodes, by backend and by what became of them.',
    type: 'counter',
    labels: ['service', 'route', 'rule', 'number', 'backend', 'result'],
    *read({ native }) {
      for (const { route, requests, rejected, limited } of native.totals()) {
        const labels = {
          service: route.service,
          route: route.route,
          rule: String(route.rule),
          number: String(route.number),
          backend: route.backend ?? '',
        };
        yield [{ ...labels, result: 'routed' }, Math.max(0, requests - rejected - limited)];
        yield [{ ...labels, result: 'rejected' }, rejected];
        yield [{ ...labels, result: 'limited' }, limited];
      }
    },
  },
  {
    name: 'undermesh_route_requests_overflow_total',
    help: 'Requests whose route and backend found no room in undermesh_route_requests_total.',
    type: 'counter',
    labels: [],
    *read({ native }) {
      yield [{}, native.overflow];
    },
  },
  {
    name: 'undermesh_native_fallbacks_total',
    help: 'Requests and connections that the kernel-native engine let go on without a choice by route, by reason.',
    type: 'counter',
    labels: ['node', 'reason'],
    *read({ native }) {
      const now = Date.now();
      for (const [node, of] of native.nodes()) {
        for (const { reason, count } of of.fallbacks(now)) yield [{ node, reason }, count];
      }
    },
  },
  {
    name: 'undermesh_native_module_loaded',
    help: 'Whether the kernel module is loaded on nodes that may run the kernel-native engine.',
    type: 'gauge',
    labels: ['node', 'version'],
    *read({ native }) {
      for (const [node, { report }] of native.nodes()) {
        yield [{ node, version: report.module.version ?? '' }, report.module.loaded ? 1 : 0];
      }
    },
  },
  {
    name: 'undermesh_native_services_not_expressible',
    help: 'Services whose routes the kernel-native engine cannot choose by.',
    type: 'gauge',
    labels: ['node'],
    *read({ native }) {
      for (const [node, { report }] of native.nodes()) yield [{ node }, report.notExpressibleTotal];
    },
  },
];

/** Adds them to what Prometheus scrapes. */
export function registerNative(registry: Registry, agents: Agents): void {
  for (const { name, help, type, labels, read } of METRICS) {
    const settings = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'gauge') {
      new Gauge({
        ...settings,
        collect() {
          this.reset();
          for (const [of, value] of read(agents)) this.set(of, value);
        },
      });
      continue;
    }
    new PromCounter({
      ...settings,
      collect() {
        this.reset();
        for (const [of, value] of read(agents)) this.inc(of, value);
      },
    });
  }
}

/** Adds them to what OpenTelemetry exports. */
export function observeNative(meter: Meter, agents: Agents): void {
  for (const { name, help, type, read } of METRICS) {
    const observe = (result: ObservableResult): void => {
      for (const [labels, value] of read(agents)) result.observe(value, labels);
    };
    const options = { description: help };
    if (type === 'gauge') meter.createObservableGauge(name, options).addCallback(observe);
    else meter.createObservableCounter(name, options).addCallback(observe);
  }
}
