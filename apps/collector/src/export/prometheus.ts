// SPDX-License-Identifier: Apache-2.0
import { setImmediate as turn } from 'node:timers/promises';
import { LOSS_REASONS } from '@undermesh/schema';
import { collectDefaultMetrics, Gauge, Counter as PromCounter, Registry } from 'prom-client';
import type { Aggregator } from '../aggregate/aggregator.js';
import { DURATION_BOUNDS_MS } from '../aggregate/pair-durations.js';
import type { ChangeLog } from '../control/change-log.js';
import type { Engines } from '../control/engines.js';
import type { Agents } from '../ingest/agents.js';
import type { Ingest, IngestTotals } from '../ingest/ingest.js';
import type { Ledger } from '../ingest/ledger.js';
import type { RecordStore } from '../store/store.js';
import { registerControl } from './control-metrics.js';
import { registerEngines } from './engine-metrics.js';
import { BYTE_METRICS, REQUEST_DURATION, REQUESTS_TOTAL, type RequestSeriesTable } from './istio-requests.js';
import { type IstioSeriesTable, istioMetrics } from './istio-series.js';
import { registerNative } from './native-metrics.js';
import { ROUTE_BOUNDS_SECONDS, ROUTE_DURATION, type RouteDurations } from './route-durations.js';

/** Label sets that are written before others may get their turn. */
const CHUNK = 1000;
/**
 * How long a scrape writes before they do, ms. Under a flood of frames a turn of the event loop is full: a scrape that
 * gave way after every chunk would wait for a hundred of them.
 */
const TURN_MS = 10;

/** Gauges of prom-client whose names say counter. */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

export interface PrometheusParts {
  readonly series: IstioSeriesTable;
  readonly requestSeries: RequestSeriesTable;
  readonly routeDurations: RouteDurations;
  readonly aggregator: Aggregator;
  readonly agents: Agents;
  readonly engines: Engines;
  readonly changes: ChangeLog;
  readonly ledger: Ledger;
  readonly requestLedger: Ledger;
  readonly ingest: Ingest;
  readonly store: RecordStore;
}

/**
 * How often the lag of the event loop is measured, ms, which is also what an idle loop shows as its lag. The library's 10
 * are half of what an idle collector takes.
 */
const LOOP_MS = 50;

/**
 * The text of /metrics. Istio's metrics, of which there may be many, are written straight from the totals and in
 * chunks, so that a large answer does not hold up ingest; everything else is a prom-client registry filled at scrape.
 */
export class Prometheus {
  readonly #parts: PrometheusParts;
  readonly #registry = new Registry();

