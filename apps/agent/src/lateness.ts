// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@undermesh/core';

/** A timer may fire that much after it was due, ms. */
const TOLERATED_MS = 50;
/** Worth a line in the log; one a minute at most. */
const SAID_FROM_MS = 1_000;
const SAID_EVERY_MS = 60_000;

/** Times of a turn, ms. */
export interface Moment {
  readonly nowMs: number;
  /** CPU that the process has used. */
  readonly cpuMs: number;
}

/** This moment. */
export function moment(): Moment {
  const { user, system } = process.cpuUsage();
  return { nowMs: performance.now(), cpuMs: (user + system) / 1000 };
}

/** How late turns of the loop begin, while the kernel's ring fills up: because the node has no CPU for the agent, mostly. */
export class Lateness {
  readonly #log: Pick<Logger, 'warn'>;
  #seconds = 0;
  #due: Moment | undefined;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(log: Pick<Logger, 'warn'>) {
    this.#log = log;
  }

  /** Of all turns that were later than a timer may be. */
  get seconds(): number {
    return this.#seconds;
  }

  /** A turn is over; the next one is due in so many ms. */
  end({ nowMs, cpuMs }: Moment, pauseMs: number): void {
    this.#due = { nowMs: nowMs + pauseMs, cpuMs };
  }

  /** A turn begins. */
  begin({ nowMs, cpuMs }: Moment): void {
    if (this.#due === undefined) return;
    const lateMs = nowMs - this.#due.nowMs;
    if (lateMs > TOLERATED_MS) this.#seconds += lateMs / 1000;
    if (lateMs < SAID_FROM_MS || nowMs - this.#saidMs < SAID_EVERY_MS) return;
    this.#saidMs = nowMs;
    const used = { lateMs: Math.round(lateMs), cpuMs: Math.round(cpuMs - this.#due.cpuMs) };
    this.#log.warn(
      used,
      `the ring was read ${(lateMs / 1000).toFixed(1)} s late, as the agent got ${used.cpuMs} ms of CPU in that time: give it more, or raise agent.ringBytes`,
    );
  }
}
