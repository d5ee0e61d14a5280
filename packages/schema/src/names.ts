// SPDX-License-Identifier: Apache-2.0
/** Words that agent, collector, web and stores share. Each list is the whole set: nothing else may appear on the wire. */

/** What steers traffic on a node. */
export const ENGINES = ['off', 'dual-engine', 'kernel-native'] as const;
export type Engine = (typeof ENGINES)[number];

/** Which end of a connection made a record. */
export const REPORTERS = ['source', 'destination'] as const;
export type Reporter = (typeof REPORTERS)[number];

/** How records can be lost. Every loss is counted under exactly one of these. */
export const LOSS_REASONS = [
  'ring_full',
  'storage_full',
  'agent_memory',
  'spool_full',
  'agent_killed',
  'store_full',
  'invalid',
] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/**
 * Why a request that a waypoint told of is on no joined edge: its line was lost on the way (`line_lost`) or is none of ours
 * (`line_invalid`); the kernel told nothing of its connection in time (`client_unknown`, `server_unknown`), or of two that
 * the line fits (`ambiguous`); too much waited (`agent_memory`, `spool_full`); the collector is from before there were legs.
 */
export const UNJOINED_REASONS = [
  'line_lost',
  'line_invalid',
  'client_unknown',
  'server_unknown',
  'ambiguous',
  'agent_memory',
  'spool_full',
  'collector_old',
] as const;
export type UnjoinedReason = (typeof UNJOINED_REASONS)[number];

/** Why an established connection ended. */
export const CLOSE_REASONS = [
  'local_fin',
  'peer_fin',
  'local_reset',
  'peer_reset',
  'timed_out',
  'killed',
  'unreachable',
] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/**
 * Why the mesh refused a connect, before any SYN: the service has no endpoint; none where its locality lets connects go;
 * its waypoint cannot be reached from there; something was missing that it takes to steer; it has its maximum of connections.
 * Or a request, before any byte of it: no route of the service takes it; its route has no backend or endpoint; its rate limit.
 */
export const REFUSAL_REASONS = [
  'no_endpoint',
  'no_endpoint_near',
  'no_waypoint',
  'not_steered',
  'too_many',
  'no_route',
  'route_rejects',
  'rate_limited',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Why a connect was never established. */
export const FAILURE_REASONS = [
  'refused',
  'connect_timed_out',
  'connect_aborted',
  'connect_unreachable',
  ...REFUSAL_REASONS,
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** How a workload got its name, best first; `service`: nobody answers for it, it is the service that was asked for. */
export const WORKLOAD_KINDS = [
  'configured',
  'kubernetes',
  'unit',
  'container',
  'process',
  'service',
  'address',
  'unknown',
] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** At what level a topology is drawn. */
export const LEVELS = ['namespace', 'service', 'workload', 'node'] as const;
export type Level = (typeof LEVELS)[number];

/** Verdict on a vertex or an edge. `unknown`: not enough data to say. */
export const HEALTHS = ['ok', 'warning', 'failing', 'unknown'] as const;
export type Health = (typeof HEALTHS)[number];

/** What a connection carries, told from its first payload bytes. */
export const PROTOCOLS = ['http1', 'tls', 'http2', 'other'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** Classes of HTTP status; `none`: the connection ended before an answer. */
export const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx', 'none'] as const;
export type StatusClass = (typeof STATUS_CLASSES)[number];