  constructor(parts: PrometheusParts) {
    this.#parts = parts;
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LOOP_MS });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
    registerIngest(this.#registry, parts);
    registerRecords(this.#registry, parts);
    registerAggregates(this.#registry, parts);
    registerEngines(this.#registry, parts);
    registerNative(this.#registry, parts.agents);
    registerControl(this.#registry, parts.changes);
  }

  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';

  /** The whole exposition, piece by piece. */
  async *write(): AsyncGenerator<string> {
    const turns = new Turns();
    const { series: table, requestSeries, routeDurations } = this.#parts;
    const { series, failures } = table.refresh();
    for (const [at, { name, help }] of istioMetrics(0).entries()) {
      yield* chunked({ name, help, type: 'counter', turns }, series, (one) => {
        const metric = istioMetrics(one.side)[at];
        return metric === undefined ? '' : `${name}{${one.text}} ${table.value(one, metric.counter)}\n`;
      });
    }
    const failed = 'undermesh_connect_failures_total';
    const help = 'Connects that were never established, by reason.';
    yield* chunked({ name: failed, help, type: 'counter', turns }, failures, (one) => {
      return `${failed}{${one.text}} ${table.failed(one)}\n`;
    });
    const { series: requests, bytes } = requestSeries.refresh();
    yield* chunked({ ...REQUESTS_TOTAL, type: 'counter', turns }, requests, (one) => {
      return `${REQUESTS_TOTAL.name}{${one.text}} ${requestSeries.requests(one)}\n`;
    });
    yield* chunked({ ...REQUEST_DURATION, type: 'histogram', turns }, requests, (one) => {
      const { counts, sumMs } = requestSeries.durations(one);
      return histogramText(REQUEST_DURATION.name, DURATION_BOUNDS_MS, { text: one.text, counts, sum: sumMs });
    });
    yield* chunked({ ...ROUTE_DURATION, type: 'histogram', turns }, routeDurations.read(), (one) =>
      histogramText(ROUTE_DURATION.name, ROUTE_BOUNDS_SECONDS, one),
    );
    for (const { name, help, counter } of BYTE_METRICS) {
      yield* chunked({ name, help, type: 'counter', turns }, bytes, (one) => {
        return `${name}{${one.text}} ${requestSeries.bytes(one, counter)}\n`;
      });
    }
    yield await this.#registry.metrics();
  }
}

/** Gives way to others when it has gone on for a while. */
class Turns {
  #since = performance.now();

  async end(): Promise<void> {
    if (performance.now() - this.#since < TURN_MS) return;
    await turn();
    this.#since = performance.now();
  }
}

/** One metric, so many label sets at a time: others get their turn in between. */
async function* chunked<S>(
  metric: { readonly name: string; readonly help: string; readonly type: string; readonly turns: Turns },
  series: readonly S[],
  line: (one: S) => string,
): AsyncGenerator<string> {
  let text = `# HELP ${metric.name} ${metric.help}\n# TYPE ${metric.name} ${metric.type}\n`;
  for (const [at, one] of series.entries()) {
    text += line(one);
    if (at % CHUNK !== CHUNK - 1) continue;
    yield text;
    text = '';
    await metric.turns.end();
  }
  yield text;
}

/** The buckets of one label set, each with all below it. */
function histogramText(
  name: string,
  bounds: readonly number[],
  { text, counts, sum }: { readonly text: string; readonly counts: readonly number[]; readonly sum: number },
): string {
  let lines = '';
  let below = 0;
  for (const [bucket, own] of counts.entries()) {
    below += own;
    lines += `${name}_bucket{${text},le="${bounds[bucket] ?? '+Inf'}"} ${below}\n`;
  }
  return `${lines}${name}_sum{${text}} ${sum}\n${name}_count{${text}} ${below}\n`;
}

/** A counter whose value is read, not counted. */
function counter(registry: Registry, of: { name: string; help: string; read: () => number }): void {
  new PromCounter({
    name: of.name,
    help: of.help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(of.read());
    },
  });
}

function gauge(registry: Registry, of: { name: string; help: string; read: () => number }): void {
  new Gauge({
    name: of.name,
    help: of.help,
    registers: [registry],
    collect() {
      this.set(of.read());
    },
  });
}

function registerIngest(registry: Registry, { ingest }: PrometheusParts): void {
  const totals: readonly [Exclude<keyof IngestTotals, 'rejected'>, string, string][] = [
    ['frames', 'frames_total', 'Record frames taken.'],
    ['records', 'records_total', 'Records taken, openings and progress among them.'],
    ['bytes', 'received_bytes_total', 'Payload bytes of record frames taken.'],
    ['gaps', 'sequence_gaps_total', 'Times that an agent skipped frames: it lost and counted them.'],
    ['repeats', 'repeated_frames_total', 'Frames that came again and were not counted again.'],
    ['connections', 'connections_total', 'Connections of agents that were accepted.'],
    ['replaced', 'replaced_connections_total', 'Connections that gave way to a newer one of the same node.'],
  ];
  for (const [key, name, help] of totals) {
    counter(registry, { name: `undermesh_ingest_${name}`, help, read: () => ingest.totals[key] });
  }
  new PromCounter({
    name: 'undermesh_ingest_rejected_total',
    help: 'Connections of agents that were hung up on, by error code.',
    labelNames: ['code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [code, count] of ingest.totals.rejected) this.inc({ code }, count);
    },
  });
  gauge(registry, {
    name: 'undermesh_ingest_agents',
    help: 'Agents connected.',
    read: () => ingest.sessions,
  });
  gauge(registry, {
    name: 'undermesh_ingest_in_flight_bytes',
    help: 'Bytes of record frames that are not yet durable.',
    read: () => ingest.inFlightBytes,
  });
}

function registerRecords(
  registry: Registry,
  { ledger, requestLedger, agents, store }: PrometheusParts,
): void {
  registerBooks(registry, { name: 'records', what: 'Connection ends', ledger });
  registerBooks(registry, {
    name: 'requests',
    what: 'HTTP requests, as each end saw them,',
    ledger: requestLedger,
  });
  new Gauge({
    name: 'undermesh_node_reporting',
    help: '1 when the agent of a node reports, 0 when it is silent.',
    labelNames: ['node'],
    registers: [registry],
    collect() {
      this.reset();
      const now = Date.now();
      for (const node of agents.names()) this.set({ node }, agents.isReporting(node, now) ? 1 : 0);
    },
  });
  gauge(registry, {
    name: 'undermesh_store_rows',
    help: 'Connection ends in the store.',
    read: () => store.stats().rows,
  });
  gauge(registry, {
    name: 'undermesh_store_http_rows',
    help: 'Http records in the store, of up to 48 requests each.',
    read: () => store.stats().httpRows,
  });
  gauge(registry, {
    name: 'undermesh_store_bytes',
    help: 'Bytes that the records take on disk.',
    read: () => store.stats().bytes ?? 0,
  });
  gauge(registry, {
    name: 'undermesh_store_memory_bytes',
    help: 'Memory of the process that the database of the store holds.',
    read: () => store.stats().memoryBytes ?? 0,
  });
  gauge(registry, {
    name: 'undermesh_rollup_bytes',
    help: 'Bytes that the roll-ups take on disk.',
    read: () => store.stats().rollups.bytes,
  });
  counter(registry, {
    name: 'undermesh_rollups_damaged_total',
    help: 'Roll-ups that were found damaged since the start, and set aside.',
    read: () => store.stats().rollups.damaged,
  });
}

/** What was made, came here, is durable, waits, and was lost. */
function registerBooks(registry: Registry, of: { name: string; what: string; ledger: Ledger }): void {
  const { name, what, ledger } = of;
  // One look at the books for all of them: prom-client reads metrics in the order of their registration.
  let balance = ledger.balance();
  const counters = [
    ['made', 'that the kernels made'],
    ['received', 'that arrived here'],
    ['stored', 'that are durable'],
  ] as const;
  for (const [key, help] of counters) {
    counter(registry, {
      name: `undermesh_${name}_${key}_total`,
      help: `${what} ${help}.`,
      read: () => {
        if (key === 'made') balance = ledger.balance();
        return balance[key];
      },
    });
  }
  gauge(registry, {
    name: `undermesh_${name}_waiting`,
    help: `${what} that were made and are neither stored nor counted as lost.`,
    read: () => balance.waiting,
  });
  new PromCounter({
    name: `undermesh_${name}_lost_total`,
    help: `${what} that were lost, by node and reason.`,
    labelNames: ['node', 'reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [node, { lost }] of ledger.balances()) {
        for (const reason of LOSS_REASONS) this.inc({ node, reason }, lost[reason] ?? 0);
      }
    },
  });
}

function registerAggregates(registry: Registry, { aggregator, series }: PrometheusParts): void {
  const { edges, open, join, timeline } = aggregator;
  const gauges: readonly [string, string, () => number][] = [
    ['open_connections', 'Connection ends that are open.', () => open.size],
    ['edges', 'Edges between workloads on nodes, by port.', () => edges.size],
    ['join_entries', 'Connections of which the second end is awaited.', () => join.size],
    ['parked_ends', 'Ends that wait for the word of their partner.', () => aggregator.waiting],
    ['edge_cells', 'Edge figures per bucket that are kept.', () => timeline.sealedCells],
    ['edge_cells_bytes', 'What they take in memory.', () => timeline.sealedBytes],
    [
      'held_http_records',
      'Http records whose connection has been seen from one end only.',
      () => aggregator.requests.held,
    ],
  ];
  for (const [name, help, read] of gauges) gauge(registry, { name: `undermesh_${name}`, help, read });
  const counters: readonly [string, string, () => number][] = [
    [
      'join_corrected_total',
      'Ends whose partner named another peer than the directory.',
      () => aggregator.corrected,
    ],
    ['join_alone_total', 'Ends that were counted without their partner.', () => aggregator.alone],
    [
      'edges_folded_total',
      'Records whose edge found no room and were counted without port.',
      () => edges.folded,
    ],
    ['late_records_total', 'Figures that were too old for any bucket.', () => timeline.late],
    ['edge_cells_dropped_total', 'Edge figures given up for want of room.', () => timeline.droppedCells],
    ['open_ends_refused_total', 'Openings that found no room.', () => open.refused],
    ['series_overflow_total', 'Label sets that found no room.', () => series.overflow],
    [
      'response_codes_overflow_total',
      'Requests whose workloads and response code found no room in istio_requests_total.',
      () => aggregator.requestTally.codes.overflow,
    ],
  ];
  for (const [name, help, read] of counters) counter(registry, { name: `undermesh_${name}`, help, read });
}
