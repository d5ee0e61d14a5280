// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFileSync } from '@undermesh/core';
import { LossCounts } from '@undermesh/schema';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';

const Count = Type.Number({ minimum: 0 });

/** Which counters of the kernel a stream's ends are in, and where it began in them. */
export const StreamOrigin = Type.Object({
  bootId: Type.String(),
  /** The kernel's id of the map `totals`. */
  totalsId: Type.Integer(),
  made: Count,
  ringFull: Count,
  /** Of HTTP requests. */
  requests: Count,
});
export type StreamOrigin = Static<typeof StreamOrigin>;

/** How many ends, and HTTP requests, a stream had when it was over. */
export const StreamBooks = Type.Object({ made: Count, lost: LossCounts, requests: Count });
export type StreamBooks = Static<typeof StreamBooks>;

const StreamState = Type.Object({
  startedAtMs: Type.Number(),
  origin: Type.Optional(StreamOrigin),
  /** Once the stream is over and its books are known. */
  final: Type.Optional(StreamBooks),
  /** Ends in its frames that were found damaged; the files that show it may be gone. */
  damagedEnds: Type.Optional(Count),
});
/** What is kept of a stream beside its frames. */
export type StreamState = Static<typeof StreamState>;

const FILE = 'stream.json';

/** Reads the state in a stream's directory; `undefined` when there is none that makes sense. */
export function readStreamState(directory: string): StreamState | undefined {
  try {
    const state: unknown = JSON.parse(readFileSync(join(directory, FILE), 'utf8'));
    return Value.Check(StreamState, state) ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Writes it. Throws what the file system throws. */
export function writeStreamState(directory: string, state: StreamState): void {
  replaceFileSync(join(directory, FILE), JSON.stringify(state));
}
