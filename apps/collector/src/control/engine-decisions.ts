// SPDX-License-Identifier: Apache-2.0
import {
  ENGINE_LABEL,
  ENGINES,
  type Engine,
  type EngineDecider,
  type EngineOrder,
  type EngineReport,
  LAST_GENERATION,
  type Labels,
} from '@undermesh/schema';
import { toTime } from '../aggregate/mesh-view.js';
import { CollectorError } from '../errors.js';
import type { NodeOrders } from './engine-orders.js';
import { driftOf, type EngineFacts } from './node-engine.js';

/** An order that is about to be written down. */
export interface NewOrder {
  readonly engine: Engine;
  readonly generation: number;
  readonly setBy: EngineDecider;
  readonly who: string;
  readonly reason: string;
  /** Taken from the node, not given to it. */
  readonly adopted?: boolean;
}

/** Why an order by the API cannot be taken; `null`: it can. */
export function objectionTo(node: string, order: EngineOrder, facts: EngineFacts): CollectorError | null {
  const { heard, capable, orders } = facts;
  const { order: current, generation } = orders;
  if (capable === false) {
    return new CollectorError(
      'engine_unavailable',
      `The agent of ${node} knows no engines yet: upgrade it first.`,
    );
  }
  if (heard === null && generation === 0) {
    return new CollectorError(
      'engine_unsettled',
      `${node} has not reported yet: what it runs is not known. Try again when it has.`,
    );
  }
  if (current?.setBy === 'label') {
    return new CollectorError(
      'engine_managed',
      `The engine of ${node} is managed by its label ${ENGINE_LABEL}=${current.engine}: change the label.`,
    );
  }
  const known = current?.generation ?? 0;
  if (order.generation !== undefined && order.generation !== known) {
    const by = current === null ? '' : `: ${current.who} set ${current.engine} at ${current.since}`;
    return new CollectorError(
      'engine_changed',
      `The engine of ${node} is of generation ${known} by now, not ${order.generation}${by}. Look again, and decide anew.`,
    );
  }
  const reason = heard?.unavailable?.[order.engine];
  if (reason !== undefined) {
    return new CollectorError('engine_unavailable', `${node} cannot run ${order.engine}: ${reason}`);
  }
  if (generation >= LAST_GENERATION) {
    return new CollectorError(
      'engine_unavailable',
      `${node} has been given ${LAST_GENERATION} orders, the most there can be: install its agent anew.`,
    );
  }
  return null;
}

/** A node that is ahead of us, or elsewhere, stays where it is: what it runs becomes what is desired. */
export function adoptionOf(orders: NodeOrders, heard: EngineReport): NewOrder | null {
  const { order, generation } = orders;
  const { desiredSeen = 0, refused } = heard;
  const newest = Math.max(heard.generation ?? 0, desiredSeen, refused?.generation ?? 0);
  const isElsewhere = order?.generation === desiredSeen && order.engine !== heard.desired;
  const isUnknown = order === null && newest > 0;
  if (newest <= generation && !isElsewhere && !isUnknown) return null;
  const ours = order === null ? 'knows of none' : `ends at ${generation}`;
  // One that its agent does not keep is sent to it, so that it does not go back to another at its next start.
  const isKept = heard.desired === heard.observed && desiredSeen >= generation;
  return {
    adopted: true,
    engine: heard.observed,
    generation: Math.min(Math.max(newest, generation) + (isKept ? 0 : 1), LAST_GENERATION),
    setBy: 'api',
    who: 'collector',
    reason: `The node came with order ${newest}, the change log ${ours}: what it runs is taken for what is desired.`,
  };
}

/**
 * The label settles it while it is there, the one of the Node in the cluster before the one that the agent was given; what
 * the API or the configuration said holds again after it.
 */
export function settlementOf(
  { order, api, generation: newest }: NodeOrders,
  heard: EngineReport,
  labels: Labels,
): NewOrder | null {
  const generation = newest + 1;
  const { nodeLabel } = heard;
  // Its cluster has not told of the node yet: what a label asked for before holds, and no other word comes before it.
  if (nodeLabel?.known === false) return null;
  const label = nodeLabel?.engine ?? ENGINES.find((name) => name === labels[ENGINE_LABEL]);
  if (label !== undefined) {
    if (order?.setBy === 'label' && order.engine === label) return null;
    const reason = `The node carries ${ENGINE_LABEL}=${label}.`;
    return { engine: label, generation, setBy: 'label', who: ENGINE_LABEL, reason };
  }
  const configured = heard.configured ?? 'off';
  if (order?.setBy === 'label') {
    const reason = `The label ${ENGINE_LABEL} is gone.`;
    return api === null
      ? { engine: configured, generation, setBy: 'config', who: 'configuration', reason }
      : { engine: api.engine, generation, setBy: 'api', who: api.who, reason };
  }
  if (order?.setBy === 'config' && order.engine !== configured) {
    const reason = 'The configuration of its agent has changed.';
    return { engine: configured, generation, setBy: 'config', who: 'configuration', reason };
  }
  return null;
}

/** Something about drift that the change log does not tell yet. */
export interface DriftNews {
  readonly kind: 'engine_drifted' | 'engine_mended';
  /** RFC 3339. */
  readonly time: string;
  readonly what: string;
}

/** What has drifted and what has been put right since the change log told of it last. */
export function driftNews(facts: EngineFacts, now: number): DriftNews[] {
  const { drift: open, driftedAt } = facts.orders;
  const reported = facts.heard?.drift ?? [];
  const current = new Set(driftOf(facts));
  const news: DriftNews[] = [];
  const sinceOf = (what: string): number =>
    reported.find((one) => one.what === what && !one.mended)?.sinceMs ?? now;
  for (const what of current) {
    if (!open.has(what)) news.push({ kind: 'engine_drifted', time: toTime(sinceOf(what)), what });
  }
  for (const what of open) {
    if (!current.has(what)) news.push({ kind: 'engine_mended', time: toTime(now), what });
  }
  for (const { what, sinceMs, mended } of reported) {
    const time = toTime(sinceMs);
    // Told by the time when it was noticed: it stays in reports for a while.
    if (!mended || open.has(what) || current.has(what) || driftedAt.get(what) === time) continue;
    news.push({ kind: 'engine_drifted', time, what }, { kind: 'engine_mended', time: toTime(now), what });
  }
  return news;
}
