// SPDX-License-Identifier: Apache-2.0
import { type Logger, messageOf } from '@undermesh/core';
import type { Dictionary, LossCounts, Report } from '@undermesh/schema';
import { Backlog } from '../records/backlog.js';
import type { DictionarySource, Uplink, UplinkOptions } from '../uplink/uplink.js';
import { Spooler } from './spooler.js';
import type { SpoolPlace, StreamSpool } from './stream-spool.js';

/** What an uplink for an earlier stream differs in from this run's own. */
export type EarlierUplink = Pick<UplinkOptions, 'streamId' | 'backlog' | 'dictionary'> & {
  readonly unfinished: readonly string[];
};

/** What sending earlier streams works with. */
export interface EarlierRunsOptions {
  readonly streams: readonly StreamSpool[];
  /** Makes the connection that speaks for one of them. */
  readonly uplink: (of: EarlierUplink) => Uplink;
  /** A report of this moment with the books of another stream; without requests, none are known of it. */
  readonly report: (books: Pick<Report, 'records' | 'requests'>) => Report;
  /** Whether the collector has welcomed this run's own stream: the books of those before are then kept. */
  readonly succeeded: () => boolean;
  /** Bound of the frames in memory. */
  readonly memoryBytes: number;
  readonly log: Logger;
}

const TURN_MS = 50;
const REPORT_MS = 1_000;
const CONFIRM_MS = 5_000;

/**
 * Sends what earlier runs left on disk, one stream after the other, each under its own id over a connection that speaks
 * for it, and says how many ends it had in all. The collector then knows what will never come. Their files go once it
 * has welcomed the stream that follows, which is when it has that on its own disk.
 */
export class EarlierRuns {
  readonly #options: EarlierRunsOptions;
  #waiting: StreamSpool[];
  readonly #sent: StreamSpool[] = [];
  #uplink: Uplink | undefined;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: EarlierRunsOptions) {
    this.#options = options;
    this.#waiting = [...options.streams];
  }

  /** Ids of streams that are not all sent. */
  get unfinished(): string[] {
    return this.#waiting.map(({ streamId }) => streamId);
  }

  /** Why nothing is sent, if so. */
  get problem(): string | undefined {
    return this.#uplink?.problem;
  }

  /** Sends all there is, then calls `then`; not after {@link stop}. */
  start(then: () => void): void {
    if (this.#waiting.length === 0) {
      then();
      return;
    }
    this.#running = this.#sendAll().then(async () => {
      if (!this.#stopped) then();
      await this.#forget();
    });
  }

  /** What was not acknowledged stays for the next run. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #forget(): Promise<void> {
    while (!this.#options.succeeded()) {
      if (this.#stopped) return;
      await turn();
    }
    for (const stream of this.#sent) await stream.remove();
  }

  async #sendAll(): Promise<void> {
    const { log } = this.#options;
    for (let stream = this.#waiting[0]; stream !== undefined && !this.#stopped; stream = this.#waiting[0]) {
      try {
        await this.#send(stream);
      } catch (error) {
        const { directory } = stream;
        log.error({ directory, problem: messageOf(error) }, 'cannot read what an earlier run left; it stays');
      }
      this.#waiting.shift();
    }
  }

  async #send(spool: StreamSpool): Promise<void> {
    const { memoryBytes, uplink: connect, log } = this.#options;
    const { directory, state } = spool;
    const found = await spool.recover();
    const { frames, dictionary, damaged, damagedEnds } = found;
    log.info({ directory, frames: frames.length, damaged, damagedEnds }, 'sending what an earlier run left');
    const backlog: Backlog = new Backlog(memoryBytes, {
      onRelease: (place) => spool.release(place as SpoolPlace),
      onStarved: () => spooler.load(() => uplink.pump()),
    });
    const nothing = { pending: () => [], advance: () => {} };
    const spooler = new Spooler({ backlog, spool, delayMs: 0, dictionary: nothing, log });
    const uplink = connect({
      streamId: Buffer.from(spool.streamId, 'hex'),
      backlog,
      dictionary: fixed(dictionary),
      unfinished: this.unfinished.filter((id) => id !== spool.streamId),
    });
    backlog.restore(frames);
    this.#uplink = uplink;
    const invalid = (): number => Math.max(state?.damagedEnds ?? 0, damagedEnds + backlog.damagedEnds);
    const report = (): void => {
      const lost: LossCounts = { ...state?.final?.lost };
      if (invalid() > 0) lost.invalid = (lost.invalid ?? 0) + invalid();
      // Without books of its own the stream has as many ends as the collector knows of: at least these.
      const { made, requests } = state?.final ?? { made: 0, requests: 0 };
      const records = { made, lost, waiting: backlog.ends };
      uplink.report(this.#options.report({ records, requests: { made: requests, lost: {}, waiting: 0 } }));
    };
    if (invalid() > 0) this.#note(spool, invalid());
    uplink.start();
    try {
      let reportedMs = Number.NEGATIVE_INFINITY;
      let welcomes = 0;
      while (!this.#stopped) {
        const nowMs = performance.now();
        if (nowMs - reportedMs >= REPORT_MS || uplink.welcomes !== welcomes) {
          if (uplink.state === 'welcomed') report();
          welcomes = uplink.welcomes;
          reportedMs = nowMs;
        }
        uplink.pump();
        if (uplink.state === 'welcomed' && backlog.frames === 0) {
          report();
          if (await uplink.confirm(CONFIRM_MS)) break;
        }
        await turn();
      }
    } finally {
      await uplink.stop();
      this.#uplink = undefined;
      if (backlog.damagedEnds > 0) this.#note(spool, invalid());
    }
    await spool.close();
    if (!this.#stopped) this.#sent.push(spool);
  }

  /** Keeps what was found out: should this run be killed, the next one finds fewer files. */
  #note(spool: StreamSpool, damagedEnds: number): void {
    try {
      spool.state = { ...(spool.state ?? { startedAtMs: 0 }), damagedEnds };
    } catch (error) {
      const { directory } = spool;
      this.#options.log.warn(
        { directory, problem: messageOf(error) },
        'cannot keep what is known of a stream',
      );
    }
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, TURN_MS));

/** A dictionary that does not change. */
function fixed(dictionary: readonly Dictionary[]): DictionarySource {
  return { whole: () => [...dictionary], changes: () => [] };
}
