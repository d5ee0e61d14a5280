// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises';
import { type Logger, messageOf } from '@undermesh/core';
import type { Command, EngineReport, NodeLabel } from '@undermesh/schema';
import type { EngineCommand, EngineControl, EngineName, EngineReadback } from './control.js';
import { following, type KeptOrder, readKeptOrder, writeKeptOrder } from './kept-order.js';

/** How often what could not be put in force is tried again. */
const AGAIN_MS = 30_000;

export interface OrdersOptions {
  readonly control: EngineControl;
  /** Where the newest order is kept. */
  readonly file: string;
  /** The engine while nobody has ordered another. */
  readonly configured: EngineName;
  /** What the mesh's Node of this name asks for; absent where no mesh tells of nodes. */
  readonly nodeLabel?: () => NodeLabel;
  /** An order has been carried out or refused: the collector is waiting to hear of it. */
  readonly onOutcome: () => void;
  readonly log: Logger;
}

/** What became of orders since the start. */
export interface OrderCounts {
  readonly carriedOut: number;
  readonly refused: number;
  /** Older than the newest, or read after their deadline. */
  readonly ignored: number;
}

/**
 * Orders to this node: the newest is kept on the disk before it is acknowledged, holds while the collector is away and
 * after a restart of the agent, and gives way to newer ones only.
 */
export class Orders {
  readonly #options: OrdersOptions;
  #kept: KeptOrder | null = null;
  #refused: NonNullable<EngineReport['refused']> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  readonly #counts = { carriedOut: 0, refused: 0, ignored: 0 };

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  get counts(): OrderCounts {
    return this.#counts;
  }

