// SPDX-License-Identifier: Apache-2.0
import { FAILURE_REASONS } from '@undermesh/schema';
import { COUNTERS, Counter, type Side } from '../aggregate/cells.js';
import type { PairTable } from '../aggregate/edges.js';
import type { Placements } from '../aggregate/placements.js';
import type { Workload } from '../store/store.js';

export type Labels = Readonly<Record<string, string>>;

/** One label set with its present values. */
export interface IstioSeries {
  readonly labels: Labels;
  /** `labels` in Prometheus' text format, without braces. */
  readonly text: string;
  readonly side: Side;
  readonly pairs: number[];
}

/** One label set of connects that failed. */
export interface FailureSeries {
  readonly labels: Labels;
  readonly text: string;
  readonly reason: number;
  readonly pairs: number[];
}

/** A counter: its name, what it says, and where its value stands. */
export interface IstioMetric {
  readonly name: string;
  readonly help: string;
  readonly counter: number;
}

/**
 * Istio's standard TCP metrics. In Istio's words the response flows to the source: what the source received, and what
 * the destination sent, is "sent".
 */
export const istioMetrics = (side: Side): readonly IstioMetric[] => [
  { name: 'istio_tcp_connections_opened_total', help: 'Connections opened.', counter: Counter.opened },
  { name: 'istio_tcp_connections_closed_total', help: 'Connections closed.', counter: Counter.closed },
  {
    name: 'istio_tcp_sent_bytes_total',
    help: 'Bytes sent in responses, from destination to source.',
    counter: side === 0 ? Counter.received : Counter.sent,
  },
  {
    name: 'istio_tcp_received_bytes_total',
    help: 'Bytes received in requests, from source to destination.',
    counter: side === 0 ? Counter.sent : Counter.received,
  },
];

const UNKNOWN = 'unknown';
/** What Istio calls the revision of a workload that names none. */
const LATEST = 'latest';

const escaped = (value: string): string => value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
export const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');

/** Names of one end. Peers that nobody watches are `unknown`, as Istio writes them, whatever their address. */
function endLabels(workload: Workload) {
  const known = !workload.external && workload.kind !== 'unknown';
  const name = known ? workload.name : UNKNOWN;
  return {
    workload: name,
    namespace: known ? workload.namespace : UNKNOWN,
    version: known ? (workload.version ?? UNKNOWN) : UNKNOWN,
    revision: known ? (workload.version ?? LATEST) : UNKNOWN,
    cluster: known ? workload.cluster : UNKNOWN,
    service: known ? serviceHost(workload) : UNKNOWN,
  };
}

const serviceHost = (workload: Workload): string =>
  workload.kind === 'kubernetes'
    ? `${workload.name}.${workload.namespace}.svc.cluster.local`
    : `${workload.name}.${workload.namespace}`;

/** The labels of Istio's TCP metrics, in Istio's order. */
export function istioLabels(source: Workload, destination: Workload, side: Side): Labels {
  const from = endLabels(source);
  const to = endLabels(destination);
  return {
    reporter: side === 0 ? 'source' : 'destination',
    source_workload: from.workload,
    source_canonical_service: from.workload,
    source_canonical_revision: from.revision,
    source_workload_namespace: from.namespace,
    source_principal: UNKNOWN,
    source_app: from.workload,
    source_version: from.version,
    source_cluster: from.cluster,
    destination_workload: to.workload,
    destination_workload_namespace: to.namespace,
    destination_principal: UNKNOWN,
    destination_app: to.workload,
    destination_version: to.version,
    destination_service: to.service,
    destination_canonical_service: to.workload,
    destination_canonical_revision: to.revision,
    destination_service_name: to.workload,
    destination_service_namespace: to.namespace,
    destination_cluster: to.cluster,
    request_protocol: 'tcp',
    response_flags: '-',
    connection_security_policy: side === 0 ? UNKNOWN : 'none',
  };
}

