// SPDX-License-Identifier: Apache-2.0
import type { Change, ChangeKind, Engine } from '@undermesh/schema';
import { bare, changeStep } from '../latency/words';
import { SLOT_ENGINES } from './switch';

/** The change log in rows, and which changes are marked on charts. */

/** What the log on the engines page tells unless asked for everything. */
export const ENGINE_KINDS = [
  'engine_set',
  'engine_adopted',
  'engine_refused',
  'engine_drifted',
  'engine_mended',
  'log_broken',
] as const satisfies readonly ChangeKind[];

/** Changes that are marked on every chart of time: from here on another engine was asked for. */
export const isEngineSwitch = ({ kind, before, after }: Change): boolean =>
  kind === 'engine_set' && before !== after;

const VERBS: Record<ChangeKind, string> = {
  node_joined: 'joined',
  node_silent: 'went silent',
  node_back: 'is back',
  agent_restarted: 'restarted',
  agent_version: 'changed version',
  workload_appeared: 'appeared',
  workload_version: 'changed version',
  edge_appeared: 'is new',
  engine_set: 'set',
  engine_adopted: 'took over',
  engine_refused: 'refused',
  engine_drifted: 'saw drift',
  engine_mended: 'put right',
  agent_invited: 'invited',
  agent_joined: 'joined with a certificate',
  agent_removed: 'removed',
  log_broken: 'was broken',
};

/** A line of the log: who did what to what. */
export interface LogRow {
  change: Change;
  /** `null`: nobody asked for it. */
  who: string | null;
  verb: string;
  subject: string;
  /** From which engine to which, where that is what changed. */
  engines: { before: Engine | null; after: Engine } | null;
  /** Everything else: versions, what drifted, why a node refused. */
  detail: string | null;
  /** In the words of who ordered it. */
  reason: string | null;
}

export function logRow(change: Change): LogRow {
  const { kind, order } = change;
  const after = engineOf(change.after);
  const engines = after === null ? null : { before: engineOf(change.before), after };
  const reason = order?.reason ?? '';
  return {
    change,
    who:
      order?.who ?? change.who ?? (kind.startsWith('engine_') || kind === 'log_broken' ? 'collector' : null),
    verb: kind === 'engine_set' && order?.setBy === 'label' ? 'set by label' : VERBS[kind],
    subject: kind === 'log_broken' ? 'the change log' : subjectOf(change.subject),
    engines,
    detail: change.detail ?? (engines === null ? changeStep(change) : null),
    reason: reason === '' ? null : reason,
  };
}

const engineOf = (name: string | null): Engine | null =>
  SLOT_ENGINES.find((engine) => engine === name) ?? null;

/** `front → orders` of an edge, the name alone of anything else. */
const subjectOf = (subject: string): string => subject.split(' > ').map(bare).join(' → ');
