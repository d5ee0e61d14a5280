// SPDX-License-Identifier: Apache-2.0
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { SpoolSpace } from './space.js';

const NAME = /^(\d{8})-(\d+)\.frames$/;

/** What the name of a segment's file says. */
export interface SegmentName {
  /** From 1. */
  readonly number: number;
  /** Ends of the stream that were written before it. */
  readonly endsBefore: number;
}

/** Reads the name of a segment's file; `undefined` for other files. */
export function segmentName(name: string): SegmentName | undefined {
  const [, number, endsBefore] = NAME.exec(name) ?? [];
  return number === undefined ? undefined : { number: Number(number), endsBefore: Number(endsBefore) };
}

/** A file of entries. Appended to by one writer, one entry at a time; gone once nothing in it waits. */
export class Segment implements SegmentName {
  readonly number: number;
  readonly endsBefore: number;
  readonly path: string;
  /** Whole entries. */
  bytes: number;
  /** Frames in it that are not acknowledged. */
  waiting = 0;
  readonly #space: SpoolSpace;
  #handle: Promise<FileHandle> | undefined;
  #removed = false;

  /** @param bytes what is in the file already. */
  constructor(of: SegmentName & { directory: string; space: SpoolSpace; bytes?: number }) {
    this.number = of.number;
    this.endsBefore = of.endsBefore;
    this.path = join(of.directory, `${String(of.number).padStart(8, '0')}-${of.endsBefore}.frames`);
    this.bytes = of.bytes ?? 0;
    this.#space = of.space;
  }

  /**
   * Appends one entry, given in parts; resolves with where it begins. Rejects when not all of it could be written; the
   * next one is then written over what there is.
   */
  async append(parts: readonly Uint8Array[]): Promise<number> {
    const wanted = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const offset = this.bytes;
    const handle = await this.#open();
    const { bytesWritten } = await handle.writev([...parts], offset);
    if (bytesWritten < wanted)
      throw Object.assign(new Error('no space left on the device'), { code: 'ENOSPC' });
    this.bytes = offset + wanted;
    return offset;
  }

  /** Reads part of it. Rejects when there is less. */
  async read(offset: number, bytes: number): Promise<Uint8Array> {
    const handle = await this.#open();
    const target = new Uint8Array(bytes);
    const { bytesRead } = await handle.read(target, 0, bytes, offset);
    if (bytesRead < bytes) throw Object.assign(new Error(`${this.path} is cut off`), { code: 'EIO' });
    return target;
  }

  /** Has the disk hold what was appended. */
  async sync(): Promise<void> {
    await (await this.#open()).datasync();
  }

  /** Deletes the file and gives its room back. Harmless when called again. */
  async remove(): Promise<void> {
    if (this.#removed) return;
    this.#removed = true;
    await this.close();
    await unlink(this.path).catch(() => {});
    this.#space.give(this.bytes);
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await (await handle?.catch(() => undefined))?.close().catch(() => {});
  }

  #open(): Promise<FileHandle> {
    if (this.#removed) return Promise.reject(new Error(`${this.path} has been removed`));
    if (this.#handle === undefined) {
      // Not in append mode: what a failed write left behind is written over.
      const opened = open(this.path, this.bytes > 0 ? 'r+' : 'w+', 0o600);
      opened.catch(() => {
        this.#handle = undefined;
      });
      this.#handle = opened;
    }
    return this.#handle;
  }
}
