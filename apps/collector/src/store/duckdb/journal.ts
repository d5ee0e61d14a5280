// SPDX-License-Identifier: Apache-2.0
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  truncateSync,
  unlinkSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '@undermesh/core';
import {
  bodyOf,
  type EntrySpan,
  headOf,
  type JournalHead,
  journalEntry,
  PREFIX_BYTES,
  spanOf,
} from './journal-entry.js';
import { StoreError } from './store-failure.js';

const log = createLogger('store');
const FILE_NAME = /^journal-(\d{6,})\.log$/;
/** Buffers that one call of the kernel takes (IOV_MAX is 1,024). */
const MOST_PIECES = 1_000;

/** An entry of the journal, and where it lies. */
export interface JournalPlace {
  /** Number of the file. */
  readonly file: number;
  readonly at: number;
  readonly span: EntrySpan;
}

/** What is to be written as one entry. */
export interface JournalWrite {
  readonly head: JournalHead;
  readonly body: Uint8Array;
}

/** Calls back for each entry of an earlier run, with the records in it. */
export type JournalVisitor = (head: JournalHead, place: JournalPlace, body: Uint8Array) => void;

interface OpenFile {
  readonly number: number;
  readonly handle: FileHandle;
  bytes: number;
}

/**
 * Files that frames are written to, one behind the other, and synced: what makes them durable, at the least cost there
 * is, until they are filed as rows. Files are named by rising numbers; each is given up as a whole.
 */
export class Journal {
  readonly #directory: string;
  /** Bytes by file, those that are full among them. */
  readonly #files = new Map<number, number>();
  #open: OpenFile | null = null;
  #read: { readonly number: number; readonly descriptor: number } | null = null;
  #last = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get bytes(): number {
    let sum = 0;
    for (const bytes of this.#files.values()) sum += bytes;
    return sum;
  }

