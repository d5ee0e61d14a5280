// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { messageOf } from '@undermesh/core';
import { pack } from 'tar-stream';
import { readmeOf } from './readme.js';
import { Redactor } from './redactor.js';

export interface BundleOptions {
  /** Who makes it, e.g. `undermesh-agent`. */
  readonly program: string;
  readonly version: string;
  /** Replace names and addresses. */
  readonly anonymise: boolean;
  /** Longest time for one part, ms. */
  readonly patienceMs?: number;
  /** Most bytes of one part, and of all of them, before they are compressed. */
  readonly partBytes?: number;
  readonly bundleBytes?: number;
}

/** What a manifest says of one part. */
export interface PartNote {
  readonly file: string;
  /** What it holds, in words. */
  readonly holds: string;
  /** In the bundle; 0 for one that could not be made. */
  readonly bytes: number;
  readonly sha256?: string;
  /** How much of its beginning was cut off, bytes. */
  readonly cutBytes?: number;
  /** Why it is not there. */
  readonly error?: string;
}

/** manifest.json of a bundle. */
export interface Manifest {
  readonly format: 1;
  readonly program: string;
  readonly version: string;
  readonly createdAt: string;
  readonly anonymised: boolean;
  readonly parts: readonly PartNote[];
}

export interface WrittenBundle {
  readonly file: string;
  /** Of the file. */
  readonly bytes: number;
  readonly manifest: Manifest;
}

/** What goes into a part: text as it is, everything else as JSON. */
type Content = string | object;

/** In the place of a file. */
export const STANDARD_OUTPUT = '-';

const PATIENCE_MS = 20_000;
const PART_BYTES = 4 * 2 ** 20;
const BUNDLE_BYTES = 32 * 2 ** 20;

/** A report in the making: parts are added one by one, then written as one file. */
export class Bundle {
  readonly redactor: Redactor;
  readonly #options: Required<BundleOptions>;
  readonly #parts: { readonly note: PartNote; readonly content: Buffer }[] = [];
  #room: number;

  constructor(options: BundleOptions) {
    const bounds = { patienceMs: PATIENCE_MS, partBytes: PART_BYTES, bundleBytes: BUNDLE_BYTES };
    this.#options = { ...bounds, ...options };
    this.#room = this.#options.bundleBytes;
    this.redactor = new Redactor(options);
  }

  /**
   * Adds a part. One that cannot be made, or not in time, is noted with the reason; of one that is too long its end is kept.
   * @param make what it holds: by then nothing in it may be a secret
   */
  async add(file: string, holds: string, make: () => Content | Promise<Content>): Promise<void> {
    let content: Buffer;
    try {
      content = encode(await within(this.#options.patienceMs, make));
    } catch (error) {
      const why = this.redactor.text(reasonOf(error));
      this.#parts.push({ note: { file, holds, bytes: 0, error: why }, content: Buffer.alloc(0) });
      return;
    }
    const bytes = Math.min(content.length, this.#options.partBytes, this.#room);
    const cutBytes = content.length - bytes;
    content = content.subarray(cutBytes);
    this.#room -= bytes;
    const sha256 = createHash('sha256').update(content).digest('hex');
    const note = { file, holds, bytes, sha256, ...(cutBytes === 0 ? {} : { cutBytes }) };
    this.#parts.push({ note, content });
  }

  /**
   * Writes a gzipped tar archive that its owner alone can read, or to standard output where `file` is `-`. Rejects, leaving
   * nothing, where there is a file already.
   */
  async write(file: string): Promise<WrittenBundle> {
    const { program, version, anonymise } = this.#options;
    const manifest: Manifest = {
      format: 1,
      program,
      version,
      createdAt: new Date().toISOString(),
      anonymised: anonymise,
      parts: this.#parts.map(({ note }) => note),
    };
    const archive = pack();
    const top = `undermesh-support-${manifest.createdAt.slice(0, 19).replaceAll(':', '')}`;
    const put = (name: string, content: string | Buffer): void => {
      archive.entry({ name: `${top}/${name}`, mode: 0o600 }, content);
    };
    put('manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);
    put('README.md', readmeOf(manifest));
    for (const { note, content } of this.#parts) if (note.error === undefined) put(note.file, content);
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    const packed = gzipSync(Buffer.concat(chunks));
    if (file === STANDARD_OUTPUT) await toStandardOutput(packed);
    else writeFileSync(file, packed, { flag: 'wx', mode: 0o600 });
    return { file, bytes: packed.length, manifest };
  }
}

const toStandardOutput = (packed: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(packed, (error) => (error ? reject(error) : resolve()));
  });

const encode = (content: Content): Buffer =>
  Buffer.from(typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);

/** The reason at the bottom: `fetch failed` says less than its cause. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined
    ? `${messageOf(error)}: ${messageOf(error.cause)}`
    : messageOf(error);

async function within(patienceMs: number, make: () => Content | Promise<Content>): Promise<Content> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${patienceMs / 1000} s`)), patienceMs);
  });
  try {
    return await Promise.race([Promise.resolve().then(make), late]);
  } finally {
    clearTimeout(timer);
  }
}
