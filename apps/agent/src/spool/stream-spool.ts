// SPDX-License-Identifier: Apache-2.0
import { readdirSync, statSync } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Dictionary, FRAME_HEADER_BYTES, FRAME_TYPES } from '@undermesh/schema';
import Value from 'typebox/value';
import type { SpooledFrame } from '../records/backlog.js';
import type { RecordsFrame } from '../records/frame-builder.js';
import { ENTRY_HEAD_BYTES, encodeHead, scanEntries } from './entry.js';
import { Segment, segmentName } from './segment.js';
import type { SpoolSpace } from './space.js';
import { readStreamState, type StreamState, writeStreamState } from './stream-state.js';

const DICTIONARY_FILE = 'dictionary';
/** A segment is followed by a new one when it has grown so large; smaller in a small spool. */
const MAX_SEGMENT_BYTES = 8 << 20;
const SEGMENTS_AT_LEAST = 8;
const SYNC_MS = 1_000;

/** Where a frame lies. */
export interface SpoolPlace {
  readonly segment: Segment;
  readonly offset: number;
  readonly bytes: number;
}

/** What an earlier run left of a stream. */
export interface Recovered {
  readonly frames: SpooledFrame[];
  readonly dictionary: Dictionary[];
  /** Ends in frames that are not what was written. */
  readonly damagedEnds: number;
  readonly damaged: number;
}

/** The files of one stream: frames in segments, the dictionary that explains them, what is known of the stream. */
export class StreamSpool {
  readonly directory: string;
  readonly #space: SpoolSpace;
  readonly #segmentBytes: number;
  #segments: Segment[] = [];
  #endsWritten = 0;
  #dictionaryBytes = 0;
  #lastNumber = 0;
  #syncedMs = 0;

