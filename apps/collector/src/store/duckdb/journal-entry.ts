// SPDX-License-Identifier: Apache-2.0
import { crc32 } from 'node:zlib';
import type { Workload } from '../store.js';
import type { FrameMessage } from './protocol.js';

/** `UMJ1` in the order of bytes on disk. */
const MAGIC = 0x314a4d55;
/**
 * Five numbers of 32 bits: magic, length of the head, length of the body, how many bytes of the file had been synced when
 * this was written, and the CRC-32 of that number, head and body. Prefix, head and body are padded to 8 bytes.
 */
export const PREFIX_BYTES = 24;
const Prefix = { magic: 0, head: 4, body: 8, synced: 12, crc: 16 } as const;
/** Longer than any head or body is: what says otherwise is no entry. */
const MOST_BYTES = 1 << 26;

/** A frame as the journal tells of it: where its rows belong. */
export interface JournaledFrame extends Omit<FrameMessage, 'bytes'> {
  /** Ordinal of the stream, from 1. */
  readonly stream: number;
  /** Ordinal of the frame among all with records; one without has that of the frame before it. */
  readonly batch: number;
}

/** What an entry says besides the records. */
export type JournalHead = { readonly frame: JournaledFrame } | { readonly workloads: readonly Workload[] };

/** Bigints stand as strings. */
type WrittenFrame = Omit<JournaledFrame, 'sequence' | 'realtimeOffsetNs'> & {
  readonly sequence: string;
  readonly realtimeOffsetNs: string;
};

/** Where the parts of an entry are, bytes. */
export interface EntrySpan {
  readonly headBytes: number;
  readonly bodyBytes: number;
  /** What the file had been synced up to when the entry was written. */
  readonly synced: number;
  /** The whole entry, padding included. */
  readonly bytes: number;
}

const padded = (bytes: number): number => (bytes + 7) & ~7;
const PADDING = new Uint8Array(8);

/** An entry as pieces to be written one after the other; the body is not copied. */
export function journalEntry(
  { head, body }: { readonly head: JournalHead; readonly body: Uint8Array },
  synced: number,
): { readonly pieces: Uint8Array[]; readonly span: EntrySpan } {
  const text = Buffer.from(JSON.stringify(written(head)));
  const front = Buffer.alloc(PREFIX_BYTES + padded(text.length));
  text.copy(front, PREFIX_BYTES);
  front.writeUInt32LE(MAGIC, Prefix.magic);
  front.writeUInt32LE(text.length, Prefix.head);
  front.writeUInt32LE(body.byteLength, Prefix.body);
  front.writeUInt32LE(synced, Prefix.synced);
  front.writeUInt32LE(checksum(front, text, body), Prefix.crc);
  const rest = padded(body.byteLength) - body.byteLength;
  const pieces: Uint8Array[] = [front];
  if (body.byteLength > 0) pieces.push(body);
  if (rest > 0) pieces.push(PADDING.subarray(0, rest));
  const bytes = front.length + body.byteLength + rest;
  return { pieces, span: { headBytes: text.length, bodyBytes: body.byteLength, synced, bytes } };
}

/** Reads the lengths of an entry; `null`: none begins here. @param prefix {@link PREFIX_BYTES} bytes */
export function spanOf(prefix: Buffer): EntrySpan | null {
  if (prefix.readUInt32LE(Prefix.magic) !== MAGIC) return null;
  const headBytes = prefix.readUInt32LE(Prefix.head);
  const bodyBytes = prefix.readUInt32LE(Prefix.body);
  const synced = prefix.readUInt32LE(Prefix.synced);
  if (headBytes > MOST_BYTES || bodyBytes > MOST_BYTES) return null;
  return { headBytes, bodyBytes, synced, bytes: PREFIX_BYTES + padded(headBytes) + padded(bodyBytes) };
}

/** The head of a whole entry; `null` when it is not as it was written. */
export function headOf(entry: Buffer, span: EntrySpan): JournalHead | null {
  const text = entry.subarray(PREFIX_BYTES, PREFIX_BYTES + span.headBytes);
  if (checksum(entry, text, bodyOf(entry, span)) !== entry.readUInt32LE(Prefix.crc)) return null;
  const head = JSON.parse(text.toString()) as
    | { frame: WrittenFrame }
    | Exclude<JournalHead, { frame: unknown }>;
  if (!('frame' in head)) return head;
  const { sequence, realtimeOffsetNs } = head.frame;
  return {
    frame: { ...head.frame, sequence: BigInt(sequence), realtimeOffsetNs: BigInt(realtimeOffsetNs) },
  };
}

/** The records of a whole entry, a view. */
export const bodyOf = (entry: Buffer, { headBytes, bodyBytes }: EntrySpan): Buffer => {
  const from = PREFIX_BYTES + padded(headBytes);
  return entry.subarray(from, from + bodyBytes);
};

const checksum = (prefix: Buffer, text: Uint8Array, body: Uint8Array): number =>
  crc32(body, crc32(text, crc32(prefix.subarray(Prefix.synced, Prefix.crc))));

function written(head: JournalHead): unknown {
  if (!('frame' in head)) return head;
  const { sequence, realtimeOffsetNs } = head.frame;
  return { frame: { ...head.frame, sequence: `${sequence}`, realtimeOffsetNs: `${realtimeOffsetNs}` } };
}
