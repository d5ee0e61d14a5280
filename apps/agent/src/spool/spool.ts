// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, messageOf } from '@undermesh/core';
import { SpoolSpace } from './space.js';
import { StreamSpool } from './stream-spool.js';
import type { StreamOrigin, StreamState } from './stream-state.js';

const STREAM_NAME = /^[0-9a-f]{32}$/;

/** What an agent keeps on disk: one directory for each stream that is not all acknowledged. */
export class Spool {
  readonly space: SpoolSpace;
  /** Streams of earlier runs, oldest first. */
  readonly earlier: readonly StreamSpool[];
  readonly #directory: string;
  readonly #log: Logger;

  /** @param directory of this agent alone. Missing is made; what cannot be read counts as empty. */
  constructor(directory: string, options: { readonly limitBytes: number; readonly log: Logger }) {
    this.#directory = directory;
    this.#log = options.log;
    this.space = new SpoolSpace(options.limitBytes);
    this.earlier = streamNames(directory)
      .map((name) => new StreamSpool(join(directory, name), this.space))
      .sort((one, other) => startOf(one) - startOf(other));
  }

  /** The files of a stream that begins. Nothing is made before the first writing. */
  stream(streamId: Uint8Array): StreamSpool {
    return new StreamSpool(join(this.#directory, Buffer.from(streamId).toString('hex')), this.space);
  }

  /** The counters have come to where this run begins: closes the books of the run before, if they are the same ones. */
  settle(origin: StreamOrigin): void {
    for (const stream of this.earlier) {
      const { state } = stream;
      const before = state?.origin;
      if (state === undefined || before === undefined || state.final !== undefined) continue;
      if (before.bootId !== origin.bootId || before.totalsId !== origin.totalsId) continue;
      const ringFull = origin.ringFull - before.ringFull;
      const lost = ringFull > 0 ? { ring_full: ringFull } : {};
      const requests = origin.requests - before.requests;
      this.note(stream, { ...state, final: { made: origin.made - before.made, lost, requests } });
    }
  }

  /** Keeps what is known of a stream. A disk that refuses is told and survived. */
  note(stream: StreamSpool, state: StreamState): void {
    const { directory } = stream;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      stream.state = state;
    } catch (error) {
      this.#log.warn({ directory, problem: messageOf(error) }, 'cannot keep what is known of a stream');
    }
  }
}

const startOf = (stream: StreamSpool): number => stream.state?.startedAtMs ?? 0;

function streamNames(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => STREAM_NAME.test(name));
  } catch {
    return [];
  }
}