  /**
   * Reads what an earlier run left, oldest first. A last entry that was not written to its end is cut off: nobody was
   * told of it. Throws StoreError `store_corrupt` when an entry is damaged that others follow, and has then changed nothing.
   */
  restore(visit: JournalVisitor): void {
    const numbers = readdirSync(this.#directory)
      .map((name) => Number(FILE_NAME.exec(name)?.[1] ?? 0))
      .filter((number) => number > 0)
      .sort((a, b) => a - b);
    for (const number of numbers) {
      this.#files.set(number, this.#restoreFile(number, visit));
      this.#last = number;
    }
  }

  /** Writes entries and syncs them. Resolves with where each lies; rejects having kept nothing of them. */
  async append(entries: readonly JournalWrite[]): Promise<JournalPlace[]> {
    this.#open ??= await this.#begin();
    const file = this.#open;
    const places: JournalPlace[] = [];
    const pieces: Uint8Array[] = [];
    let at = file.bytes;
    for (const one of entries) {
      const entry = journalEntry(one, file.bytes);
      places.push({ file: file.number, at, span: entry.span });
      pieces.push(...entry.pieces);
      at += entry.span.bytes;
    }
    try {
      await writeAll(file.handle, pieces, file.bytes);
      await file.handle.datasync();
    } catch (thrown) {
      await file.handle.truncate(file.bytes).catch(() => {});
      throw thrown;
    }
    file.bytes = at;
    this.#files.set(file.number, at);
    return places;
  }

  /** Has the next entry begin a new file, so that those before can be given up. Resolves with that file's number. */
  async turn(): Promise<number> {
    const file = this.#open;
    this.#open = null;
    await file?.handle.close();
    return this.#last + 1;
  }

  /** The records of an entry, in memory that the next call uses again. `into` must hold {@link EntrySpan.bytes}. */
  read({ file, at, span }: JournalPlace, into: Buffer): Buffer {
    if (this.#read?.number !== file) {
      this.#closeRead();
      this.#read = { number: file, descriptor: openSync(this.#path(file), 'r') };
    }
    const entry = into.subarray(0, span.bytes);
    const found = readSync(this.#read.descriptor, entry, 0, span.bytes, at);
    if (found !== span.bytes || headOf(entry, span) === null) throw this.#damaged(file, at);
    return bodyOf(entry, span);
  }

  /** Gives up the files before one. */
  release(before: number): void {
    for (const number of [...this.#files.keys()].filter((one) => one < before)) {
      if (this.#read?.number === number) this.#closeRead();
      unlinkSync(this.#path(number));
      this.#files.delete(number);
    }
  }

  async close(): Promise<void> {
    this.#closeRead();
    await this.turn();
    this.#files.clear();
    this.#last = 0;
  }

  async #begin(): Promise<OpenFile> {
    const number = this.#last + 1;
    const handle = await open(this.#path(number), 'wx', 0o640);
    this.#last = number;
    this.#files.set(number, 0);
    // What is synced into a file is of no use when the file has no name.
    const directory = openSync(this.#directory, 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
    return { number, handle, bytes: 0 };
  }

  #closeRead(): void {
    if (this.#read !== null) closeSync(this.#read.descriptor);
    this.#read = null;
  }

  #path(number: number): string {
    return join(this.#directory, `journal-${String(number).padStart(6, '0')}.log`);
  }

  /** Returns how many bytes of the file count. */
  #restoreFile(number: number, visit: JournalVisitor): number {
    const path = this.#path(number);
    const size = statSync(path).size;
    const descriptor = openSync(path, 'r');
    try {
      let at = 0;
      for (
        let read = readEntry(descriptor, at, size);
        read !== null;
        read = readEntry(descriptor, at, size)
      ) {
        visit(read.head, { file: number, at, span: read.span }, read.body);
        at += read.span.bytes;
      }
      if (at === size) return size;
      if (wasSynced(descriptor, at, size)) throw this.#damaged(number, at);
      log.warn(
        { file: path, bytes: size - at },
        'the end of the journal was not written whole and is cut off',
      );
      truncateSync(path, at);
      return at;
    } finally {
      closeSync(descriptor);
    }
  }

  #damaged(number: number, at: number): StoreError {
    const path = this.#path(number);
    return new StoreError(
      'store_corrupt',
      `cannot read ${path}: the checksum at byte ${at} is wrong. Nothing was changed. Restore the file from a backup, or ` +
        'move it out of the directory and start again: the records in it are then missing, all others stay.',
    );
  }
}

function readEntry(
  descriptor: number,
  at: number,
  size: number,
): { head: JournalHead; span: EntrySpan; body: Uint8Array } | null {
  if (at + PREFIX_BYTES > size) return null;
  const prefix = Buffer.alloc(PREFIX_BYTES);
  readSync(descriptor, prefix, 0, PREFIX_BYTES, at);
  const span = spanOf(prefix);
  if (span === null || at + span.bytes > size) return null;
  const entry = Buffer.alloc(span.bytes);
  readSync(descriptor, entry, 0, span.bytes, at);
  const head = headOf(entry, span);
  return head === null ? null : { head, span, body: bodyOf(entry, span) };
}

/** Whether somebody was told of what begins at a place: an entry that was written after it had been synced follows. */
function wasSynced(descriptor: number, place: number, size: number): boolean {
  for (let at = place + 8; at + PREFIX_BYTES <= size; at += 8) {
    const entry = readEntry(descriptor, at, size);
    if (entry === null) continue;
    if (entry.span.synced > place) return true;
    at += entry.span.bytes - 8;
  }
  return false;
}

async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[], from: number): Promise<void> {
  let at = from;
  for (let first = 0; first < pieces.length; first += MOST_PIECES) {
    const some = pieces.slice(first, first + MOST_PIECES);
    const bytes = some.reduce((sum, piece) => sum + piece.byteLength, 0);
    const { bytesWritten } = await handle.writev(some, at);
    if (bytesWritten !== bytes)
      throw new Error(`no space left: ${bytesWritten} of ${bytes} bytes were written`);
    at += bytes;
  }
}
