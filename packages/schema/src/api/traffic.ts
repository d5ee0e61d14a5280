// SPDX-License-Identifier: Apache-2.0
// Figures of traffic over a window.
import { type Static, Type } from 'typebox';
import { CLOSE_REASONS, ENGINES, FAILURE_REASONS, PROTOCOLS, REPORTERS, STATUS_CLASSES } from '../names.js';
import { Count, counts, literals, Nullable, Time } from '../shape.js';

/** Percentiles read from a mergeable log-scale histogram; `null` when there were no samples. */
export const Quantiles = Type.Object({
  count: Count,
  p50: Nullable(Type.Number()),
  p90: Nullable(Type.Number()),
  p95: Nullable(Type.Number()),
  p99: Nullable(Type.Number()),
});
export type Quantiles = Static<typeof Quantiles>;

/** HTTP/1.1 requests over a window, counted by their answers, as the end saw them that `seenBy` names. */
export const Requests = Type.Object({
  total: Count,
  /** By status: `1xx` is 101 alone; `none`: the connection ended before an answer. */
  statusClasses: counts(STATUS_CLASSES),
  /** Sent before the answer to an earlier one was complete; they have no latency. */
  pipelined: Count,
  /** Heads and bodies as on the wire. */
  requestBytes: Count,
  responseBytes: Count,
  /** End of the request's head to the first, and to the last byte of the response. */
  firstByteUs: Quantiles,
  lastByteUs: Quantiles,
  /** The source's clock when it reported: then the network is in it. */
  seenBy: literals(REPORTERS),
});
export type Requests = Static<typeof Requests>;

/** Where the time of a request goes: means over the window in µs, so that they add up; `null` where not known. */
export const TimeSplit = Type.Object({
  /** Handshake, per connection. Not in `totalUs`. */
  connectUs: Nullable(Count),
  /** Round trips between both ends, retransmissions included: the smoothed round trip where only one end reports. */
  networkUs: Nullable(Count),
  /** End of the request's head to the first byte of the answer, at the destination. */
  applicationUs: Nullable(Count),
  /** What is left of the total: queues of the source's own host. */
  localUs: Nullable(Count),
  /** End of the request's head to the first byte of the answer, at the source. */
  totalUs: Nullable(Count),
  /** `both`: measured at both ends; `source`: network from the round trip, the rest is the application; `destination`: application only. */
  basis: literals(['both', 'source', 'destination'] as const),
  requests: Count,
});
export type TimeSplit = Static<typeof TimeSplit>;

/** Evenly spaced figures; index i covers [from + i·step, from + (i+1)·step). `null`: nobody reported then. Counts per step, not rates. */
export const Series = Type.Object({
  from: Time,
  stepSeconds: Type.Number(),
  opened: Type.Array(Nullable(Count)),
  closed: Type.Array(Nullable(Count)),
  failed: Type.Array(Nullable(Count)),
  /** Open at the end of the step. */
  open: Type.Array(Nullable(Count)),
  sentBytes: Type.Array(Nullable(Count)),
  receivedBytes: Type.Array(Nullable(Count)),
  /** HTTP requests answered, and those of them with status 5xx or without an answer. */
  requests: Type.Array(Nullable(Count)),
  requestErrors: Type.Array(Nullable(Count)),
});
export type Series = Static<typeof Series>;

/** Traffic over a window, seen from the source: sent = source to destination. */
export const Traffic = Type.Object({
  opened: Count,
  closed: Count,
  /** Connects that were never established, by reason. */
  failed: Type.Object({
    total: Count,
    reasons: counts(FAILURE_REASONS),
  }),
  /** Established connections that ended by reset, time-out or the like, by reason. */
  broken: Type.Object({
    total: Count,
    reasons: counts(CLOSE_REASONS),
  }),
  /** Open now. */
  open: Count,
  sentBytes: Count,
  receivedBytes: Count,
  connectUs: Quantiles,
  roundTripUs: Quantiles,
  lifetimeUs: Quantiles,
  segmentsSent: Count,
  retransmittedSegments: Count,
  /** `null`: no HTTP/1.1 request was seen. */
  requests: Nullable(Requests),
  /** Connections that ended in the window by what they carried; only `http1` has request latency. */
  protocols: counts(PROTOCOLS),
  /** Bytes both ways by the engine that steered their connection when it was made; empty where no source reported. */
  engineBytes: counts(ENGINES),
});
export type Traffic = Static<typeof Traffic>;
