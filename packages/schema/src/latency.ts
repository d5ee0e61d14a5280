// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { Connection, Quantiles, TimeSplit, Traffic, Window, WindowQuery } from './api/index.js';
import { LEVELS, REPORTERS, STATUS_CLASSES } from './names.js';
import { Count, literals, Nullable, Time } from './shape.js';

/**
 * What a latency can be of: `first_byte` and `last_byte` of HTTP requests, counted from the end of their head;
 * `connect`, the handshake; `round_trip`, as TCP smooths it; `lifetime` of connections.
 */
export const LATENCY_MEASURES = ['first_byte', 'last_byte', 'connect', 'round_trip', 'lifetime'] as const;
export type LatencyMeasure = (typeof LATENCY_MEASURES)[number];

/**
 * By what one distribution is taken apart. `time` gives `total`, as the source saw requests, and `application`, as the
 * destination did: no request is known at both ends, so what lies between has means (`time`), but no distribution.
 */
export const LATENCY_SPLITS = ['none', 'node', 'status', 'time'] as const;
export type LatencySplit = (typeof LATENCY_SPLITS)[number];

const Filters = Type.Object({
  /** At which level `source` and `destination` are named; ids of a topology's vertices are taken as well. */
  level: Type.Optional(literals(LEVELS)),
  /** `name` or `namespace/name`; comma-separated. Default all. */
  source: Type.Optional(Type.String({ maxLength: 2048 })),
  destination: Type.Optional(Type.String({ maxLength: 2048 })),
  /** Node of the reporting end. */
  node: Type.Optional(Type.String({ maxLength: 2048 })),
  /** Comma-separated classes; only with HTTP measures. */
  status: Type.Optional(Type.String({ maxLength: 64 })),
  measure: Type.Optional(literals(LATENCY_MEASURES)),
  /** Whose clock; default the source's, the destination's where no source reported. */
  reporter: Type.Optional(literals(REPORTERS)),
});

/** GET /latency */
export const LatencyQuery = Type.Intersect([
  WindowQuery,
  Filters,
  Type.Object({
    split: Type.Optional(literals(LATENCY_SPLITS)),
    /** Columns of the heat map at most. */
    columns: Type.Optional(Type.Integer({ minimum: 1, maximum: 240, default: 120 })),
    /** A second window to compare with, earlier or later; both or neither. */
    compareFrom: Type.Optional(Time),
    compareTo: Type.Optional(Time),
  }),
]);
export type LatencyQuery = Static<typeof LatencyQuery>;

/** Counts by time and latency. Only cells that hold something. */
export const HeatMap = Type.Object({
  from: Time,
  stepSeconds: Type.Number(),
  columns: Type.Integer(),
  /** Upper borders of the rows in µs, rising, four to an octave; row i holds (borders[i-1], borders[i]]. */
  bordersUs: Type.Array(Type.Number()),
  /** [column, row, count] */
  cells: Type.Array(Type.Tuple([Type.Integer(), Type.Integer(), Type.Number()])),
  /** Columns during which nobody reported: gaps, not zeros. */
  absent: Type.Array(Type.Integer()),
});
export type HeatMap = Static<typeof HeatMap>;

/** One distribution: its figures and its cumulative curve. */
export const Distribution = Type.Object({
  quantiles: Quantiles,
  meanUs: Nullable(Type.Number()),
  /** Rising [µs, share of samples up to it, 0 to 1]; at most 200 points. */
  ecdf: Type.Array(Type.Tuple([Type.Number(), Type.Number()])),
});
export type Distribution = Static<typeof Distribution>;

/** Percentiles by time, on the steps of the heat map; `null` where there were no samples. */
export const QuantileLines = Type.Object({
  count: Type.Array(Nullable(Count)),
  p50: Type.Array(Nullable(Type.Number())),
  p90: Type.Array(Nullable(Type.Number())),
  p95: Type.Array(Nullable(Type.Number())),
  p99: Type.Array(Nullable(Type.Number())),
});
export type QuantileLines = Static<typeof QuantileLines>;

