// SPDX-License-Identifier: Apache-2.0
import type {
  CloseReason,
  Connection,
  Edge,
  Engine,
  FailureReason,
  Health,
  LossReason,
  Protocol,
  RefusalReason,
} from '@undermesh/schema';
import { formatClock } from './format';
import type { StatusKind } from './glyphs';

/** Words for what the API says in names. */

/** Of connects that went nowhere. */
const REFUSALS: Record<RefusalReason, string> = {
  no_endpoint: 'refused by the mesh: no endpoint',
  no_endpoint_near: 'refused by the mesh: no endpoint near',
  no_waypoint: 'refused by the mesh: no waypoint',
  not_steered: 'refused by the mesh: not steered',
  too_many: 'refused by the mesh: too many connections',
  no_route: 'refused by the mesh: no route takes the request',
  route_rejects: 'refused by the mesh: the route has no backend to give',
  rate_limited: 'refused by the mesh: rate limit of the route',
};

const REASONS: Record<CloseReason | FailureReason, string> = {
  local_fin: 'closed by source',
  peer_fin: 'closed by peer',
  local_reset: 'reset by source',
  peer_reset: 'reset by peer',
  timed_out: 'timed out',
  killed: 'killed',
  unreachable: 'unreachable',
  refused: 'refused',
  connect_timed_out: 'connect timed out',
  connect_aborted: 'connect given up',
  connect_unreachable: 'unreachable',
  ...REFUSALS,
};
/** Every reason for which a connection can end or fail. */
export const CLOSE_REASON_NAMES = Object.keys(REASONS) as (CloseReason | FailureReason)[];

/** Whether the mesh refused a connect, where it was made. */
export const isRefusal = (reason: CloseReason | FailureReason | null): boolean =>
  reason !== null && reason in REFUSALS;

export const reasonWords = (reason: CloseReason | FailureReason | null): string =>
  reason === null ? 'no reason' : (REASONS[reason] ?? reason.replaceAll('_', ' '));

/**
 * A reason of health, in the same words as the connections it comes from: the API says `peer reset` for peer_reset. The
 * limit it may name is left to where there is room: `p99 231 ms, limit 50 ms`.
 */
export const healthReasonWords = (reason: string): string => {
  const [what = reason] = reason.split(', limit ');
  const name = what.replaceAll(' ', '_');
  return REASONS[name as CloseReason] ?? REASONS[`connect_${name}` as FailureReason] ?? what;
};

const LOSSES: Record<LossReason, string> = {
  ring_full: 'ring full',
  storage_full: 'socket storage full',
  agent_memory: 'agent out of memory',
  spool_full: 'spool full',
  agent_killed: 'agent killed',
  store_full: 'store full',
  invalid: 'not valid',
};
export const lossWords = (reason: string): string =>
  LOSSES[reason as LossReason] ?? reason.replaceAll('_', ' ');

export const healthStatus = (health: Health): StatusKind =>
  (({ ok: 'ok', warning: 'warn', failing: 'crit', unknown: 'unk' }) as const)[health];

/** One plain phrase: what, since when; of what is over, when last. */
export const edgeState = (edge: Edge): { kind: StatusKind; text: string } => {
  const kind = healthStatus(edge.health);
  if (kind === 'ok') {
    const ok = edge.partial ? 'unk' : kind;
    const steady = edge.partial ? seenByWords(edge.seenBy) : 'steady';
    return { kind: ok, text: lastFailureWords(edge) ?? steady };
  }
  const what =
    (edge.healthReason === null ? null : healthReasonWords(edge.healthReason)) ??
    (kind === 'unk' ? 'no data' : kind === 'warn' ? 'needs a look' : 'failing');
  const since = edge.healthSince === null ? '' : ` since ${formatClock(edge.healthSince)}`;
  return { kind, text: what + since };
};

/** `refused, last 13:41`; `null` when no connect failed that matters. */
function lastFailureWords({ lastFailureAt, traffic }: Edge): string | null {
  if (lastFailureAt === null) return null;
  const reasons = Object.entries(traffic.failed.reasons) as [FailureReason, number][];
  const [commonest] = reasons.sort((a, b) => b[1] - a[1])[0] ?? [null];
  return `${reasonWords(commonest)}, last ${formatClock(lastFailureAt)}`;
}

export const seenByWords = (seenBy: Connection['seenBy']): string =>
  (({ both: 'both ends', source: 'source only', destination: 'destination only' }) as const)[seenBy];

/** What a connection carries, as it is commonly written. */
export const protocolWords = (protocol: Protocol): string =>
  (({ http1: 'HTTP/1.1', tls: 'TLS', http2: 'HTTP/2', other: 'other' }) as const)[protocol];

/** How a connection's state reads in a table, and how loudly. */
export const connectionState = (
  connection: Connection,
): { kind: 'open' | 'closed' | 'warn' | 'crit'; text: string } => {
  switch (connection.state) {
    case 'open':
      return { kind: 'open', text: 'open' };
    case 'failed':
      return { kind: 'crit', text: reasonWords(connection.reason) };
    case 'closed':
      return connection.reason === null ||
        connection.reason === 'local_fin' ||
        connection.reason === 'peer_fin'
        ? { kind: 'closed', text: 'closed' }
        : { kind: 'warn', text: reasonWords(connection.reason) };
  }
};

export const engineWords = (engine: Engine): string => (engine === 'off' ? 'off, observes only' : engine);
