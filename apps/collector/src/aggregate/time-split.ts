// SPDX-License-Identifier: Apache-2.0
import type { TimeSplit } from '@undermesh/schema';

/** Linux waits this long before it sends again what nothing came back for (TCP_RTO_MIN). */
const RETRANSMIT_US = 200_000;

/** What one end of an edge says of the requests that it timed. */
export interface TimedEnd {
  /** Requests with a known first byte. */
  readonly requests: number;
  /** Sum of their times to the first byte, µs. */
  readonly firstByteUs: number;
  /** Sum of the smoothed round trips of their connections, one for each request, µs. */
  readonly roundTripUs: number;
  readonly segments: number;
  readonly retransmits: number;
}

/**
 * Where the time of requests went, in µs summed over requests, so that edges can be added up.
 *
 * The source's time to the first byte less the destination's is what passed between both hosts: each is a difference on
 * one clock, so clocks need not agree. As much of it as round trips and retransmissions explain is the network; the
 * rest was spent in queues of the source's host. docs/decisions/0006 has the reasons and the limits.
 */
export class TimeSum {
  /** Requests timed at both ends, at the source alone, at the destination alone. */
  both = 0;
  source = 0;
  destination = 0;
  /** Over requests that the source timed. */
  networkUs = 0;
  applicationUs = 0;
  localUs = 0;
  /** Over requests that only the destination timed. */
  destinationUs = 0;
  destinationNetworkUs = 0;

  /** Adds the requests of one edge. Of a request that both ends timed the source says how many there were. */
  take(source: TimedEnd, destination: TimedEnd): void {
    if (source.requests === 0) {
      if (destination.requests === 0) return;
      this.destination += destination.requests;
      this.destinationUs += destination.firstByteUs;
      this.destinationNetworkUs += destination.requests * explainedUs(destination, source);
      return;
    }
    const explained =
      source.requests * Math.max(explainedUs(source, destination), explainedUs(destination, source));
    if (destination.requests === 0) {
      this.source += source.requests;
      const network = Math.min(source.firstByteUs, explained);
      this.networkUs += network;
      this.applicationUs += source.firstByteUs - network;
      return;
    }
    this.both += source.requests;
    const application = Math.min(
      source.firstByteUs,
      (destination.firstByteUs / destination.requests) * source.requests,
    );
    const between = source.firstByteUs - application;
    const network = Math.min(between, explained);
    this.applicationUs += application;
    this.networkUs += network;
    this.localUs += between - network;
  }

  add(other: TimeSum): void {
    this.both += other.both;
    this.source += other.source;
    this.destination += other.destination;
    this.networkUs += other.networkUs;
    this.applicationUs += other.applicationUs;
    this.localUs += other.localUs;
    this.destinationUs += other.destinationUs;
    this.destinationNetworkUs += other.destinationNetworkUs;
  }

  /** The API's shape; `null` when no request was timed. */
  split(connectUs: number | null): TimeSplit | null {
    const connect = connectUs === null ? null : Math.round(connectUs);
    const requests = this.both + this.source;
    if (requests === 0) {
      if (this.destination === 0) return null;
      return {
        connectUs: connect,
        networkUs: Math.round(this.destinationNetworkUs / this.destination),
        applicationUs: Math.round(this.destinationUs / this.destination),
        localUs: null,
        totalUs: null,
        basis: 'destination',
        requests: this.destination,
      };
    }
    const mean = (sum: number): number => Math.round(sum / requests);
    const bothEnds = this.both >= this.source;
    const networkUs = mean(this.networkUs);
    const applicationUs = mean(bothEnds ? this.applicationUs : this.applicationUs + this.localUs);
    const localUs = bothEnds ? mean(this.localUs) : null;
    return {
      connectUs: connect,
      networkUs,
      applicationUs,
      localUs,
      // Of the rounded parts, so that they add up.
      totalUs: networkUs + applicationUs + (localUs ?? 0),
      basis: bothEnds ? 'both' : 'source',
      requests,
    };
  }
}

/**
 * What the network can have taken of one request to its first byte, as one end knows it: a round trip, and the share of
 * a retransmission time-out that falls on it. A segment that was sent again delays the first byte only when it carried
 * the head of a request or of a response, so long bodies must not count for more.
 */
function explainedUs(end: TimedEnd, other: TimedEnd): number {
  if (end.requests === 0) return 0;
  const roundTrip = end.roundTripUs / end.requests;
  const resentHeads = resent(end, end.requests) + resent(other, end.requests);
  return roundTrip + resentHeads * (RETRANSMIT_US + roundTrip);
}

/** Retransmissions per request of segments that carry a head. */
const resent = (end: TimedEnd, requests: number): number =>
  end.segments === 0 ? 0 : end.retransmits / Math.max(requests, end.segments);
