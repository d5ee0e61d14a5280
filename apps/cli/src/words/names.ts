// SPDX-License-Identifier: Apache-2.0
import type { CloseReason, Connection, Edge, FailureReason, Health, LossReason } from '@undermesh/schema';
import type { Line, Style } from '../output/line.js';

/** Words for what the API says in names. */

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
  no_endpoint: 'refused by the mesh: no endpoint',
  no_endpoint_near: 'refused by the mesh: no endpoint near',
  no_waypoint: 'refused by the mesh: no waypoint',
  not_steered: 'refused by the mesh: not steered',
  too_many: 'refused by the mesh: too many connections',
  no_route: 'refused by the mesh: no route takes the request',
  route_rejects: 'refused by the mesh: the route has no backend to give',
  rate_limited: 'refused by the mesh: rate limit of the route',
};

/** Why a connection ended or failed. */
export const reasonWords = (reason: string | null): string =>
  reason === null ? 'no reason' : (REASONS[reason as CloseReason] ?? reason.replaceAll('_', ' '));

const LOSSES: Record<LossReason, string> = {
  ring_full: 'ring full',
  storage_full: 'socket storage full',
  agent_memory: 'agent out of memory',
  spool_full: 'spool full',
  agent_killed: 'agent killed',
  store_full: 'store full',
  invalid: 'not valid',
};

/** How a record was lost. */
export const lossWords = (reason: string): string =>
  LOSSES[reason as LossReason] ?? reason.replaceAll('_', ' ');

/** Whose records a figure rests on. */
export const seenByWords = (seenBy: Connection['seenBy']): string =>
  ({ both: 'both ends', source: 'source only', destination: 'destination only' })[seenBy];

/** Shape and colour of a verdict: neither stands alone. */
export const healthMark = (health: Health): { readonly glyph: string; readonly style: Style | undefined } =>
  (
    ({
      ok: { glyph: ' ', style: undefined },
      warning: { glyph: '▲', style: 'yellow' },
      failing: { glyph: '✖', style: 'red' },
      unknown: { glyph: '◌', style: 'dim' },
    }) as const
  )[health];

/** Verdict on an edge or vertex with its shape: `✖ refused since 14:32:10`. Healthy is quiet. */
export function healthLine(
  of: Pick<Edge, 'health' | 'healthReason' | 'partial'> & { readonly since?: string | null },
): Line {
  if (of.health === 'ok' && !of.partial) return [{ text: '  steady', style: 'dim' }];
  if (of.health === 'ok') return [{ text: '◌ partly seen', style: 'dim' }];
  const { glyph, style } = healthMark(of.health);
  const otherwise = { unknown: 'no data', warning: 'needs a look', failing: 'failing' }[of.health];
  const since = of.since == null ? '' : ` since ${of.since}`;
  return [{ text: `${glyph} ${of.healthReason ?? otherwise}${since}`, style }];
}

/** How a connection's state reads in a table, and how loudly. */
export function connectionState({ state, reason }: Connection): Line {
  switch (state) {
    case 'open':
      return [{ text: 'open', style: 'cyan' }];
    case 'failed':
      return [{ text: `✖ ${reasonWords(reason)}`, style: 'red' }];
    case 'closed':
      return reason === null || reason === 'local_fin' || reason === 'peer_fin'
        ? [{ text: 'closed', style: 'dim' }]
        : [{ text: `▲ ${reasonWords(reason)}`, style: 'yellow' }];
  }
}

/** A workload by its full name, the namespace set back. */
export const workloadLine = (namespace: string, name: string): Line =>
  namespace === '' ? [name] : [{ text: `${namespace}/`, style: 'dim' }, name];
