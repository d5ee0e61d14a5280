// SPDX-License-Identifier: Apache-2.0
import type { EngineCondition, EngineReport, NodeEngine } from '@undermesh/schema';
import { toTime } from '../aggregate/mesh-view.js';
import type { NodeOrders, Order } from './engine-orders.js';

/** All that is known of one node's engine. */
export interface EngineFacts {
  readonly orders: NodeOrders;
  /** What its agent said last; `null`: nothing since the collector started. */
  readonly heard: EngineReport | null;
  /** Whether its agent knows orders; `null`: it has not been here. */
  readonly capable: boolean | null;
  readonly reporting: boolean;
  /** Whether the order has not been carried out by a deadline. */
  readonly late: boolean;
}

/** What the node refused, if that is what is wanted of it now. */
export function refusalOf({ orders, heard }: EngineFacts): string | null {
  const refused = heard?.refused;
  return refused !== undefined && refused.generation === orders.order?.generation ? refused.reason : null;
}

/** Whether the node has kept the newest order. */
export const isKept = ({ orders, heard }: EngineFacts): boolean =>
  (heard?.desiredSeen ?? 0) >= (orders.order?.generation ?? 0);

/** Whether what is desired has been read back. */
export function isInForce({ orders, heard }: EngineFacts): boolean {
  if (heard === null) return false;
  const { order } = orders;
  if (order === null) return heard.observed === (heard.configured ?? heard.desired);
  return heard.observed === order.engine && heard.generation === order.generation;
}

/** What is not as it ought to be and stays so, in plain words: as its agent says, and as orders and answers show. */
export function driftOf(facts: EngineFacts): string[] {
  const { orders, heard, late } = facts;
  const drift = (heard?.drift ?? []).filter(({ mended }) => !mended).map(({ what }) => what);
  if (heard === null || refusalOf(facts) !== null || isInForce(facts)) return drift;
  if (isKept(facts)) drift.push(`The kernel runs ${heard.observed}, not ${desiredOf(facts)}.`);
  else if (late) drift.push(`Order ${orders.order?.generation} has not been carried out in time.`);
  return drift;
}

export const desiredOf = ({ orders, heard }: EngineFacts): NodeEngine['desired'] =>
  orders.order?.engine ?? heard?.configured ?? heard?.desired ?? 'off';

/** Where a node stands between what is desired and what is observed. */
export function conditionOf(facts: EngineFacts): EngineCondition {
  if (!facts.reporting || facts.heard === null) return 'silent';
  if (refusalOf(facts) !== null) return 'unavailable';
  if (driftOf(facts).length > 0) return 'drift';
  return isInForce(facts) ? 'in-force' : 'switching';
}

/** What the API says of a node's engine. */
export function describeEngine(
  facts: EngineFacts,
  seen: {
    readonly condition: EngineCondition;
    readonly sinceMs: number | null;
    readonly switchMs: number | null;
  },
): NodeEngine {
  const { orders, heard } = facts;
  const { order } = orders;
  return {
    desired: desiredOf(facts),
    observed: heard?.observed ?? null,
    generation: order?.generation ?? 0,
    state: seen.condition,
    stateSince: seen.sinceMs === null ? null : toTime(seen.sinceMs),
    detail: refusalOf(facts) ?? driftOf(facts)[0] ?? null,
    ...deciderOf(order),
    switchMs: seen.switchMs,
    drift: [
      ...(heard?.drift ?? []).map(({ what, sinceMs, mended }) => ({ what, since: toTime(sinceMs), mended })),
    ],
    unavailable: heard?.unavailable ?? {},
    connections: heard?.connections ?? null,
    draining: heard?.draining ?? [],
    hooks: heard?.hooks ?? [],
  };
}

function deciderOf(order: Order | null): Pick<NodeEngine, 'setBy' | 'who' | 'since' | 'reason' | 'change'> {
  if (order === null) return { setBy: 'config', who: null, since: null, reason: null, change: null };
  const { setBy, who, since, reason, change } = order;
  return { setBy, who, since, reason, change };
}
