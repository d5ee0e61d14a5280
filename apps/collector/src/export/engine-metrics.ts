// SPDX-License-Identifier: Apache-2.0
import type { Meter } from '@opentelemetry/api';
import { ENGINES, type NodeEngine } from '@undermesh/schema';
import { Gauge, Histogram, type Registry } from 'prom-client';
import type { Engines } from '../control/engines.js';
import type { Agents } from '../ingest/agents.js';

/** Upper bounds of the time that a switch takes, seconds. */
const SWITCH_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10];

const ENGINE = {
  name: 'undermesh_node_engine',
  help: '1 for the engine of a node as it is desired and as it is read back from its kernel.',
} as const;
const DRIFT = {
  name: 'undermesh_engine_drift',
  help: '1 while the kernel of a node is not as it ought to be, or an order has not been carried out in time.',
} as const;
const SWITCH = {
  name: 'undermesh_engine_switch_seconds',
  help: 'From the order that an operator gave to the readback from the kernel, of nodes that were reporting.',
} as const;

export interface EngineMetricsParts {
  readonly agents: Agents;
  readonly engines: Engines;
}

/** What is known of nodes that have come: of a silent one only what is desired. */
function* enginesOf({ agents, engines }: EngineMetricsParts): Iterable<[string, NodeEngine]> {
  const now = Date.now();
  for (const { node } of agents.all()) yield [node, engines.describe(node, now)];
}

/** The label sets of {@link ENGINE} that are 1. */
function* engineLabels(parts: EngineMetricsParts): Iterable<{ node: string; engine: string; state: string }> {
  for (const [node, { desired, observed, state }] of enginesOf(parts)) {
    yield { node, engine: desired, state: 'desired' };
    if (observed !== null && state !== 'silent') yield { node, engine: observed, state: 'observed' };
  }
}

/** Adds them to what Prometheus scrapes. */
export function registerEngines(registry: Registry, parts: EngineMetricsParts): void {
  new Gauge({
    ...ENGINE,
    labelNames: ['node', 'engine', 'state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const labels of engineLabels(parts)) this.set(labels, 1);
    },
  });
  new Gauge({
    ...DRIFT,
    labelNames: ['node'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [node, { state }] of enginesOf(parts)) this.set({ node }, state === 'drift' ? 1 : 0);
    },
  });
  const switches = new Histogram({
    ...SWITCH,
    labelNames: ['engine'],
    buckets: SWITCH_SECONDS,
    registers: [registry],
  });
  for (const engine of ENGINES) switches.zero({ engine }); // what begins at 1 shows no increase
  parts.engines.onSwitch((_node, engine, milliseconds) => switches.observe({ engine }, milliseconds / 1000));
}

/** Adds them to what OpenTelemetry exports. */
export function observeEngines(meter: Meter, parts: EngineMetricsParts): void {
  meter.createObservableGauge(ENGINE.name, { description: ENGINE.help }).addCallback((result) => {
    // The SDK goes on exporting what was observed once: what is no longer so has to be said.
    for (const [node, { desired, observed, state }] of enginesOf(parts)) {
      const now = { desired, observed: state === 'silent' ? null : observed };
      for (const engine of ENGINES) {
        result.observe(now.desired === engine ? 1 : 0, { node, engine, state: 'desired' });
        result.observe(now.observed === engine ? 1 : 0, { node, engine, state: 'observed' });
      }
    }
  });
  meter.createObservableGauge(DRIFT.name, { description: DRIFT.help }).addCallback((result) => {
    for (const [node, { state }] of enginesOf(parts)) result.observe(state === 'drift' ? 1 : 0, { node });
  });
  const switches = meter.createHistogram(SWITCH.name, {
    description: SWITCH.help,
    unit: 's',
    advice: { explicitBucketBoundaries: SWITCH_SECONDS },
  });
  parts.engines.onSwitch((_node, engine, milliseconds) => switches.record(milliseconds / 1000, { engine }));
}
