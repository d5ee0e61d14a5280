// SPDX-License-Identifier: Apache-2.0
import { CLOSE_REASONS, FAILURE_REASONS, type Traffic } from '@undermesh/schema';
import { type Cells, COUNTERS, Counter, Distribution, type Side } from './cells.js';
import { BINS, quantilesOf } from './histogram.js';

/** Ends that are how a connection should end. */
const NORMAL_ENDS = new Set<string>(['local_fin', 'peer_fin']);

/** Figures of one edge or vertex, added up; {@link trafficOf} makes the API's shape of it. */
export class TrafficSum {
  opened = 0;
  closed = 0;
  open = 0;
  sent = 0;
  received = 0;
  segments = 0;
  retransmits = 0;
  readonly failed: number[] = Array<number>(FAILURE_REASONS.length).fill(0);
  readonly ended: number[] = Array<number>(CLOSE_REASONS.length).fill(0);
  /** Bit 0: a source end reported; bit 1: a destination end. */
  sides = 0;
  /** By {@link Distribution}. */
  readonly samples: (Float64Array | null)[] = [null, null, null];

  get failures(): number {
    return this.failed.reduce((sum, count) => sum + count, 0);
  }

  /** Established connections that did not end as they should. */
  get broken(): number {
    let sum = 0;
    for (const [at, reason] of CLOSE_REASONS.entries())
      if (!NORMAL_ENDS.has(reason)) sum += this.ended[at] ?? 0;
    return sum;
  }

  add(other: TrafficSum): void {
    this.opened += other.opened;
    this.closed += other.closed;
    this.open += other.open;
    this.sent += other.sent;
    this.received += other.received;
    this.segments += other.segments;
    this.retransmits += other.retransmits;
    this.sides |= other.sides;
    for (let i = 0; i < this.failed.length; i++)
      this.failed[i] = (this.failed[i] ?? 0) + (other.failed[i] ?? 0);
    for (let i = 0; i < this.ended.length; i++) this.ended[i] = (this.ended[i] ?? 0) + (other.ended[i] ?? 0);
  }

  addSamples(distribution: number, bin: number, count: number): void {
    const bins = this.samples[distribution] ?? new Float64Array(BINS);
    this.samples[distribution] = bins;
    bins[bin] = (bins[bin] ?? 0) + count;
  }
}

/**
 * Figures of one row, seen from the source. What both ends count is taken from the source end when there is one,
 * never added up. Segments and retransmits are those of every end that reported, since each counts its own.
 */
export function sumOfRow(cells: Cells, row: number, open: readonly [number, number]): TrafficSum {
  const sum = new TrafficSum();
  const at = (side: Side, counter: number): number => Math.max(0, cells.get(row, side * COUNTERS + counter));
  for (const side of [0, 1] as const) {
    let reported = open[side] > 0;
    for (let counter = 0; counter < COUNTERS && !reported; counter++) reported = at(side, counter) > 0;
    if (!reported) continue;
    sum.sides |= side + 1;
    sum.segments += at(side, Counter.segments);
    sum.retransmits += at(side, Counter.retransmits);
  }
  const side = sideTaken(sum.sides);
  sum.opened = at(side, Counter.opened);
  sum.closed = at(side, Counter.closed);
  sum.open = Math.max(0, open[side]);
  sum.sent = at(side, side === 0 ? Counter.sent : Counter.received);
  sum.received = at(side, side === 0 ? Counter.received : Counter.sent);
  for (let i = 0; i < sum.failed.length; i++) sum.failed[i] = at(side, Counter.failed + i);
  for (let i = 0; i < sum.ended.length; i++) sum.ended[i] = at(side, Counter.ended + i);
  return sum;
}

/** Whose word is taken: the source's when it spoke. */
export const sideTaken = (sides: number): Side => ((sides & 1) !== 0 ? 0 : 1);

const named = <Name extends string>(
  names: readonly Name[],
  counts: readonly number[],
): { [K in Name]?: number } => {
  const result: { [K in Name]?: number } = {};
  for (const [at, name] of names.entries()) {
    const count = counts[at] ?? 0;
    if (count > 0) result[name] = count;
  }
  return result;
};

/** The API's shape of figures. */
export function trafficOf(sum: TrafficSum): Traffic {
  const broken = CLOSE_REASONS.map((reason, at) => (NORMAL_ENDS.has(reason) ? 0 : (sum.ended[at] ?? 0)));
  return {
    opened: sum.opened,
    closed: sum.closed,
    failed: { total: sum.failures, reasons: named(FAILURE_REASONS, sum.failed) },
    broken: { total: sum.broken, reasons: named(CLOSE_REASONS, broken) },
    open: sum.open,
    sentBytes: sum.sent,
    receivedBytes: sum.received,
    connectUs: quantilesOf(sum.samples[Distribution.connectUs] ?? null),
    roundTripUs: quantilesOf(sum.samples[Distribution.roundTripUs] ?? null),
    lifetimeUs: quantilesOf(sum.samples[Distribution.lifetimeUs] ?? null),
    segmentsSent: sum.segments,
    retransmittedSegments: sum.retransmits,
    requests: null,
    protocols: {},
  };
}
