// SPDX-License-Identifier: Apache-2.0
import type { Side } from '../aggregate/cells.js';
import { COUNTERS, Counter } from '../aggregate/cells.js';
import type { PairTable } from '../aggregate/edges.js';
import { DURATION_BOUNDS_MS, type PairDurations } from '../aggregate/pair-durations.js';
import type { Placements } from '../aggregate/placements.js';
import { istioLabels, type Labels, labelText } from './istio-series.js';

/** One label set of Istio's request metrics; several pairs of workloads may share it. */
export interface RequestSeries {
  readonly labels: Labels;
  /** `labels` in Prometheus' text format, without braces. */
  readonly text: string;
  /** Slots of {@link PairDurations}. */
  readonly slots: number[];
}

/** One label set of {@link BYTE_METRICS}. */
export interface ByteSeries {
  readonly labels: Labels;
  readonly text: string;
  readonly side: Side;
  readonly pairs: number[];
}

export const REQUESTS_TOTAL = {
  name: 'istio_requests_total',
  help: 'HTTP requests, by response code; 0: the connection ended without an answer.',
} as const;
export const REQUEST_DURATION = {
  name: 'istio_request_duration_milliseconds',
  help: 'Time from the end of a request to the last byte of its response, where it is known.',
} as const;
/** Bytes belong to records of several requests, so they cannot be told apart by response code as Istio's would be. */
export const BYTE_METRICS = [
  {
    name: 'undermesh_request_bytes_total',
    help: 'Bytes of HTTP requests, heads and bodies.',
    counter: Counter.requestBytes,
  },
  {
    name: 'undermesh_response_bytes_total',
    help: 'Bytes of HTTP responses, heads and bodies.',
    counter: Counter.responseBytes,
  },
] as const;

/** A histogram as it stands: counts of each bucket alone, the last one without an upper bound. */
export interface Durations {
  readonly counts: number[];
  readonly count: number;
  readonly sumMs: number;
}

/** Label sets of all response codes that were seen, made once each. */
export class RequestSeriesTable {
  readonly #codes: PairDurations;
  readonly #pairs: PairTable;
  readonly #placements: Placements;
  readonly #series = new Map<string, RequestSeries>();
  readonly #bytes = new Map<string, ByteSeries>();
  readonly #counted = new Set<number>();
  #taken = 0;

  constructor(codes: PairDurations, pairs: PairTable, placements: Placements) {
    this.#codes = codes;
    this.#pairs = pairs;
    this.#placements = placements;
  }

  /** Takes up what is new since the last call. */
  refresh(): { series: RequestSeries[]; bytes: ByteSeries[] } {
    for (; this.#taken < this.#codes.count; this.#taken++) this.#take(this.#taken);
    return { series: [...this.#series.values()], bytes: [...this.#bytes.values()] };
  }

  requests({ slots }: RequestSeries): number {
    return slots.reduce((sum, slot) => sum + this.#codes.requests(slot), 0);
  }

  durations({ slots }: RequestSeries): Durations {
    const counts = Array<number>(DURATION_BOUNDS_MS.length + 1).fill(0);
    let sumMs = 0;
    for (const slot of slots) {
      sumMs += this.#codes.milliseconds(slot);
      for (let bucket = 0; bucket < counts.length; bucket++) {
        counts[bucket] = (counts[bucket] ?? 0) + this.#codes.bucket(slot, bucket);
      }
    }
    return { counts, count: counts.reduce((sum, count) => sum + count, 0), sumMs };
  }

  bytes({ pairs, side }: ByteSeries, counter: number): number {
    return pairs.reduce((sum, pair) => sum + this.#pairs.total(pair, side * COUNTERS + counter), 0);
  }

  #take(slot: number): void {
    const pair = this.#codes.pair(slot);
    const side = this.#codes.side(slot);
    const source = this.#placements.get(this.#pairs.source(pair));
    const destination = this.#placements.get(this.#pairs.destination(pair));
    if (source === undefined || destination === undefined) return;
    const {
      request_protocol: _tcp,
      response_flags,
      connection_security_policy,
      ...ends
    } = istioLabels(source, destination, side);
    const labels: Labels = {
      ...ends,
      ...(this.#pairs.isJoined(pair) ? { reporter: 'waypoint' } : {}),
      request_protocol: 'http',
      response_code: String(this.#codes.number(slot)),
      response_flags: response_flags ?? '-',
      connection_security_policy: connection_security_policy ?? 'none',
    };
    const text = labelText(labels);
    const known = this.#series.get(text);
    if (known === undefined) this.#series.set(text, { labels, text, slots: [slot] });
    else known.slots.push(slot);
    if (this.#counted.has(pair * 2 + side)) return;
    this.#counted.add(pair * 2 + side);
    // On joined edges nobody counts bytes: their legs do.
    if (!this.#pairs.isJoined(pair)) this.#takeBytes(ends, { pair, side });
  }

  #takeBytes(ends: Labels, { pair, side }: { pair: number; side: Side }): void {
    const labels: Record<string, string> = {};
    for (const name of BYTE_LABELS) labels[name] = ends[name] ?? '';
    const text = labelText(labels);
    const known = this.#bytes.get(text);
    if (known === undefined) this.#bytes.set(text, { labels, text, side, pairs: [pair] });
    else known.pairs.push(pair);
  }
}

const BYTE_LABELS = [
  'reporter',
  'source_workload',
  'source_workload_namespace',
  'destination_workload',
  'destination_workload_namespace',
] as const;