export const VERDICTS = ['faster', 'slower', 'no_difference', 'not_enough_data'] as const;
export type Verdict = (typeof VERDICTS)[number];

/**
 * One figure in both windows, A earlier and B later. `low` and `high` bound the relative change with 95 % confidence.
 * `faster` is the better direction: less time, a smaller share of failures, more requests per second.
 */
export const Difference = Type.Object({
  figure: literals([
    'p50',
    'p90',
    'p95',
    'p99',
    'mean',
    'network',
    'application',
    'local',
    'round_trip',
    'failed_share',
    'requests_per_second',
  ] as const),
  before: Nullable(Type.Number()),
  after: Nullable(Type.Number()),
  /** (after - before) ÷ before; difference of shares for `failed_share`. */
  change: Nullable(Type.Number()),
  low: Nullable(Type.Number()),
  high: Nullable(Type.Number()),
  verdict: literals(VERDICTS),
});
export type Difference = Static<typeof Difference>;

const Compared = Type.Object({ window: Window, distribution: Distribution, split: Nullable(TimeSplit) });

/** A against B; A is the earlier of the two windows. */
export const Comparison = Type.Object({
  a: Compared,
  b: Compared,
  differences: Type.Array(Difference),
  /** Of p99; in words on the page. */
  verdict: literals(VERDICTS),
});
export type Comparison = Static<typeof Comparison>;

export const Latency = Type.Object({
  window: Window,
  measure: literals(LATENCY_MEASURES),
  reporter: literals(REPORTERS),
  /** Every percentile and border is off by at most this share of itself. */
  relativeError: Type.Number(),
  heat: HeatMap,
  lines: QuantileLines,
  distribution: Distribution,
  /** As asked for by `split`. */
  parts: Type.Array(Type.Object({ key: Type.String(), distribution: Distribution, lines: QuantileLines })),
  /** Mean times by step, on the steps of the heat map, and over the whole window. */
  time: Type.Object({
    total: Nullable(TimeSplit),
    networkUs: Type.Array(Nullable(Type.Number())),
    applicationUs: Type.Array(Nullable(Type.Number())),
    localUs: Type.Array(Nullable(Type.Number())),
  }),
  /** All traffic that the filters match, its protocols among it: how much has no latency. */
  traffic: Traffic,
  comparison: Nullable(Comparison),
  missingNodes: Type.Array(Type.String()),
});
export type Latency = Static<typeof Latency>;

/** GET /latency/connections: who is in a region of the heat map, slowest first, and how they differ from the rest. */
export const LatencyConnectionsQuery = Type.Intersect([
  Filters,
  Type.Object({
    from: Time,
    to: Time,
    minUs: Type.Number({ minimum: 0 }),
    maxUs: Type.Number({ minimum: 0 }),
    system: Type.Optional(Type.Boolean({ default: false })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 50 })),
  }),
]);
export type LatencyConnectionsQuery = Static<typeof LatencyConnectionsQuery>;

/** Attributes that a region is compared by. */
export const CONTRASTS = [
  'source_node',
  'destination_node',
  'version',
  'method',
  'status',
  'retransmits',
  'port',
] as const;

export const LatencyConnections = Type.Object({
  items: Type.Array(
    Type.Object({
      connection: Connection,
      /** Of this connection, within the region. */
      requests: Count,
      slowestUs: Type.Number(),
      statusClasses: Type.Array(literals(STATUS_CLASSES)),
    }),
  ),
  /** Samples within the region, and in the same stretch of time outside it. */
  inside: Count,
  outside: Count,
  /** Largest differences first: how often a value occurs inside and outside, as shares of 0 to 1. */
  contrasts: Type.Array(
    Type.Object({
      attribute: literals(CONTRASTS),
      value: Type.String(),
      inside: Type.Number(),
      outside: Type.Number(),
    }),
  ),
  /** Connections that match beyond `limit`. */
  more: Count,
});
export type LatencyConnections = Static<typeof LatencyConnections>;
