// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { Count } from './shape.js';

/** GET /support: what a report on the collector needs beside all other answers. Nothing in it is a secret. */
export const Support = Type.Object({
  version: Type.String(),
  /** Node.js, kernel, distribution, CPUs, memory. */
  platform: Type.Record(Type.String(), Type.Unknown()),
  /** Settings in force by dotted path: numbers, switches and defaults as they are, of others only that they are set. */
  settings: Type.Record(Type.String(), Type.Unknown()),
  /** What the data directory holds, by kind of file. */
  files: Type.Array(Type.Object({ kind: Type.String(), files: Count, bytes: Count })),
  /** Room on its disk. */
  disk: Type.Object({ freeBytes: Count, totalBytes: Count }),
});
export type Support = Static<typeof Support>;
