// SPDX-License-Identifier: Apache-2.0
import { createLogger } from '@undermesh/core';
import {
  type Command,
  ENGINE_LABEL,
  ENGINES,
  type Engine,
  type EngineCondition,
  type EngineDecider,
  type EngineOrder,
  type EngineReport,
  type Engines as EnginesAnswer,
  LAST_GENERATION,
  type NodeEngine,
} from '@undermesh/schema';
import { toTime } from '../aggregate/mesh-view.js';
import { CollectorError } from '../errors.js';
import type { Agents } from '../ingest/agents.js';
import type { ChangeLog } from './change-log.js';
import {
  conditionOf,
  describeEngine,
  driftOf,
  type EngineFacts,
  isInForce,
  isKept,
  refusalOf,
  type Sent,
} from './node-engine.js';

const log = createLogger('engines');

/** Time for a node to carry out an order; then it is sent again. */
const DEADLINE_MS = 5_000;
/** An order that was refused is sent again after this long, as what it lacked may be there. */
const REFUSED_MS = 30_000;

/** What mode control works with. */
export interface EnginesParts {
  readonly log: ChangeLog;
  readonly agents: Agents;
  /** Sends a command down the agent's connection; false when there is none. */
  readonly send: (node: string, command: Command) => boolean;
}

/** What only this run of the collector knows of a node. */
interface Watched {
  heard: EngineReport | null;
  /** Whether its agent knows orders. */
  capable: boolean;
  sent: Sent | null;
  late: boolean;
  condition: EngineCondition;
  sinceMs: number | null;
  switchMs: number | null;
  /** The order whose time is taken, of a node that was there when it was given. */
  timed: { readonly generation: number; readonly beganMs: number } | null;
  /** Drift that has been told of although it was put right at once. */
  readonly told: Set<string>;
  /** One thing after the other. */
  turn: Promise<unknown>;
  shown: string;
}

/** Tells of one switch: its engine, and the time from the order to the readback. */
export type SwitchListener = (node: string, engine: Engine, milliseconds: number) => void;

/**
 * Mode control: what each node's engine ought to be, settled by label, API and configuration in this order, written down
 * before anybody is told, then brought about by commands down the agents' own connections until they have read it back.
 */
export class Engines {
  readonly #parts: EnginesParts;
  readonly #watched = new Map<string, Watched>();
  readonly #listeners = new Set<() => void>();
  readonly #switches = new Set<SwitchListener>();

  constructor(parts: EnginesParts) {
    this.#parts = parts;
  }

  /** Calls back when anything of the answer to /engines has changed; returns how to end that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back for every switch of a node that was reporting when it was ordered. */
  onSwitch(listener: SwitchListener): void {
    this.#switches.add(listener);
  }

  /** An agent was welcomed: what it lacks is sent, what we lack is adopted. */
  welcomed(node: string): void {
    const watched = this.#watch(node);
    const heard = this.#parts.agents.get(node)?.hello?.engine;
    watched.capable = heard !== undefined;
    watched.sent = null;
    if (heard !== undefined) this.#hear(node, heard);
  }

  /** A report came. */
  reported(node: string): void {
    const heard = this.#parts.agents.get(node)?.report?.engine;
    if (heard !== undefined) this.#hear(node, heard);
  }

