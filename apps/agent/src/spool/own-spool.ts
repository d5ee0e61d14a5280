// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { createLogger } from '@undermesh/core';
import type { AgentConfig } from '../config/schema.js';
import type { Backlog, Place } from '../records/backlog.js';
import type { ClockPair } from '../records/frame-builder.js';
import { namesCursor, type RecordNames } from './dictionary-cursor.js';
import type { SpoolSpace } from './space.js';
import { Spool } from './spool.js';
import { Spooler } from './spooler.js';
import type { SpoolPlace, StreamSpool } from './stream-spool.js';
import type { StreamBooks, StreamState } from './stream-state.js';

/** The disk as this run's stream uses it; without one, all of it does nothing. */
export class OwnSpool {
  /** A frame that is not acknowledged and older is written, ms; `undefined` without a disk. */
  readonly delayMs: number | undefined;
  readonly #spool: Spool;
  readonly #dictionary: ReturnType<typeof namesCursor>;
  readonly #stream: StreamSpool | undefined;
  #state: StreamState | undefined;
  #backlog: Backlog | undefined;
  #spooler: Spooler | undefined;

  constructor(
    config: Pick<AgentConfig, 'spool' | 'instance' | 'node'>,
    of: { readonly streamId: Uint8Array; readonly names: RecordNames; readonly clock: () => ClockPair },
  ) {
    const { directory, bytes, delay } = config.spool;
    const log = createLogger('spool');
    this.#spool = new Spool(join(directory, config.instance || config.node), { limitBytes: bytes, log });
    this.#dictionary = namesCursor(of.names, of);
    this.#stream = bytes > 0 ? this.#spool.stream(of.streamId) : undefined;
    this.delayMs = bytes > 0 ? delay : undefined;
  }

  get space(): SpoolSpace {
    return this.#spool.space;
  }

  /** Streams that earlier runs left, oldest first. */
  get earlier(): readonly StreamSpool[] {
    return this.#spool.earlier;
  }

  /** Whether frames ought to go to disk and cannot. */
  get refuses(): boolean {
    return this.#spooler?.problem !== undefined;
  }

  /** The frames that are to be kept. */
  use(backlog: Backlog): void {
    this.#backlog = backlog;
    if (this.#stream === undefined || this.delayMs === undefined) return;
    this.#spooler = new Spooler({
      backlog,
      spool: this.#stream,
      delayMs: this.delayMs,
      dictionary: this.#dictionary,
      log: createLogger('spool'),
    });
  }

  /** The stream begins: closes the books of the run before and opens its own. */
  begin(state: StreamState): void {
    this.#state = state;
    if (state.origin !== undefined) this.#spool.settle(state.origin);
    if (this.#stream !== undefined) this.#spool.note(this.#stream, state);
  }

  tick(nowMs: number): void {
    this.#spooler?.tick(nowMs);
  }

  load(then: () => void): void {
    this.#spooler?.load(then);
  }

  release(place: Place): void {
    this.#stream?.release(place as SpoolPlace);
  }

  /** The stream is over: with all acknowledged nothing stays; otherwise what is left is written for the next run. */
  async leave(final: StreamBooks): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined || this.#state === undefined) return;
    if (this.#backlog?.frames === 0) {
      await stream.remove();
      return;
    }
    await this.#spooler?.flush();
    await stream.sync(true).catch(() => {});
    await stream.close();
    this.#spool.note(stream, { ...this.#state, final });
  }
}