  /**
   * Puts in force what was ordered last, or what is configured when nothing ever was. Where the disk has nothing to say
   * and the kernel was given an order, the kernel is right: the disk is always written first. Never rejects: what cannot
   * be put in force is told, and tried again.
   */
  async begin(): Promise<void> {
    const { control, file, log } = this.#options;
    this.#kept = readKeptOrder(file, (problem) =>
      log.error({ file, problem }, 'the kept order is of no use'),
    );
    const { engine, generation } = control.readback();
    if (this.#kept === null && generation > 0) {
      this.#kept = following(null, { engine, generation });
      await writeKeptOrder(file, this.#kept).catch((error: unknown) =>
        log.error({ err: error, file }, 'what is in force could not be kept'),
      );
    }
    await this.#restore();
    this.#timer = setInterval(() => void this.again(), AGAIN_MS);
    this.#timer.unref();
  }

  /** Tries again what could not be put in force, if anything; never rejects. */
  again(): Promise<void> {
    return this.#inTurn(() => this.#restore());
  }

  /** Stops trying; what is in force stays. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#turn;
  }

  /**
   * Carries an order out, unless it is older than the newest or late; never rejects.
   * @param collectorNowMs Unix time by the collector's clock
   */
  take(command: Command, collectorNowMs: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#take(command, collectorNowMs);
      this.#options.onOutcome();
    });
  }

  /** What is in force, as the kernel says, beside what ought to be. */
  report(): EngineReport {
    const { control, nodeLabel } = this.#options;
    const readback = control.readback();
    const current = readback.openConnections.find(({ generation }) => generation === readback.generation);
    return {
      desired: this.#desired,
      observed: readback.engine,
      generation: readback.generation,
      desiredSeen: this.#kept?.generation ?? 0,
      configured: this.#options.configured,
      ...(nodeLabel === undefined ? {} : { nodeLabel: nodeLabel() }),
      drift: readback.drift.map(({ what, atMs, mended }) => ({ what, sinceMs: atMs, mended })),
      unavailable: unavailable(readback),
      connections: current?.connections ?? 0,
      draining: readback.openConnections
        .filter(({ generation, connections }) => generation !== readback.generation && connections > 0)
        .map(({ generation, connections }) => ({
          generation,
          engine: this.#engineOf(generation),
          connections,
        })),
      hooks: [...readback.hooks],
      ...(this.#refused === undefined ? {} : { refused: this.#refused }),
    };
  }

  get #desired(): EngineName {
    return this.#kept?.engine ?? this.#options.configured;
  }

  async #take(command: Command, collectorNowMs: number): Promise<void> {
    const { log, file, control } = this.#options;
    const { generation, engine, deadline } = command;
    const kept = this.#kept;
    if (generation < (kept?.generation ?? 0)) {
      this.#counts.ignored++;
      log.warn({ ...command, newest: kept?.generation }, 'an order that is older than the newest is ignored');
      return;
    }
    if (generation === kept?.generation) {
      if (engine === kept.engine) await this.#restore();
      else this.#refuse(command, `order ${generation} is to run ${kept.engine}`);
      return;
    }
    if (collectorNowMs > Date.parse(deadline)) {
      this.#counts.ignored++;
      log.warn(command, 'an order came after its deadline and is ignored');
      return;
    }
    const available = control.readback().available[engine];
    if (available !== true) {
      this.#refuse(command, available);
      return;
    }
    try {
      // On the disk first: whoever finds this agent killed from here on finds the order kept, and carries it out.
      await writeKeptOrder(file, following(kept, command));
    } catch (error) {
      this.#refuse(command, `it could not be kept: ${messageOf(error)}`);
      return;
    }
    try {
      await control.apply({ engine, generation });
    } catch (error) {
      this.#refuse(command, messageOf(error));
      await this.#keepAgain(kept);
      return;
    }
    this.#kept = following(kept, command);
    this.#refused = undefined;
    this.#counts.carriedOut++;
    log.info({ engine, generation }, 'an engine is in force');
  }

  /** Puts in force what is kept, where something else is. */
  async #restore(): Promise<void> {
    const { control, log } = this.#options;
    const { engine, generation } = control.readback();
    const wanted = { engine: this.#desired, generation: this.#kept?.generation ?? 0 };
    if (engine === wanted.engine && generation === wanted.generation) return;
    try {
      await control.apply(wanted);
      if (this.#refused?.generation === wanted.generation) this.#refused = undefined;
      log.info(wanted, 'an engine is in force again');
    } catch (error) {
      this.#refuse(wanted, messageOf(error));
      await this.#stepBack(wanted);
    }
  }

  /**
   * Where nothing steers, as after a boot without the kernel module, the engine that needs none does: with routes or without
   * them, no connect leaves for a virtual address. It is told as drift, and the order stays what is wanted.
   */
  async #stepBack({ engine, generation }: EngineCommand): Promise<void> {
    const { control, log } = this.#options;
    const readback = control.readback();
    if (engine !== 'kernel-native' || readback.engine !== 'off') return;
    if (readback.available['dual-engine'] !== true) return;
    try {
      await control.apply({ engine: 'dual-engine', generation });
      log.warn({ generation }, 'dual-engine is in force in the place of kernel-native');
    } catch (error) {
      log.error({ err: error }, 'nothing could be put in force in the place of kernel-native');
    }
  }

  /** The disk forgets an order that could not be carried out. */
  async #keepAgain(kept: KeptOrder | null): Promise<void> {
    const { file, log } = this.#options;
    try {
      if (kept === null) await rm(file, { force: true });
      else await writeKeptOrder(file, kept);
    } catch (error) {
      log.error({ err: error, file }, 'an order that was refused is still kept: a restart will try it again');
    }
  }

  #refuse({ generation, engine }: { generation: number; engine: EngineName }, reason: string): void {
    // Every half a minute the same is no news.
    if (this.#refused?.generation !== generation || this.#refused.reason !== reason) {
      this.#options.log.warn({ generation, engine, reason }, 'an engine cannot be put in force');
    }
    this.#counts.refused++;
    this.#refused = { generation, engine, reason };
  }

  #engineOf(generation: number): EngineName | null {
    if (generation === 0) return this.#options.configured;
    if (generation === this.#kept?.generation) return this.#kept.engine;
    return this.#kept?.earlier.find((order) => order.generation === generation)?.engine ?? null;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work).catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'an order could not be worked on');
    });
    return this.#turn;
  }
}

function unavailable({ available }: EngineReadback): NonNullable<EngineReport['unavailable']> {
  const reasons: NonNullable<EngineReport['unavailable']> = {};
  for (const [engine, reason] of Object.entries(available) as [EngineName, true | string][]) {
    if (reason !== true) reasons[engine] = reason;
  }
  return reasons;
}
