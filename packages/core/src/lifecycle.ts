// SPDX-License-Identifier: Apache-2.0
import { fstatSync } from 'node:fs';
import { UndermeshError } from './errors.js';
import type { Logger } from './logger.js';

/** Something with a beginning and an end. */
export interface Part {
  readonly name: string;
  start?(): Promise<void> | void;
  stop?(): Promise<void> | void;
}

export interface LifecycleOptions {
  readonly log: Logger;
  /** Time for one part to stop before the next one is stopped all the same; default 10,000 ms. */
  readonly stopTimeoutMs?: number;
  /** Stop when the parent process goes away: IPC `disconnect`, or the end of a piped standard input. */
  readonly supervised?: boolean;
}

/**
 * Starts parts in the order they were added and stops them in reverse. A part that fails to start takes down those
 * before it, and {@link Lifecycle.start} rejects with what it threw.
 */
export class Lifecycle {
  readonly #parts: Part[] = [];
  readonly #started: Part[] = [];
  readonly #options: LifecycleOptions;
  #stopping: Promise<void> | null = null;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** Adds a part; it starts after all those added before. */
  add(part: Part): void {
    this.#parts.push(part);
  }

  async start(): Promise<void> {
    for (const part of this.#parts) {
      if (this.#stopping !== null) return;
      try {
        await part.start?.();
      } catch (error) {
        await this.stop();
        throw error;
      }
      this.#started.push(part);
    }
  }

  /** Stops what was started, in reverse; calls after the first wait for the same end. Never rejects. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** Starts, then resolves with the reason once a signal, the parent's end or {@link stop} ended it. */
  async run(): Promise<string> {
    let finish: (reason: string) => void = () => {};
    const ended = new Promise<string>((resolve) => {
      finish = resolve;
    });
    const onSignal = (signal: string): void => finish(signal);
    process.once('SIGTERM', onSignal);
    process.once('SIGINT', onSignal);
    const forgetParent =
      this.#options.supervised === true ? watchParent(() => finish('parent gone')) : () => {};
    try {
      await this.start();
      const reason = await ended;
      this.#options.log.info({ reason }, 'stopping');
      await this.stop();
      return reason;
    } finally {
      forgetParent();
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
    }
  }

  async #stopAll(): Promise<void> {
    const { log, stopTimeoutMs = 10_000 } = this.#options;
    for (const part of this.#started.splice(0).reverse()) {
      try {
        await within(stopTimeoutMs, part);
      } catch (error) {
        log.error({ err: error, part: part.name }, 'part did not stop cleanly');
      }
    }
  }
}

async function within(milliseconds: number, part: Part): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new UndermeshError({
          code: 'stop_timed_out',
          message: `Stopping ${part.name} took more than ${milliseconds} ms; going on without it.`,
        }),
      );
    }, milliseconds);
  });
  try {
    await Promise.race([Promise.resolve(part.stop?.()), late]);
  } finally {
    clearTimeout(timer);
  }
}

function watchParent(onGone: () => void): () => void {
  if (process.connected) {
    process.once('disconnect', onGone);
    return () => process.off('disconnect', onGone);
  }
  const input = fstatSync(0);
  if (!input.isFIFO() && !input.isSocket()) return () => {};
  const { stdin } = process;
  stdin.once('end', onGone);
  stdin.once('error', onGone);
  stdin.resume();
  return () => {
    stdin.off('end', onGone);
    stdin.off('error', onGone);
    stdin.pause();
    stdin.unref();
  };
}
