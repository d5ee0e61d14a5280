// SPDX-License-Identifier: Apache-2.0
import { crc32 } from 'node:zlib';
import { decodeFrame, type Frame, FrameError } from '@undermesh/schema';

/**
 * What a spool file holds, one behind the other: a head of 24 bytes, little-endian, and a frame as it goes over the
 * wire, with a CRC of its own. Ends are counted up in the heads, so that those of a damaged neighbour are known.
 *
 * | offset | type | field |
 * |---|---|---|
 * | 0 | u32 | magic `UMSE` (bytes 55 4d 53 45) |
 * | 4 | u32 | bytes of the frame |
 * | 8 | u64 | ends in all entries of the stream before this one |
 * | 16 | u32 | ends in this one |
 * | 20 | u32 | CRC-32 (IEEE 802.3) of the 20 bytes before |
 */
export const ENTRY_HEAD_BYTES = 24;
const MAGIC = 0x45534d55;
const CRC_AT = 20;

/** What the head of an entry says. */
export interface EntryHead {
  readonly frameBytes: number;
  readonly endsBefore: number;
  readonly ends: number;
}

/** An entry that is whole. */
export interface Entry extends EntryHead {
  /** Of the frame in its file. */
  readonly offset: number;
  readonly frame: Frame;
}

/** What was found in a file. */
export interface Scan {
  readonly entries: Entry[];
  /** Entries, or runs of bytes between entries, that are not what was written. */
  readonly damaged: number;
  /** Ends in them, as far as heads tell. */
  readonly damagedEnds: number;
  /** Where the whole entries end: what follows was cut off while it was written. */
  readonly wholeBytes: number;
  /** Ends up to there, those of files before this one included. */
  readonly endsAfter: number;
}

export function encodeHead({ frameBytes, endsBefore, ends }: EntryHead): Uint8Array {
  const head = new Uint8Array(ENTRY_HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, frameBytes, true);
  view.setBigUint64(8, BigInt(endsBefore), true);
  view.setUint32(16, ends, true);
  view.setUint32(CRC_AT, crc32(head.subarray(0, CRC_AT)), true);
  return head;
}

/** Reads the head at an offset; `undefined` when there is none. */
function decodeHead(file: Uint8Array, offset: number): EntryHead | undefined {
  if (offset + ENTRY_HEAD_BYTES > file.byteLength) return undefined;
  const view = new DataView(file.buffer, file.byteOffset + offset, ENTRY_HEAD_BYTES);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  if (view.getUint32(CRC_AT, true) !== crc32(file.subarray(offset, offset + CRC_AT))) return undefined;
  return {
    frameBytes: view.getUint32(4, true),
    endsBefore: Number(view.getBigUint64(8, true)),
    ends: view.getUint32(16, true),
  };
}

/** Finds every whole entry of a file, whatever lies between them. `endsBefore`: ends in files before this one. */
export function scanEntries(file: Uint8Array, endsBefore = 0): Scan {
  const entries: Entry[] = [];
  let damaged = 0;
  let damagedEnds = 0;
  let expected = endsBefore;
  let wholeBytes = 0;
  for (let at = nextHead(file, 0); at !== undefined; at = nextHead(file, wholeBytes)) {
    const head = decodeHead(file, at);
    if (head === undefined) break;
    if (at > wholeBytes || head.endsBefore > expected) damaged++;
    damagedEnds += Math.max(0, head.endsBefore - expected);
    expected = head.endsBefore;
    const offset = at + ENTRY_HEAD_BYTES;
    const end = offset + head.frameBytes;
    if (end > file.byteLength) break;
    const frame = wholeFrame(file.subarray(offset, end));
    if (frame !== undefined) entries.push({ ...head, offset, frame });
    else {
      damaged++;
      damagedEnds += head.ends;
    }
    expected += head.ends;
    wholeBytes = end;
  }
  return { entries, damaged, damagedEnds, wholeBytes, endsAfter: expected };
}

/** The first head from an offset on: there, unless something is damaged. */
function nextHead(file: Uint8Array, from: number): number | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(MAGIC);
  for (let at = bytes.indexOf(magic, from); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    if (decodeHead(file, at) !== undefined) return at;
  }
  return undefined;
}

function wholeFrame(message: Uint8Array): Frame | undefined {
  try {
    return decodeFrame(message);
  } catch (error) {
    if (error instanceof FrameError) return undefined;
    throw error;
  }
}
