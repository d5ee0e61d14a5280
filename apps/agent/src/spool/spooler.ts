// SPDX-License-Identifier: Apache-2.0
import { type Logger, messageOf } from '@undermesh/core';
import { FrameError } from '@undermesh/schema';
import type { Backlog, Place } from '../records/backlog.js';
import type { SpoolPlace, StreamSpool } from './stream-spool.js';

/** What a spooler works with. */
export interface SpoolerOptions {
  readonly backlog: Backlog;
  readonly spool: StreamSpool;
  /** How long a frame waits for its acknowledgement before it is written, ms. */
  readonly delayMs: number;
  /** Dictionary frames that explain what was not explained on disk yet; asked again after a failure. */
  readonly dictionary: DictionaryCursor;
  readonly log: Logger;
}

/** Dictionary frames for the disk. */
export interface DictionaryCursor {
  /** What is new since the last {@link advance}. */
  pending(): Uint8Array[];
  /** What {@link pending} gave is written. */
  advance(): void;
}

/** Frames that are written before others get a turn: about a megabyte. */
const WRITE_FRAMES = 4;
/** Frames that are read ahead of their sending. */
const READ_FRAMES = 16;
const RETRY_MS = 1_000;
const READ_ATTEMPTS = 3;

/**
 * Moves frames between memory and disk, beside the loop that drains the ring: writes what was not acknowledged in time,
 * reads what is to be sent next. A disk that is full or refuses is tried again every second.
 */
export class Spooler {
  readonly #options: SpoolerOptions;
  #writing: Promise<void> | undefined;
  #loading = false;
  #retryMs = 0;
  #problem: string | undefined;

  constructor(options: SpoolerOptions) {
    this.#options = options;
  }

  /** Why frames cannot be written now; `undefined` while they can. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Begins to write what is due. Call it after each drain. */
  tick(nowMs: number): void {
    if (this.#writing !== undefined || nowMs < this.#retryMs) return;
    const { backlog, delayMs } = this.#options;
    const beforeMs = backlog.underPressure ? nowMs : nowMs - delayMs;
    if (!backlog.hasUnwritten(beforeMs)) {
      // What could not be written was acknowledged meanwhile.
      if (!backlog.hasUnwritten(nowMs)) this.#tell(undefined);
      return;
    }
    this.#writing = this.#write(beforeMs).finally(() => {
      this.#writing = undefined;
    });
  }

  /** Writes all that is not on disk; false when the disk does not take it. */
  async flush(): Promise<boolean> {
    await this.#writing;
    await this.#write(Number.POSITIVE_INFINITY);
    return this.#problem === undefined;
  }

  /** Reads the next frames to send; calls `then` when some are there. */
  load(then: () => void): void {
    if (this.#loading) return;
    this.#loading = true;
    void this.#load().finally(() => {
      this.#loading = false;
      then();
    });
  }

  async #write(beforeMs: number): Promise<void> {
    const { backlog, spool, dictionary } = this.#options;
    for (;;) {
      const frames = backlog.beginWriting(beforeMs, WRITE_FRAMES);
      if (frames.length === 0) return;
      let problem: string | undefined;
      try {
        const explained = dictionary.pending();
        if (explained.length > 0) await spool.explain(explained);
        dictionary.advance();
      } catch (error) {
        problem = messageOf(error);
      }
      for (const frame of frames) {
        let place: SpoolPlace | undefined;
        if (problem === undefined) {
          try {
            place = await spool.append(frame);
            if (place === undefined) problem = 'the spool is full';
          } catch (error) {
            problem = messageOf(error);
          }
        }
        backlog.endWriting(frame.header.sequence, place);
      }
      if (problem === undefined) await spool.sync().catch(() => {});
      this.#tell(problem);
      if (problem === undefined) continue;
      this.#retryMs = performance.now() + RETRY_MS;
      return;
    }
  }

  #tell(problem: string | undefined): void {
    const { log, spool } = this.#options;
    const { directory } = spool;
    if (problem !== undefined && this.#problem === undefined)
      log.warn({ directory, problem }, 'frames stay in memory: they cannot be written to the spool');
    if (problem === undefined && this.#problem !== undefined)
      log.info({ directory }, 'frames are written to the spool again');
    this.#problem = problem;
  }

  async #load(): Promise<void> {
    const { backlog } = this.#options;
    for (const { sequence, place } of backlog.toLoad(READ_FRAMES)) {
      const problem = await this.#read(sequence, place);
      if (problem === undefined) continue;
      const { directory } = this.#options.spool;
      this.#options.log.warn({ directory, sequence: String(sequence), problem }, 'gave up a damaged frame');
      backlog.giveUp(sequence);
    }
  }

  /** Why a frame cannot be had. */
  async #read(sequence: bigint, place: Place): Promise<string | undefined> {
    const { backlog, spool } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        const message = await spool.read(place as SpoolPlace);
        backlog.loaded(sequence, message);
        return undefined;
      } catch (error) {
        if (error instanceof FrameError || attempt >= READ_ATTEMPTS) return messageOf(error);
        await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
      }
    }
  }
}
