// SPDX-License-Identifier: Apache-2.0
import type { Side } from './cells.js';
import { grown } from './grown.js';
import { KeyTable } from './key-table.js';

/** Upper bounds of Istio's and Envoy's histograms, ms; the last bucket has none. */
export const DURATION_BOUNDS_MS = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
] as const;

/** Counters of one number: requests, µs of those with a known duration, and the buckets. */
const REQUESTS = 0;
const MICROSECONDS = 1;
const BUCKETS = 2;
const STRIDE = BUCKETS + DURATION_BOUNDS_MS.length + 1;

const BOUNDS_US = Float64Array.from(DURATION_BOUNDS_MS, (bound) => bound * 1000);

/**
 * Requests by pair of workloads, reporter and a number of theirs, such as the exact response code or the route, with
 * Istio's histogram of durations: what Prometheus sees. Grows over the collector's life and never shrinks; bounded.
 */
export class PairDurations {
  readonly #table = new KeyTable(256);
  readonly #most: number;
  #counts: Float64Array = new Float64Array(256 * STRIDE);
  /** Requests that found no room for their number. */
  overflow = 0;

  /** @param most numbers of pairs and reporters kept at most. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Slots: pairs, reporters and numbers that were seen, from 0. */
  get count(): number {
    return this.#table.top;
  }

  /** Counts one request. @param of pair × 2 + side; `durationUs` is negative when it is not known */
  add(of: number, number: number, durationUs: number): void {
    this.addTo(this.slot(of, number), durationUs);
  }

  /** Where requests of a number are counted; -1: there is no room for it. @param of pair × 2 + side */
  slot(of: number, number: number): number {
    const known = this.#table.find(of, number);
    if (known >= 0) return known;
    if (this.#table.size >= this.#most) return -1;
    const slot = this.#table.insert(of, number);
    this.#counts = grown(this.#counts, this.#table.capacity * STRIDE);
    return slot;
  }

  /** Counts one request in a slot. @param durationUs is negative when it is not known */
  addTo(slot: number, durationUs: number): void {
    if (slot < 0) {
      this.overflow++;
      return;
    }
    const at = slot * STRIDE;
    const counts = this.#counts;
    counts[at + REQUESTS] = (counts[at + REQUESTS] ?? 0) + 1;
    if (durationUs < 0) return;
    counts[at + MICROSECONDS] = (counts[at + MICROSECONDS] ?? 0) + durationUs;
    let bucket = 0;
    while (bucket < BOUNDS_US.length && durationUs > (BOUNDS_US[bucket] ?? 0)) bucket++;
    const to = at + BUCKETS + bucket;
    counts[to] = (counts[to] ?? 0) + 1;
  }

  pair(slot: number): number {
    return this.#table.word(slot, 0) >>> 1;
  }

  side(slot: number): Side {
    return (this.#table.word(slot, 0) & 1) === 0 ? 0 : 1;
  }

  /** Of a response code 0 stands for no answer. */
  number(slot: number): number {
    return this.#table.word(slot, 1);
  }

  requests(slot: number): number {
    return this.#counts[slot * STRIDE + REQUESTS] ?? 0;
  }

  /** Sum of the durations that are known, ms. */
  milliseconds(slot: number): number {
    return (this.#counts[slot * STRIDE + MICROSECONDS] ?? 0) / 1000;
  }

  /** Requests in one bucket alone, not cumulative; index {@link DURATION_BOUNDS_MS}.length is what lies above. */
  bucket(slot: number, bucket: number): number {
    return this.#counts[slot * STRIDE + BUCKETS + bucket] ?? 0;
  }
}
