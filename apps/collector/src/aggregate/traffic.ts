// SPDX-License-Identifier: Apache-2.0
import {
  CLOSE_REASONS,
  ENGINES,
  FAILURE_REASONS,
  PROTOCOLS,
  type Requests,
  STATUS_CLASSES,
  type TimeSplit,
  type Traffic,
} from '@undermesh/schema';
import { Bins } from './bins.js';
import { CELL_COUNTERS, type Cells, COUNTERS, Counter, countOf, Distribution, type Side } from './cells.js';
import { meanOf, quantilesOf } from './histogram.js';
import type { HistogramWindow } from './histogram-windows.js';
import { RequestSum } from './requests.js';
import { WaypointSum } from './waypoint-sum.js';

/** Ends that are how a connection should end. */
const NORMAL_ENDS = new Set<string>(['local_fin', 'peer_fin']);
/** By {@link CLOSE_REASONS}. */
const BROKEN = CLOSE_REASONS.map((reason) => !NORMAL_ENDS.has(reason));

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
  readonly protocols: number[] = Array<number>(PROTOCOLS.length).fill(0);
  /** Bytes by {@link ENGINES}, as sources say. */
  readonly steered: number[] = Array<number>(ENGINES.length).fill(0);
  readonly requests = new RequestSum();
  readonly waypoint = new WaypointSum();
  /** Bit 0: a source end reported; bit 1: a destination end. */
  sides = 0;
  /** Bins by {@link sampleOf}, as far as there are samples; those of status classes together. */
  samples: (Bins | undefined)[] = [];

  get failures(): number {
    return this.failed.reduce((sum, count) => sum + count, 0);
  }

  /** Established connections that did not end as they should. */
  get broken(): number {
    let sum = 0;
    for (let at = 0; at < this.ended.length; at++) if (BROKEN[at] === true) sum += this.ended[at] ?? 0;
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
    for (let i = 0; i < this.protocols.length; i++) {
      this.protocols[i] = (this.protocols[i] ?? 0) + (other.protocols[i] ?? 0);
    }
    for (let i = 0; i < this.steered.length; i++)
      this.steered[i] = (this.steered[i] ?? 0) + (other.steered[i] ?? 0);
    this.requests.add(other.requests);
    this.waypoint.add(other.waypoint);
  }

  /** Adds an edge to a total, in which each request counts once: of a leg's, those that are on no joined edge. */
  addOnce(other: TrafficSum): void {
    this.add(other);
    this.requests.takeOff(other.waypoint.joined);
  }

  /** Adds the samples of an edge to such a total. Of requests, a leg that is joined has none that its joined edges lack. */
  addSamplesOnce(other: TrafficSum): void {
    const joined = other.waypoint.joinedTotal > 0;
    for (const [sample, bins] of other.samples.entries()) {
      const ofRequests = sample === Sample.firstByteUs || sample === Sample.lastByteUs;
      if (bins !== undefined && !(joined && ofRequests)) this.addWindow(sample, bins);
    }
  }

  addWindow(sample: number, window: HistogramWindow): void {
    const bins = this.samples[sample] ?? new Bins();
    this.samples[sample] = bins;
    bins.addWindow(window);
  }

  /** Adds all samples of another sum. */
  addAllSamples(other: TrafficSum): void {
    for (const [sample, bins] of other.samples.entries())
      if (bins !== undefined) this.addWindow(sample, bins);
  }
}

/** Histograms of a {@link TrafficSum}. */
export const Sample = {
  connectUs: 0,
  roundTripUs: 1,
  lifetimeUs: 2,
  firstByteUs: 3,
  lastByteUs: 4,
  waypointUs: 5,
} as const;
export const SAMPLES = Object.keys(Sample).length;

/** Where a {@link Distribution} is added up. */
export const sampleOf = (distribution: number): number =>
  distribution < Distribution.firstByteUs
    ? distribution
    : distribution < Distribution.lastByteUs
      ? Sample.firstByteUs
      : distribution < Distribution.waypointUs
        ? Sample.lastByteUs
        : Sample.waypointUs;

/**
 * Figures of one row, seen from the source. What both ends count is taken from the source end when there is one,
 * never added up. Segments and retransmits are those of every end that reported, since each counts its own.
 */
export function sumOfRow(cells: Cells, row: number, open: readonly [number, number]): TrafficSum {
  const sum = new TrafficSum();
  const { counters } = cells;
  const source = row * CELL_COUNTERS;
  for (const side of [0, 1] as const) {
    const from = source + side * COUNTERS;
    let reported = open[side] > 0;
    for (let counter = 0; counter < COUNTERS && !reported; counter++)
      reported = countOf(counters, from, counter) > 0;
    if (!reported) continue;
    sum.sides |= side + 1;
    sum.segments += countOf(counters, from, Counter.segments);
    sum.retransmits += countOf(counters, from, Counter.retransmits);
  }
  const side = sideTaken(sum.sides);
  const from = source + side * COUNTERS;
  sum.opened = countOf(counters, from, Counter.opened);
  sum.closed = countOf(counters, from, Counter.closed);
  sum.open = Math.max(0, open[side]);
  sum.sent = countOf(counters, from, side === 0 ? Counter.sent : Counter.received);
  sum.received = countOf(counters, from, side === 0 ? Counter.received : Counter.sent);
  for (let i = 0; i < sum.failed.length; i++) sum.failed[i] = countOf(counters, from, Counter.failed + i);
  for (let i = 0; i < sum.ended.length; i++) sum.ended[i] = countOf(counters, from, Counter.ended + i);
  for (let i = 0; i < sum.protocols.length; i++)
    sum.protocols[i] = countOf(counters, from, Counter.carried + i);
  for (let i = 0; i < sum.steered.length; i++)
    sum.steered[i] = countOf(counters, source, Counter.steered + i);
  sum.requests.take(counters, source);
  sum.waypoint.take(counters, source);
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
  const broken = sum.ended.map((count, at) => (BROKEN[at] === true ? count : 0));
  return {
    opened: sum.opened,
    closed: sum.closed,
    failed: { total: sum.failures, reasons: named(FAILURE_REASONS, sum.failed) },
    broken: { total: sum.broken, reasons: named(CLOSE_REASONS, broken) },
    open: sum.open,
    sentBytes: sum.sent,
    receivedBytes: sum.received,
    connectUs: quantilesOf(sum.samples[Sample.connectUs]),
    roundTripUs: quantilesOf(sum.samples[Sample.roundTripUs]),
    lifetimeUs: quantilesOf(sum.samples[Sample.lifetimeUs]),
    segmentsSent: sum.segments,
    retransmittedSegments: sum.retransmits,
    requests: sum.requests.total <= 0 ? null : requestsOf(sum),
    protocols: named(PROTOCOLS, sum.protocols),
    engineBytes: named(ENGINES, sum.steered),
  };
}

function requestsOf({ requests, samples }: TrafficSum): Requests {
  return {
    total: requests.total,
    statusClasses: named(STATUS_CLASSES, requests.statuses),
    pipelined: requests.pipelined,
    requestBytes: requests.requestBytes,
    responseBytes: requests.responseBytes,
    firstByteUs: quantilesOf(samples[Sample.firstByteUs]),
    lastByteUs: quantilesOf(samples[Sample.lastByteUs]),
    seenBy: requests.seenBy,
  };
}

/** Where the time of requests went; `null` when none was timed. Needs the samples of connects. */
export function splitOf({ requests, samples }: TrafficSum): TimeSplit | null {
  const connects = samples[Sample.connectUs];
  return requests.time.split(connects === undefined ? null : meanOf(connects));
}
