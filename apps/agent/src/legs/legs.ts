// SPDX-License-Identifier: Apache-2.0
import { LegRecord } from '@undermesh/bpf-abi';
import type { LegBalance } from '@undermesh/schema';
import type { OverflowReason } from '../records/drain.js';
import { type ClockPair, FrameBuilder, type FrameMemory } from '../records/frame-builder.js';
import { LegJoiner } from './leg-joiner.js';
import { LegWriter } from './leg-writer.js';
import { WaypointConnections } from './waypoint-connections.js';

export interface LegsOptions {
  /** Of the cgroup that the waypoints run in. */
  readonly cgroupId: number;
  /** Whether the kernel tells of requests. */
  readonly isTimed: () => boolean;
  readonly streamId: Uint8Array;
  readonly memory: FrameMemory;
  readonly clock: () => ClockPair;
  /** Sends a frame on its way, or says why not. */
  readonly pass: (builder: FrameBuilder) => OverflowReason | null;
  /** Whether the collector knows leg records. */
  readonly isWanted: () => boolean;
}

/** From lines of the waypoints' logs and records of their connections to frames of leg records. */
export class Legs {
  readonly lines: LegJoiner;
  readonly #options: LegsOptions;
  readonly #connections: WaypointConnections;
  readonly #builder: FrameBuilder;
  readonly #writer: LegWriter;
  /** Requests in the frame that is being filled, and those of them that the waypoints answered. */
  readonly #pending = { requests: 0, answered: 0 };
  #clock: ClockPair;

  constructor(options: LegsOptions) {
    this.#options = options;
    this.#clock = options.clock();
    this.#connections = new WaypointConnections({
      cgroupId: options.cgroupId,
      sinceNs: Number(this.#clock.boottime),
    });
    this.#builder = new FrameBuilder(options.streamId, {
      memory: options.memory,
      recordBytes: LegRecord.BYTES,
    });
    this.#writer = new LegWriter(
      { take: (record, requests, answered) => this.#take(record, requests, answered) },
      () => Number(this.#clock.boottime),
    );
    this.lines = new LegJoiner({
      connections: this.#connections,
      isTimed: options.isTimed,
      onLeg: (leg) => this.#writer.add(leg),
      bootOffsetNs: () => Number(this.#clock.boottime - this.#clock.realtime),
    });
  }

  /** A record of the kernel begins at `words[at]`. */
  watch(words: Uint32Array, at: number, http: boolean): void {
    this.#connections.take(words, at, http);
  }

  /** Joins what can be joined by now and sends it on. Call it a few times a second. */
  tick(): void {
    this.#clock = this.#options.clock();
    this.lines.settle();
    this.#writer.flush();
    this.#pass();
  }

  get balance(): LegBalance {
    return this.lines.balance;
  }

  #take(record: Uint32Array, requests: number, answered: boolean): void {
    const builder = this.#builder;
    this.#pending.requests += requests;
    if (answered) this.#pending.answered += requests;
    builder.words.set(record, (builder.records * LegRecord.BYTES) >> 2);
    builder.records++;
    if (builder.full) this.#pass();
  }

  #pass(): void {
    const builder = this.#builder;
    if (builder.records === 0) return;
    const wanted = this.#options.isWanted();
    const refused = wanted ? this.#options.pass(builder) : 'collector_old';
    if (!wanted) builder.clear();
    const { requests, answered } = this.#pending;
    if (refused !== null) this.lines.takeBack(refused, requests, answered);
    this.#pending.requests = 0;
    this.#pending.answered = 0;
  }
}
