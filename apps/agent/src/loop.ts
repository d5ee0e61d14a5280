// SPDX-License-Identifier: Apache-2.0
import { type Logger, messageOf } from '@undermesh/core';
import type { Hook, MapUse, Report } from '@undermesh/schema';
import type { Steered } from './engine/make.js';
import { clockPairNs, type Observe } from './kernel/index.js';
import { Lateness, moment } from './lateness.js';
import type { Legs } from './legs/index.js';
import type { Listeners } from './listeners/listeners.js';
import type { Drain } from './records/drain.js';
import { Pace } from './records/pace.js';
import type { OwnSpool } from './spool/own-spool.js';
import type { Uplink } from './uplink/uplink.js';

/** What the loop drives. */
export interface LoopOptions {
  readonly observe: Observe;
  readonly steered: Steered;
  readonly drain: Drain;
  /** Absent where no waypoint tells of its requests. */
  readonly legs: Legs | undefined;
  readonly uplink: Uplink;
  readonly listeners: Listeners;
  readonly spool: OwnSpool;
  /** Whether the kernel times programs. */
  readonly programStatistics: boolean;
  readonly log: Logger;
  readonly intervals: {
    readonly busyMs: number;
    readonly idleMs: number;
    readonly lookMs: number;
    readonly listenersMs: number;
  };
  readonly report: (kernel: { hooks: Hook[]; maps: MapUse[] }) => Report;
}

const REPORT_MS = 1_000;
/** Hooks are read back often enough to show tampering within five seconds. */
const HOOKS_MS = 4_000;
const MAPS_MS = 10_000;
/** The engine is looked after. */
const STEERING_MS = 1_000;
/** Requests through waypoints are joined. */
const LEGS_MS = 250;
/** A frame leaves once its oldest record is that old; sooner when records come slowly. */
const FRAME_MS = 100;

/** Something done every now and then. */
class Every {
  readonly #intervalMs: number;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  due(nowMs: number): boolean {
    // Within a millisecond is soon enough: waking up again for it would cost more.
    if (nowMs + 1 < this.#nextMs) return false;
    this.#nextMs = Math.max(this.#nextMs + this.#intervalMs, nowMs);
    return true;
  }

  get nextMs(): number {
    return this.#nextMs;
  }
}

/** One timer for all that recurs, so that an idle agent wakes up as rarely as it can. */
export class Loop {
  readonly #options: LoopOptions;
  readonly #pace: Pace;
  readonly #look: Every;
  readonly #listen: Every;
  readonly #report = new Every(REPORT_MS);
  readonly #readHooks = new Every(HOOKS_MS);
  readonly #readMaps = new Every(MAPS_MS);
  readonly #steer = new Every(STEERING_MS);
  readonly #join = new Every(LEGS_MS);
  readonly #lateness: Lateness;
  #timer: NodeJS.Timeout | undefined;
  #drainedMs = 0;
  #welcomes = 0;
  #hooks: Hook[] = [];
  #maps: MapUse[] = [];
  #problem: string | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
    const { busyMs, idleMs, lookMs, listenersMs } = options.intervals;
    this.#pace = new Pace({ busyMs, idleMs, ringBytes: options.observe.records.sizeBytes });
    this.#lateness = new Lateness(options.log);
    this.#look = new Every(lookMs);
    this.#listen = new Every(listenersMs);
  }

  /** As last read from the kernel. */
  get hooks(): readonly Hook[] {
    return this.#hooks;
  }

  get maps(): readonly MapUse[] {
    return this.#maps;
  }

  /** By how much its turns came too late, seconds since it started. */
  get lateSeconds(): number {
    return this.#lateness.seconds;
  }

  start(): void {
    this.#hooks = this.#lookAtHooks();
    this.#drainedMs = performance.now();
    this.#turn();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A report of this moment. */
  report(): Report {
    return this.#options.report({ hooks: this.#hooks, maps: this.#maps });
  }

  #turn(): void {
    const begin = moment();
    this.#lateness.begin(begin);
    let pauseMs = this.#options.intervals.idleMs;
    try {
      pauseMs = this.#work(begin.nowMs);
      this.#problem = undefined;
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) this.#options.log.error({ err: error }, 'a turn of the loop failed');
      this.#problem = problem;
    }
    this.#lateness.end(moment(), pauseMs);
    this.#timer = setTimeout(() => this.#turn(), pauseMs);
  }

  #lookAtHooks(): Hook[] {
    const { observe, steered, programStatistics } = this.#options;
    return [...observe.hooks(), ...(steered.engine?.hooks(programStatistics) ?? [])];
  }

  /** Does what is due; returns when to come back, ms. */
  #work(nowMs: number): number {
    const { observe, steered, drain, legs, uplink, listeners, spool } = this.#options;
    // Listeners first: they tell which processes are ours, before records of theirs are named.
    if (this.#listen.due(nowMs)) listeners.update(observe.listeners(), Number(clockPairNs().boottime));
    if (this.#look.due(nowMs)) observe.look();
    const filled = observe.records.availableBytes;
    drain.run(nowMs);
    const pauseMs = this.#pace.next(filled, nowMs - this.#drainedMs);
    this.#drainedMs = nowMs;
    // While the collector is away frames are filled to the brim, as they take less memory so, or until it is time to
    // write them.
    const frameMs = uplink.ready ? FRAME_MS : (spool.delayMs ?? Number.POSITIVE_INFINITY);
    if (drain.ageMs(nowMs) + pauseMs > frameMs) drain.cut();
    if (legs !== undefined && this.#join.due(nowMs)) legs.tick();
    uplink.pump();
    spool.tick(nowMs);
    if (this.#steer.due(nowMs)) steered.steering?.tick();
    if (this.#readHooks.due(nowMs)) this.#hooks = this.#lookAtHooks();
    if (this.#readMaps.due(nowMs)) this.#maps = [...observe.maps(), ...(steered.engine?.mapUse() ?? [])];
    // A new collector learns at once what this node is.
    if (this.#report.due(nowMs) || uplink.welcomes !== this.#welcomes) uplink.report(this.report());
    this.#welcomes = uplink.welcomes;
    const spentMs = performance.now() - nowMs;
    const joinMs = legs === undefined ? Number.POSITIVE_INFINITY : this.#join.nextMs;
    const next = Math.min(this.#look.nextMs, this.#listen.nextMs, this.#report.nextMs, joinMs) - nowMs;
    return Math.max(1, Math.min(pauseMs, next) - spentMs);
  }
}
