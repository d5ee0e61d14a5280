// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import Value from 'typebox/value';
import type { CarriedStream } from './carried-ends.js';
import type { Stretch } from './tiers.js';

/** How far a stream's frames are counted. */
export interface StreamMark {
  readonly node: string;
  readonly streamId: string;
  readonly sequence: bigint;
}

/** What goes with the roll-ups of a checkpoint. */
export interface CheckpointState {
  /** Unix ms. */
  readonly at: number;
  /** Frames of the store up to this ordinal are all counted; of later ones the marks tell. */
  readonly frame: number;
  readonly marks: readonly StreamMark[];
  readonly carried: readonly CarriedStream[];
  /** When agents told; `null`: written by a version that did not know. */
  readonly presence: readonly Stretch[] | null;
}

const Stored = Type.Object({
  version: Type.Literal(1),
  at: Type.Number(),
  frame: Type.Integer({ minimum: 0 }),
  marks: Type.Array(
    Type.Object({
      node: Type.String(),
      streamId: Type.String(),
      sequence: Type.String({ pattern: '^\\d+$' }),
    }),
  ),
  /** Base64 of little-endian doubles. */
  carried: Type.Array(Type.Object({ streamId: Type.String(), at: Type.Number(), ends: Type.String() })),
  presence: Type.Optional(Type.Array(Type.Object({ from: Type.Number(), to: Type.Number() }))),
});

export function encodeState({ at, frame, marks, carried, presence }: CheckpointState): Uint8Array {
  const text = JSON.stringify({
    version: 1,
    at,
    frame,
    marks: marks.map((mark) => ({ ...mark, sequence: mark.sequence.toString() })),
    carried: carried.map(({ streamId, at: heardAt, ends }) => ({
      streamId,
      at: heardAt,
      ends: Buffer.from(ends.buffer, ends.byteOffset, ends.byteLength).toString('base64'),
    })),
    ...(presence === null ? {} : { presence }),
  });
  return Buffer.from(text);
}

/** `null` when the bytes are not a state that this version understands. */
export function decodeState(bytes: Uint8Array): CheckpointState | null {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return null;
  }
  if (!Value.Check(Stored, content)) return null;
  const { at, frame, marks, carried, presence = null } = content;
  return {
    at,
    frame,
    marks: marks.map((mark) => ({ ...mark, sequence: BigInt(mark.sequence) })),
    carried: carried.map(({ streamId, at: heardAt, ends }) => {
      const raw = Uint8Array.from(Buffer.from(ends, 'base64'));
      return { streamId, at: heardAt, ends: new Float64Array(raw.buffer, 0, raw.byteLength >> 3) };
    }),
    presence,
  };
}
