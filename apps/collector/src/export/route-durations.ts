// SPDX-License-Identifier: Apache-2.0
import { DURATION_BOUNDS_MS, type PairDurations } from '../aggregate/pair-durations.js';
import type { NativeBook } from '../native/native-book.js';
import { type Labels, labelText } from './istio-series.js';

/** A histogram as it stands, seconds: counts of each bucket alone, the last one without an upper bound. */
export interface SecondsHistogram {
  readonly labels: Labels;
  /** `labels` in Prometheus' text format, without braces. */
  readonly text: string;
  readonly counts: number[];
  sum: number;
}

export const ROUTE_DURATION = {
  name: 'undermesh_route_request_duration_seconds',
  help: 'Time from the end of a request to the last byte of its response, by the route its kernel took, as its source saw it.',
} as const;
export const ROUTE_BOUNDS_SECONDS = DURATION_BOUNDS_MS.map((bound) => bound / 1000);

/** Routes that are told apart at most; requests of others are under number 0. */
const MOST_ROUTES = 1_000;
const OTHERS = 0;

/** Durations of requests by route, over all workloads. Routes that no node names are known by their number. */
export class RouteDurations {
  readonly #taken: PairDurations;
  readonly #native: NativeBook;
  /** Routes that have a histogram of their own: once told, always told. */
  readonly #routes = new Set<number>();

  constructor(taken: PairDurations, native: NativeBook) {
    this.#taken = taken;
    this.#native = native;
  }

  /** All histograms as they stand. */
  read(): SecondsHistogram[] {
    const names = this.#native.names();
    const histograms = new Map<number, SecondsHistogram>();
    for (let slot = 0; slot < this.#taken.count; slot++) {
      const number = this.#told(this.#taken.number(slot));
      let histogram = histograms.get(number);
      if (histogram === undefined) {
        const route = names.get(number);
        const labels = {
          service: route?.service ?? '',
          route: route?.route ?? '',
          rule: route === undefined ? '' : String(route.rule),
          number: String(number),
        };
        const counts = Array<number>(DURATION_BOUNDS_MS.length + 1).fill(0);
        histogram = { labels, text: labelText(labels), counts, sum: 0 };
        histograms.set(number, histogram);
      }
      histogram.sum += this.#taken.milliseconds(slot) / 1000;
      for (const bucket of histogram.counts.keys()) {
        histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + this.#taken.bucket(slot, bucket);
      }
    }
    return [...histograms.values()];
  }

  #told(number: number): number {
    if (this.#routes.has(number)) return number;
    if (this.#routes.size >= MOST_ROUTES) return OTHERS;
    this.#routes.add(number);
    return number;
  }
}