  /** @param directory of this stream, named after it; made by the first writing. */
  constructor(directory: string, space: SpoolSpace) {
    this.directory = directory;
    this.#space = space;
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.ceil(space.limitBytes / SEGMENTS_AT_LEAST));
    for (const name of filesIn(directory)) this.#find(name);
    this.#segments.sort((one, other) => one.number - other.number);
  }

  /** 32 hexadecimal digits. */
  get streamId(): string {
    return basename(this.directory);
  }

  get state(): StreamState | undefined {
    return readStreamState(this.directory);
  }

  /** Throws what the file system throws. */
  set state(state: StreamState) {
    writeStreamState(this.directory, state);
  }

  /**
   * Writes a frame behind those before it. `undefined`: the spool is full. Rejects when the disk refuses; nothing of it
   * counts then. One call at a time.
   */
  async append({ message, ends }: RecordsFrame): Promise<SpoolPlace | undefined> {
    const { byteLength: frameBytes } = message;
    const bytes = ENTRY_HEAD_BYTES + frameBytes;
    if (!this.#space.take(bytes)) return undefined;
    const segment = this.#segmentFor(bytes);
    // Counted before it is there: its segment is not deleted while it is written.
    segment.waiting++;
    try {
      const head = encodeHead({ frameBytes, endsBefore: this.#endsWritten, ends });
      // A copy of the frame's own head: it is sealed again when the frame is sent again, perhaps while this is written.
      const parts = [head, message.slice(0, FRAME_HEADER_BYTES), message.subarray(FRAME_HEADER_BYTES)];
      const offset = await segment.append(parts);
      this.#endsWritten += ends;
      return { segment, offset: offset + ENTRY_HEAD_BYTES, bytes: frameBytes };
    } catch (error) {
      segment.waiting--;
      this.#space.give(bytes);
      throw error;
    }
  }

  /** Writes dictionary frames behind those before them; frames that need them come after. Rejects when the disk refuses. */
  async explain(frames: readonly Uint8Array[]): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const file = await open(join(this.directory, DICTIONARY_FILE), this.#dictionaryBytes === 0 ? 'w' : 'r+');
    try {
      let at = this.#dictionaryBytes;
      for (const frame of frames) {
        const head = encodeHead({ frameBytes: frame.byteLength, endsBefore: 0, ends: 0 });
        const { bytesWritten } = await file.writev([head, frame], at);
        at += head.byteLength + frame.byteLength;
        if (bytesWritten < head.byteLength + frame.byteLength)
          throw Object.assign(new Error('no space left on the device'), { code: 'ENOSPC' });
      }
      this.#space.occupy(at - this.#dictionaryBytes);
      this.#dictionaryBytes = at;
    } finally {
      await file.close();
    }
  }

  /** Has the disk hold what was written, at most once a second unless it is the last time. */
  async sync(last = false): Promise<void> {
    const now = performance.now();
    if (!last && now - this.#syncedMs < SYNC_MS) return;
    this.#syncedMs = now;
    await this.#segments.at(-1)?.sync();
  }

  /** Reads a frame. Rejects when it cannot be read whole; whether it is what was written is for its reader to see. */
  read({ segment, offset, bytes }: SpoolPlace): Promise<Uint8Array> {
    return segment.read(offset, bytes);
  }

  /** A frame is not needed any more; a segment without any is deleted. */
  release({ segment }: SpoolPlace): void {
    segment.waiting--;
    if (segment.waiting > 0) return;
    this.#segments = this.#segments.filter((one) => one !== segment);
    void segment.remove();
  }

  /** Reads what an earlier run left. Damaged frames and what was cut off stay out. */
  async recover(): Promise<Recovered> {
    const frames: SpooledFrame[] = [];
    let damaged = 0;
    let damagedEnds = 0;
    let before: { readonly number: number; readonly ends: number } | undefined;
    for (const segment of [...this.#segments]) {
      // What the end of the file before lacks; only the last one can have been cut off while it was written.
      const lacking = before?.number === segment.number - 1 ? segment.endsBefore - before.ends : 0;
      const scan = scanEntries(await readFile(segment.path), segment.endsBefore);
      damaged += scan.damaged + (lacking > 0 ? 1 : 0);
      damagedEnds += scan.damagedEnds + lacking;
      before = { number: segment.number, ends: scan.endsAfter };
      for (const { frame, ends, offset, frameBytes } of scan.entries) {
        if (frame.type !== FRAME_TYPES.records) continue;
        const place: SpoolPlace = { segment, offset, bytes: frameBytes };
        frames.push({ sequence: frame.sequence, ends, place });
        segment.waiting++;
      }
      if (segment.waiting === 0) this.release({ segment, offset: 0, bytes: 0 });
    }
    return { frames, damaged, damagedEnds, dictionary: await this.#readDictionary() };
  }

  /** Deletes all of it. */
  async remove(): Promise<void> {
    await Promise.all(this.#segments.splice(0).map((segment) => segment.remove()));
    this.#space.give(this.#dictionaryBytes);
    this.#dictionaryBytes = 0;
    await rm(this.directory, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await Promise.all(this.#segments.map((segment) => segment.close()));
  }

  #segmentFor(bytes: number): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.bytes + bytes <= this.#segmentBytes) return last;
    const number = this.#lastNumber + 1;
    this.#lastNumber = number;
    const segment = new Segment({
      directory: this.directory,
      number,
      endsBefore: this.#endsWritten,
      space: this.#space,
    });
    this.#segments.push(segment);
    return segment;
  }

  #find(name: string): void {
    const { size } = statSync(join(this.directory, name));
    const named = segmentName(name);
    if (named !== undefined) {
      this.#lastNumber = Math.max(this.#lastNumber, named.number);
      const { directory } = this;
      this.#segments.push(new Segment({ ...named, directory, space: this.#space, bytes: size }));
    } else if (name === DICTIONARY_FILE) this.#dictionaryBytes = size;
    else return;
    this.#space.occupy(size);
  }

  async #readDictionary(): Promise<Dictionary[]> {
    const file = await readFile(join(this.directory, DICTIONARY_FILE)).catch(() => new Uint8Array());
    const parts: Dictionary[] = [];
    for (const { frame } of scanEntries(file).entries) {
      const part: unknown = JSON.parse(new TextDecoder().decode(frame.payload));
      if (Value.Check(Dictionary, part)) parts.push(part);
    }
    return parts;
  }
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
