// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, readFileSync, truncateSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createLogger, replaceFile, replaceFileSync } from '@undermesh/core';
import { chain, GENESIS, readChain } from './hash-chain.js';

const log = createLogger('changes');

/** What was wrong with a file, and what there was in it behind that place. */
export interface Break {
  readonly detail: string;
  /** What verified. */
  readonly values: readonly unknown[];
  /** The rest of the file, which nobody vouches for. */
  readonly rest: string;
  /** Lines that were written once and are in neither. */
  readonly missing: number;
}

/**
 * A hash chain in a file that is only ever appended to. Beside it lies the hash of its newest line and how many there
 * are, so that lines missing from its end are noticed too. A line that was never finished, because somebody pulled the plug, is cut off.
 */
export class ChainFile {
  readonly #file: string;
  #last = GENESIS;
  #lines = 0;
  #bytes = 0;
  /** Whether a write failed half way: what it left is cut off before the next. */
  #dirty = false;

  constructor(file: string) {
    this.#file = file;
  }

  get #headFile(): string {
    return `${this.#file}.head`;
  }

  get #head(): string {
    return `${this.#last} ${this.#lines}\n`;
  }

  /**
   * Reads all lines that verify. Where one does not, the file is copied aside and goes on behind those that do, with a
   * line made by `onBreak`. Throws what the file system says.
   */
  restore(onBreak: (problem: Break) => object): unknown[] {
    const bytes = readIfThere(this.#file) ?? Buffer.alloc(0);
    const { values, hashes, verifiedBytes, broken, tornBytes } = readChain(bytes);
    this.#last = hashes.at(-1) ?? GENESIS;
    this.#lines = values.length;
    this.#bytes = verifiedBytes;
    const head = readIfThere(this.#headFile)?.toString('utf8') ?? '';
    const [, hash, count] = /^([0-9a-f]{64}) (\d+)\n$/.exec(head) ?? [];
    const isShort = hash !== undefined && !hashes.includes(hash);
    if (broken === null && !isShort) {
      if (tornBytes > 0) {
        truncateSync(this.#file, verifiedBytes);
        log.warn({ file: this.#file, tornBytes }, 'the last change was never finished, and is cut off');
      }
      return values;
    }
    const detail =
      broken === null
        ? `Lines are missing behind line ${values.length}.`
        : `Line ${broken.line} ${broken.detail}.`;
    const aside = `${this.#file}.broken-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
    if (bytes.length > 0) copyFileSync(this.#file, aside);
    const rest = bytes.toString('utf8', verifiedBytes);
    const missing = Math.max(0, Number(count ?? 0) - values.length - (rest.match(/\n/g) ?? []).length);
    const line = onBreak({ detail, values, rest, missing });
    const link = chain(this.#last, line);
    const text = `${bytes.toString('utf8', 0, verifiedBytes)}${link.line}\n`;
    replaceFileSync(this.#file, text);
    this.#last = link.hash;
    this.#lines++;
    this.#bytes = Buffer.byteLength(text);
    replaceFileSync(this.#headFile, this.#head);
    log.error({ file: this.#file, aside, detail }, 'the change log does not verify: it was set aside');
    return [...values, line];
  }

  /**
   * Writes lines behind the last one. Resolves when they are on the disk; when it rejects, none of them is. One call at
   * a time.
   */
  async append(values: readonly object[]): Promise<void> {
    let last = this.#last;
    const lines = values.map((value) => {
      const link = chain(last, value);
      last = link.hash;
      return `${link.line}\n`;
    });
    const text = lines.join('');
    await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
    const isNew = this.#bytes === 0;
    const file = await open(this.#file, 'a', 0o600);
    try {
      if (this.#dirty) await file.truncate(this.#bytes);
      this.#dirty = true;
      await file.writeFile(text);
      await file.sync();
      this.#dirty = false;
    } finally {
      await file.close();
    }
    this.#last = last;
    this.#lines += lines.length;
    this.#bytes += Buffer.byteLength(text);
    if (isNew) await syncDirectory(dirname(this.#file));
  }

  /**
   * Writes down beside the file where it ends. Its lines are there whether or not this succeeds: an older place only
   * notices less. Not while lines are being appended.
   */
  async remember(): Promise<void> {
    try {
      await replaceFile(this.#headFile, this.#head);
    } catch (error) {
      log.warn({ err: error, file: this.#headFile }, 'cannot write down where the change log ends');
    }
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