  #hear(node: string, heard: EngineReport): void {
    this.#watch(node).heard = heard;
    this.#reviewSoon(node);
  }

  /** Looks after deadlines and silence. Call it every second. */
  tick(now: number): void {
    for (const [node, { sent }] of this.#watched) {
      if (sent !== null && now > sent.deadlineMs) this.#reviewSoon(node);
      else this.#show(node, now);
    }
  }

  /**
   * Sets the engine of a node, by the API. Resolves when the order is on our disk and on its way. Rejects with
   * CollectorError `node_unknown`, `engine_unsettled`, `engine_managed`, `engine_changed`, `engine_unavailable`,
   * `reason_required`, `change_not_written`.
   */
  async set(node: string, order: EngineOrder, who: string): Promise<NodeEngine> {
    const beganMs = performance.now();
    const reason = order.reason?.trim() ?? '';
    if (reason === '')
      throw new CollectorError('reason_required', 'Say why: `reason` goes into the change log.');
    if (!this.#parts.agents.names().includes(node)) {
      throw new CollectorError('node_unknown', `There is no node ${JSON.stringify(node)}.`);
    }
    const watched = this.#watch(node);
    return this.#inTurn(node, async () => {
      this.#check(node, order);
      const { order: current } = this.#parts.log.orders.of(node);
      if (current?.setBy === 'api' && current.engine === order.engine) watched.sent = null;
      else {
        const generation = await this.#order(node, { engine: order.engine, setBy: 'api', who, reason });
        const reporting = this.#parts.agents.isReporting(node, Date.now());
        watched.timed = reporting ? { generation, beganMs } : null;
      }
      const now = Date.now();
      this.#send(node, now);
      this.#show(node, now);
      return this.describe(node, now);
    });
  }

  /** What the API says of a node's engine. */
  describe(node: string, now: number): NodeEngine {
    const { condition, sinceMs, switchMs } = this.#judge(node, now);
    return describeEngine(this.#facts(node, now), { condition, sinceMs, switchMs });
  }

  /** The answer of GET /engines. */
  read(now: number): EnginesAnswer {
    const { agents, log } = this.#parts;
    const items = agents.names().map((node) => {
      const lastSeen = agents.lastSeen(node);
      return {
        node,
        state: agents.stateOf(node, now),
        lastSeenAt: lastSeen === null ? null : toTime(lastSeen),
        labels: agents.get(node)?.hello?.labels ?? {},
        engine: this.describe(node, now),
      };
    });
    return { items, next: null, chain: log.chain };
  }

  #check(node: string, order: EngineOrder): void {
    const { order: current, generation } = this.#parts.log.orders.of(node);
    const { heard, capable } = this.#watch(node);
    const connected = this.#parts.agents.get(node)?.hello != null;
    if (connected && !capable) {
      throw new CollectorError(
        'engine_unavailable',
        `The agent of ${node} knows no engines yet: upgrade it first.`,
      );
    }
    if (heard === null && generation === 0) {
      throw new CollectorError(
        'engine_unsettled',
        `${node} has not reported yet: what it runs is not known. Try again when it has.`,
      );
    }
    if (current?.setBy === 'label') {
      throw new CollectorError(
        'engine_managed',
        `The engine of ${node} is managed by its label ${ENGINE_LABEL}=${current.engine}: change the label.`,
      );
    }
    const known = current?.generation ?? 0;
    if (order.generation !== undefined && order.generation !== known) {
      throw new CollectorError(
        'engine_changed',
        `The engine of ${node} is of generation ${known} by now, not ${order.generation}${
          current === null ? '' : `: ${current.who} set ${current.engine} at ${current.since}`
        }. Look again, and decide anew.`,
      );
    }
    const reason = heard?.unavailable?.[order.engine];
    if (reason !== undefined) {
      throw new CollectorError('engine_unavailable', `${node} cannot run ${order.engine}: ${reason}`);
    }
    if (generation >= LAST_GENERATION) {
      throw new CollectorError(
        'engine_unavailable',
        `${node} has been given ${LAST_GENERATION} orders, the most there can be: install its agent anew.`,
      );
    }
  }

  /** Writes an order down; returns its generation. */
  async #order(
    node: string,
    of: {
      engine: Engine;
      setBy: EngineDecider;
      who: string;
      reason: string;
      adopted?: boolean;
      generation?: number;
    },
  ): Promise<number> {
    const { log: changes } = this.#parts;
    const { order: before, generation: newest } = changes.orders.of(node);
    const watched = this.#watch(node);
    const { engine, setBy, who, reason } = of;
    const generation = of.generation ?? newest + 1;
    await changes.record({
      kind: of.adopted === true ? 'engine_adopted' : 'engine_set',
      time: toTime(Date.now()),
      subject: node,
      before: before?.engine ?? watched.heard?.observed ?? null,
      after: engine,
      order: { generation, setBy, who, reason },
    });
    watched.late = false;
    log.info({ node, engine, generation, setBy, who }, 'an engine is desired');
    return generation;
  }

  #reviewSoon(node: string): void {
    void this.#inTurn(node, () => this.#review(node)).catch((error: unknown) =>
      log.error({ err: error, node }, 'the engine of a node could not be settled: it is tried again'),
    );
  }

  /** Settles what is desired, and has it brought about. */
  async #review(node: string): Promise<void> {
    const watched = this.#watch(node);
    if (watched.heard !== null && watched.capable) {
      await this.#adopt(node, watched.heard);
      await this.#followLabel(node, watched.heard);
      this.#send(node, Date.now());
      this.#takeTime(node);
      await this.#tellRefusal(node);
      await this.#tellDrift(node);
    }
    this.#show(node, Date.now());
  }

  /** A node that is ahead of us, or elsewhere, stays where it is. */
  async #adopt(node: string, heard: EngineReport): Promise<void> {
    const { order, generation } = this.#parts.log.orders.of(node);
    const { desiredSeen = 0, refused } = heard;
    const newest = Math.max(heard.generation ?? 0, desiredSeen, refused?.generation ?? 0);
    const isElsewhere = order?.generation === desiredSeen && order.engine !== heard.desired;
    const isUnknown = order === null && newest > 0;
    if (newest <= generation && !isElsewhere && !isUnknown) return;
    await this.#order(node, {
      adopted: true,
      engine: heard.observed,
      // One that its agent does not keep is sent to it, so that it does not go back to another at its next start.
      generation:
        heard.desired === heard.observed ? Math.max(newest, generation) : Math.max(newest, generation) + 1,
      setBy: 'api',
      who: 'collector',
      reason: `The node came with order ${newest}, the change log ends at ${order === null ? 'none' : generation}: what it runs is taken for what is desired.`,
    });
  }

  /** The label settles it while it is there; what the API or the configuration said holds again after it. */
  async #followLabel(node: string, heard: EngineReport): Promise<void> {
    const { order, api } = this.#parts.log.orders.of(node);
    const label = this.#parts.agents.get(node)?.hello?.labels?.[ENGINE_LABEL];
    const engine = ENGINES.find((name) => name === label);
    if (engine !== undefined) {
      if (order?.setBy === 'label' && order.engine === engine) return;
      const reason = `The node carries ${ENGINE_LABEL}=${engine}.`;
      await this.#order(node, { engine, setBy: 'label', who: ENGINE_LABEL, reason });
      return;
    }
    const configured = heard.configured ?? 'off';
    if (order?.setBy === 'label') {
      const back =
        api === null
          ? { engine: configured, setBy: 'config' as const, who: 'configuration' }
          : { engine: api.engine, setBy: 'api' as const, who: api.who };
      await this.#order(node, { ...back, reason: `The label ${ENGINE_LABEL} is gone.` });
    } else if (order?.setBy === 'config' && order.engine !== configured) {
      const reason = 'The configuration of its agent has changed.';
      await this.#order(node, { engine: configured, setBy: 'config', who: 'configuration', reason });
    }
  }

  /** Sends what is desired unless the node has it, or is still at it. */
  #send(node: string, now: number): void {
    const watched = this.#watch(node);
    const facts = this.#facts(node, now);
    const { order } = facts.orders;
    if (order === null || !watched.capable) return;
    if (isKept(facts)) {
      watched.sent = null;
      watched.late = false;
      return;
    }
    const { sent } = watched;
    if (sent !== null && sent.generation === order.generation) {
      const refused = refusalOf(facts) !== null;
      if (now <= sent.deadlineMs + (refused ? REFUSED_MS : 0)) return;
      if (!refused) watched.late = true;
    }
    const deadlineMs = now + DEADLINE_MS;
    const { generation, engine } = order;
    const isSent = this.#parts.send(node, { generation, engine, deadline: toTime(deadlineMs) });
    watched.sent = isSent ? { generation, deadlineMs } : null;
  }

  #takeTime(node: string): void {
    const watched = this.#watch(node);
    const facts = this.#facts(node, Date.now());
    const { order } = facts.orders;
    if (watched.timed === null || order === null || watched.timed.generation !== order.generation) return;
    if (!isInForce(facts)) return;
    watched.switchMs = Math.round((performance.now() - watched.timed.beganMs) * 10) / 10;
    watched.timed = null;
    for (const listener of this.#switches) listener(node, order.engine, watched.switchMs);
  }

  async #tellRefusal(node: string): Promise<void> {
    const facts = this.#facts(node, Date.now());
    const reason = refusalOf(facts);
    const { order, refused } = facts.orders;
    if (reason === null || order === null || refused === order.generation) return;
    await this.#parts.log.record({
      kind: 'engine_refused',
      time: toTime(Date.now()),
      subject: node,
      before: facts.heard?.observed ?? null,
      after: order.engine,
      detail: reason,
      order: { generation: order.generation, setBy: order.setBy, who: order.who, reason: order.reason },
    });
  }

  async #tellDrift(node: string): Promise<void> {
    const facts = this.#facts(node, Date.now());
    const { told } = this.#watch(node);
    const current = new Set(driftOf(facts));
    const tell = (kind: 'engine_drifted' | 'engine_mended', what: string): Promise<unknown> =>
      this.#parts.log.record({
        kind,
        time: toTime(Date.now()),
        subject: node,
        before: null,
        after: null,
        detail: what,
      });
    for (const what of current) if (!facts.orders.drift.has(what)) await tell('engine_drifted', what);
    for (const what of facts.orders.drift) if (!current.has(what)) await tell('engine_mended', what);
    const mended = (facts.heard?.drift ?? []).filter((one) => one.mended);
    for (const { what, sinceMs } of mended) {
      const key = `${sinceMs} ${what}`;
      if (told.has(key)) continue;
      told.add(key);
      if (facts.orders.drift.has(what)) continue;
      await tell('engine_drifted', what);
      await tell('engine_mended', what);
    }
    const kept = new Set((facts.heard?.drift ?? []).map(({ what, sinceMs }) => `${sinceMs} ${what}`));
    for (const key of told) if (!kept.has(key)) told.delete(key);
  }

  #watch(node: string): Watched {
    let watched = this.#watched.get(node);
    if (watched === undefined) {
      watched = {
        heard: null,
        capable: false,
        sent: null,
        late: false,
        condition: 'silent',
        sinceMs: null,
        switchMs: null,
        timed: null,
        told: new Set(),
        turn: Promise.resolve(),
        shown: '',
      };
      this.#watched.set(node, watched);
    }
    return watched;
  }

  #inTurn<T>(node: string, work: () => Promise<T>): Promise<T> {
    const watched = this.#watch(node);
    const turn = watched.turn.then(work);
    watched.turn = turn.catch(() => {});
    return turn;
  }

  #facts(node: string, now: number): EngineFacts {
    const { heard, sent, late } = this.#watch(node);
    const { log, agents } = this.#parts;
    return { orders: log.orders.of(node), heard, reporting: agents.isReporting(node, now), sent, late };
  }

  #judge(node: string, now: number): Watched {
    const watched = this.#watch(node);
    const condition = conditionOf(this.#facts(node, now));
    if (condition !== watched.condition || watched.sinceMs === null) {
      watched.condition = condition;
      watched.sinceMs = condition === 'silent' ? this.#parts.agents.lastSeen(node) : now;
    }
    return watched;
  }

  /** Tells those who listen, if there is anything new to see. */
  #show(node: string, now: number): void {
    const shown = JSON.stringify(this.describe(node, now));
    const watched = this.#watch(node);
    if (shown === watched.shown) return;
    watched.shown = shown;
    for (const listener of this.#listeners) listener();
  }
}
