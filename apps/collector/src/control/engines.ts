// SPDX-License-Identifier: Apache-2.0
import { createLogger, messageOf } from '@undermesh/core';
import type {
  Command,
  Engine,
  EngineCondition,
  EngineOrder,
  EngineReport,
  Engines as EnginesAnswer,
  NodeEngine,
} from '@undermesh/schema';
import { toTime } from '../aggregate/mesh-view.js';
import { CollectorError } from '../errors.js';
import type { Agents } from '../ingest/agents.js';
import type { ChangeLog } from './change-log.js';
import { adoptionOf, driftNews, type NewOrder, objectionTo, settlementOf } from './engine-decisions.js';
import {
  conditionOf,
  describeEngine,
  type EngineFacts,
  isInForce,
  isKept,
  refusalOf,
} from './node-engine.js';

const log = createLogger('engines');

/** Time for a node to carry out an order; then it is sent again. */
const DEADLINE_MS = 5_000;
/** An order that was refused is sent again after this long, as what it lacked may be there. */
const REFUSED_MS = 30_000;
/** Lines about drift of one node in a minute. */
const MOST_TELLINGS = 60;
const MINUTE_MS = 60_000;

/** What mode control works with. */
export interface EnginesParts {
  readonly log: ChangeLog;
  readonly agents: Agents;
  /** Sends a command down the agent's connection; false when there is none. */
  readonly send: (node: string, command: Command) => boolean;
}

/** An order on its way. Times are the collector's, Unix ms. */
interface Sent {
  readonly generation: number;
  readonly deadlineMs: number;
}

/** What only this run of the collector knows of a node. */
interface Watched {
  heard: EngineReport | null;
  /** Whether its agent knows orders; `null`: it has not been here. */
  capable: boolean | null;
  sent: Sent | null;
  late: boolean;
  condition: EngineCondition;
  sinceMs: number | null;
  switchMs: number | null;
  /** The order whose time is taken, of a node that was there when it was given. */
  timed: { readonly generation: number; readonly beganMs: number } | null;
  /** How often drift was told of, since when. */
  tellings: number;
  tellingSince: number;
  /** One thing after the other. */
  turn: Promise<unknown>;
  /** Whether its engine is about to be settled. */
  isReviewDue: boolean;
  /** Why its engine could not be settled. */
  problem: string | null;
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
    parts.log.onControl((nodes) => {
      for (const node of nodes ?? this.#watched.keys()) if (this.#watched.has(node)) this.#reviewSoon(node);
    });
  }

  /** Calls back when anything of the answer to /engines has changed. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
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
   * `reason_required`, `change_not_written`, `control_held`, `control_unavailable`.
   */
  async set(node: string, order: EngineOrder, who: string): Promise<NodeEngine> {
    const beganMs = performance.now();
    const reason = order.reason?.trim() ?? '';
    if (reason === '')
      throw new CollectorError('reason_required', 'Say why: `reason` goes into the change log.');
    const { log: changes, agents } = this.#parts;
    // One whose agent is with another collector is known by what was ordered of it.
    if (changes.orders.of(node).generation === 0) agents.expect(node);
    const watched = this.#watch(node);
    const inTurn = (work: () => Promise<NodeEngine>): Promise<NodeEngine> =>
      this.#inTurn(node, () => changes.exclusively(work));
    return inTurn(async () => {
      const facts = this.#facts(node, Date.now());
      const objection = objectionTo(node, order, facts);
      if (objection !== null) throw objection;
      const { order: current, generation: newest } = facts.orders;
      if (current?.setBy === 'api' && current.engine === order.engine) watched.sent = null;
      else {
        const generation = newest + 1;
        await this.#order(node, { engine: order.engine, generation, setBy: 'api', who, reason });
        const reporting = agents.isReporting(node, Date.now());
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

  /** Writes an order down. */
  async #order(node: string, order: NewOrder): Promise<void> {
    const { log: changes } = this.#parts;
    const watched = this.#watch(node);
    const { engine, adopted, ...rest } = order;
    await changes.record({
      kind: adopted === true ? 'engine_adopted' : 'engine_set',
      time: toTime(Date.now()),
      subject: node,
      before: changes.orders.of(node).order?.engine ?? watched.heard?.observed ?? null,
      after: engine,
      order: { generation: rest.generation, setBy: rest.setBy, who: rest.who, reason: rest.reason },
    });
    watched.late = false;
    log.info({ node, engine, ...rest }, 'an engine is desired');
  }

  #reviewSoon(node: string): void {
    const watched = this.#watch(node);
    // One that has not begun sees what is new as well: where writing takes its time they do not queue up before orders.
    if (watched.isReviewDue) return;
    watched.isReviewDue = true;
    const turn = this.#inTurn(node, () => {
      watched.isReviewDue = false;
      return this.#review(node);
    });
    turn.then(
      () => {
        watched.problem = null;
      },
      (error: unknown) => {
        const problem = messageOf(error);
        // At every report the same is no news.
        if (problem !== watched.problem)
          log.error({ err: error, node }, 'the engine of a node could not be settled: it is tried again');
        watched.problem = problem;
      },
    );
  }

  /** Settles what is desired, and has it brought about. */
  async #review(node: string): Promise<void> {
    const { heard, capable } = this.#watch(node);
    const { log: changes, agents } = this.#parts;
    if (heard !== null && capable === true && changes.ready) {
      await this.#decide(node, () => adoptionOf(changes.orders.of(node), heard));
      const labels = agents.get(node)?.hello?.labels ?? {};
      await this.#decide(node, () => settlementOf(changes.orders.of(node), heard, labels));
      this.#send(node, Date.now());
      this.#takeTime(node);
      await this.#tellRefusal(node);
      await this.#tellDrift(node);
    }
    this.#show(node, Date.now());
  }

  /** Orders what is to be ordered; decided once more when nobody else can. */
  async #decide(node: string, decide: () => NewOrder | null): Promise<void> {
    if (decide() === null) return;
    await this.#parts.log.exclusively(async () => {
      const order = decide();
      if (order !== null) await this.#order(node, order);
    });
  }

  /** Sends what is desired unless the node has it, or is still at it. */
  #send(node: string, now: number): void {
    const watched = this.#watch(node);
    const facts = this.#facts(node, now);
    const { order } = facts.orders;
    if (order === null || watched.capable !== true) return;
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
    const watched = this.#watch(node);
    const now = Date.now();
    for (const { kind, time, what } of driftNews(this.#facts(node, now), now)) {
      if (now - watched.tellingSince >= MINUTE_MS) Object.assign(watched, { tellingSince: now, tellings: 0 });
      // Whoever takes turns with the agent at the kernel does not fill the disk with it.
      if (++watched.tellings > MOST_TELLINGS) return;
      await this.#parts.log.record({ kind, time, subject: node, before: null, after: null, detail: what });
    }
  }

  #watch(node: string): Watched {
    let watched = this.#watched.get(node);
    if (watched === undefined) {
      watched = {
        heard: null,
        capable: null,
        sent: null,
        late: false,
        condition: 'silent',
        sinceMs: null,
        switchMs: null,
        timed: null,
        tellings: 0,
        tellingSince: 0,
        turn: Promise.resolve(),
        isReviewDue: false,
        problem: null,
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
    const { heard, capable, late } = this.#watch(node);
    const { log, agents } = this.#parts;
    return {
      orders: log.orders.of(node),
      heard,
      capable,
      reporting: agents.isReporting(node, now),
      late,
    };
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
