// SPDX-License-Identifier: Apache-2.0
import { CollectorError } from '../errors.js';

/** Place of a row in the order "newest first": no two rows share it. */
export interface RowKey {
  /** Unix ns. */
  readonly timeNs: bigint;
  /** Ordinal of the stored frame: rises with every append. */
  readonly batch: number;
  /** Row in the frame. */
  readonly position: number;
}

/**
 * Where a list goes on. It also remembers the last frame that its first page saw: later pages see exactly the same
 * rows, so nothing that comes in between moves, repeats or hides an item.
 */
export interface PageCursor {
  readonly asOf: number;
  /** Where the window begins, Unix ns: one that is given in seconds before now would move from page to page. */
  readonly fromNs: bigint | null;
  /** Items follow after (are older than) this row. */
  readonly after: RowKey;
}

const BYTES = 37;
/** Stands for "no beginning". */
const NO_TIME = -(2n ** 63n);
const VERSION = 1;

export function encodeCursor(cursor: PageCursor): string {
  const bytes = Buffer.alloc(BYTES);
  bytes.writeUInt8(VERSION, 0);
  bytes.writeBigUInt64BE(BigInt(cursor.asOf), 1);
  bytes.writeBigInt64BE(cursor.after.timeNs, 9);
  bytes.writeBigUInt64BE(BigInt(cursor.after.batch), 17);
  bytes.writeUInt32BE(cursor.after.position, 25);
  bytes.writeBigInt64BE(cursor.fromNs ?? NO_TIME, 29);
  return bytes.toString('base64url');
}

/** Throws CollectorError `cursor_invalid`. */
export function decodeCursor(text: string): PageCursor {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== BYTES || bytes[0] !== VERSION) {
    throw new CollectorError('cursor_invalid', 'the cursor is not one of ours: ask for the first page again');
  }
  const fromNs = bytes.readBigInt64BE(29);
  return {
    asOf: Number(bytes.readBigUInt64BE(1)),
    fromNs: fromNs === NO_TIME ? null : fromNs,
    after: {
      timeNs: bytes.readBigInt64BE(9),
      batch: Number(bytes.readBigUInt64BE(17)),
      position: bytes.readUInt32BE(25),
    },
  };
}

/** Negative when `a` is listed before `b`. */
export function compareRows(a: RowKey, b: RowKey): number {
  if (a.timeNs !== b.timeNs) return a.timeNs > b.timeNs ? -1 : 1;
  return b.batch - a.batch || b.position - a.position;
}