/** Label sets of all pairs of workloads, made once per pair, capped. */
export class IstioSeriesTable {
  readonly #pairs: PairTable;
  readonly #placements: Placements;
  readonly #most: number;
  readonly #series = new Map<string, IstioSeries>();
  readonly #failures = new Map<string, FailureSeries>();
  /** By pair × 2 + side, and by (pair × 2 + side) × reasons + reason: 1 done, 2 over the cap. */
  #seen: Uint8Array = new Uint8Array(0);
  #seenFailures: Uint8Array = new Uint8Array(0);
  /** Label sets that found no room. */
  overflow = 0;

  constructor(pairs: PairTable, placements: Placements, most: number) {
    this.#pairs = pairs;
    this.#placements = placements;
    this.#most = most;
  }

  /** Takes up pairs that are new since the last call. */
  refresh(): { series: IstioSeries[]; failures: FailureSeries[] } {
    const count = this.#pairs.count;
    if (this.#seen.length < count * 2) {
      this.#seen = extended(this.#seen, count * 4);
      this.#seenFailures = extended(this.#seenFailures, count * 4 * FAILURE_REASONS.length);
    }
    for (let pair = 0; pair < count; pair++) {
      for (const side of [0, 1] as const) this.#take(pair, side);
    }
    return { series: [...this.#series.values()], failures: [...this.#failures.values()] };
  }

  /** The present value of a counter for one label set. */
  value(series: IstioSeries, counter: number): number {
    let sum = 0;
    for (const pair of series.pairs) sum += this.#pairs.total(pair, series.side * COUNTERS + counter);
    return sum;
  }

  /** Failed connects of one label set. Source ends tell; a destination never hears of them. */
  failed(series: FailureSeries): number {
    let sum = 0;
    for (const pair of series.pairs) {
      sum += this.#pairs.total(pair, Counter.failed + series.reason);
      sum += this.#pairs.total(pair, COUNTERS + Counter.failed + series.reason);
    }
    return sum;
  }

  #take(pair: number, side: Side): void {
    const at = pair * 2 + side;
    const wantsSeries = this.#seen[at] === 0 && this.#pairs.seen(pair, side);
    const source = this.#placements.get(this.#pairs.source(pair));
    const destination = this.#placements.get(this.#pairs.destination(pair));
    if (source === undefined || destination === undefined) return;
    if (wantsSeries) {
      const labels = istioLabels(source, destination, side);
      this.#seen[at] = this.#add(this.#series, labels, { side, pair });
    }
    for (let reason = 0; reason < FAILURE_REASONS.length; reason++) {
      const failureAt = at * FAILURE_REASONS.length + reason;
      if (this.#seenFailures[failureAt] !== 0) continue;
      if (this.#pairs.total(pair, side * COUNTERS + Counter.failed + reason) === 0) continue;
      // Both sides of a pair stand in one series.
      this.#seenFailures[pair * 2 * FAILURE_REASONS.length + reason] = 1;
      this.#seenFailures[(pair * 2 + 1) * FAILURE_REASONS.length + reason] = 1;
      const from = endLabels(source);
      const to = endLabels(destination);
      const labels = {
        source_workload: from.workload,
        source_workload_namespace: from.namespace,
        destination_workload: to.workload,
        destination_workload_namespace: to.namespace,
        reason: FAILURE_REASONS[reason] ?? UNKNOWN,
      };
      this.#add(this.#failures, labels, { reason, pair });
    }
  }

  #add<S extends { pairs: number[]; labels: Labels; text: string }, P extends { pair: number }>(
    table: Map<string, S>,
    labels: Labels,
    { pair, ...rest }: P,
  ): number {
    const text = labelText(labels);
    const known = table.get(text);
    if (known !== undefined) {
      known.pairs.push(pair);
      return 1;
    }
    if (table.size >= this.#most) {
      this.overflow++;
      return 2;
    }
    table.set(text, { labels, text, pairs: [pair], ...rest } as unknown as S);
    return 1;
  }
}

function extended(bytes: Uint8Array, length: number): Uint8Array {
  const longer = new Uint8Array(length);
  longer.set(bytes);
  return longer;
}
