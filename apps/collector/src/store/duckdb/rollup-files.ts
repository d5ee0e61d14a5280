// SPDX-License-Identifier: Apache-2.0
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { createLogger } from '@undermesh/core';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import type { RollupChange, StoredRollup, StoreStats } from '../store.js';
import { runFailure } from './store-failure.js';

const log = createLogger('store');
const MANIFEST = 'manifest.json';
const FORMAT = 1;

const FileEntry = Type.Object({ name: Type.String(), bytes: Type.Integer(), crc: Type.Integer() });
type FileEntry = Static<typeof FileEntry>;

/** Names every file that counts. Whatever else lies in the directory was never completed, or is replaced. */
const Manifest = Type.Object({
  format: Type.Literal(FORMAT),
  generation: Type.Integer({ minimum: 0 }),
  state: Type.Union([FileEntry, Type.Null()]),
  rollups: Type.Array(
    Type.Intersect([FileEntry, Type.Object({ widthMs: Type.Integer(), start: Type.Integer() })]),
  ),
});
type Manifest = Static<typeof Manifest>;
type Entry = Manifest['rollups'][number];

const keyOf = ({ widthMs, start }: Pick<StoredRollup, 'widthMs' | 'start'>): string => `${widthMs}/${start}`;

/**
 * Roll-ups as files beside the segments, which come and go with retention while roll-ups stay. A change writes new
 * files, then a manifest that names them under a new name, and renames it over the old one: that is the moment at which
 * the change is there. Each step is on disk (fsync of the file and of the directory) before the next one begins.
 */
export class RollupFiles {
  readonly #directory: string;
  #generation = 0;
  #state: FileEntry | null = null;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #damaged = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get stats(): StoreStats['rollups'] {
    return { count: this.#entries.size, bytes: this.#bytes, damaged: this.#damaged };
  }

  /** Reads the manifest and removes what it does not name. A manifest that is damaged is set aside with all its files. */
  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const manifest = await this.#manifest();
    this.#entries.clear();
    this.#generation = manifest?.generation ?? 0;
    this.#state = manifest?.state ?? null;
    for (const entry of manifest?.rollups ?? []) this.#entries.set(keyOf(entry), entry);
    this.#measure();
    const named = new Set([
      MANIFEST,
      this.#state?.name,
      ...[...this.#entries.values()].map(({ name }) => name),
    ]);
    for (const name of await readdir(this.#directory)) {
      if (!named.has(name) && !name.endsWith('.damaged')) await this.#remove(name);
    }
  }

  /** See {@link RecordStore.putRollups}. */
  async put({ put, remove, state }: RollupChange): Promise<void> {
    const generation = this.#generation + 1;
    const written: string[] = [];
    const write = async (name: string, bytes: Uint8Array): Promise<FileEntry> => {
      written.push(name);
      await writeDurably(join(this.#directory, name), bytes);
      return { name, bytes: bytes.byteLength, crc: crc32(bytes) };
    };
    const entries = new Map(this.#entries);
    const replaced: string[] = [];
    const replace = (key: string, entry: Entry | null): void => {
      const before = entries.get(key);
      if (before !== undefined) replaced.push(before.name);
      if (entry === null) entries.delete(key);
      else entries.set(key, entry);
    };
    try {
      for (const { widthMs, start, bytes } of put) {
        const file = await write(`${widthMs / 1000}s-${start / 1000}-${generation}.rollup`, bytes);
        replace(keyOf({ widthMs, start }), { ...file, widthMs, start });
      }
      for (const gone of remove) replace(keyOf(gone), null);
      const stateFile = await write(`state-${generation}`, state);
      const manifest: Manifest = {
        format: FORMAT,
        generation,
        state: stateFile,
        rollups: [...entries.values()],
      };
      await syncDirectory(this.#directory);
      const draft = `manifest-${generation}`;
      written.push(draft);
      await writeDurably(join(this.#directory, draft), sealed(manifest));
      await rename(join(this.#directory, draft), join(this.#directory, MANIFEST));
      await syncDirectory(this.#directory);
      if (this.#state !== null) replaced.push(this.#state.name);
      this.#state = stateFile;
    } catch (thrown) {
      for (const name of written) await this.#remove(name);
      throw runFailure('cannot store roll-ups', thrown);
    }
    this.#generation = generation;
    this.#entries.clear();
    for (const [key, entry] of entries) this.#entries.set(key, entry);
    this.#measure();
    for (const name of replaced) await this.#remove(name);
  }

  /** See {@link RecordStore.rollups}. */
  async read(onRollup: (rollup: StoredRollup) => void): Promise<Uint8Array | null> {
    for (const entry of [...this.#entries.values()]) {
      const bytes = await this.#content(entry);
      if (bytes !== null) onRollup({ widthMs: entry.widthMs, start: entry.start, bytes });
      else this.#entries.delete(keyOf(entry));
    }
    this.#measure();
    return this.#state === null ? null : this.#content(this.#state);
  }

  #measure(): void {
    this.#bytes = [...this.#entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The bytes of a file; `null`, and the file set aside, when they are not those that were written. */
  async #content({ name, bytes, crc }: FileEntry): Promise<Uint8Array | null> {
    const content = await readFile(join(this.#directory, name)).catch(() => null);
    if (content !== null && content.byteLength === bytes && crc32(content) === crc) return content;
    this.#damaged++;
    log.error({ file: join(this.#directory, name) }, 'a roll-up is damaged and was set aside');
    await rename(join(this.#directory, name), join(this.#directory, `${name}.damaged`)).catch(() => {});
    return null;
  }

  async #manifest(): Promise<Manifest | null> {
    const path = join(this.#directory, MANIFEST);
    const text = await readFile(path, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'ENOENT') return null;
      throw runFailure(`cannot read ${path}`, thrown);
    });
    if (text === null) return null;
    const manifest = unsealed(text);
    if (manifest !== null) return manifest;
    this.#damaged++;
    log.error({ file: path }, 'the list of roll-ups is damaged: all were set aside and begin anew');
    for (const name of await readdir(this.#directory)) {
      if (name.endsWith('.damaged')) continue;
      await rename(join(this.#directory, name), join(this.#directory, `${name}.damaged`)).catch(() => {});
    }
    return null;
  }

  async #remove(name: string): Promise<void> {
    await rm(join(this.#directory, name), { force: true }).catch(() => {});
  }
}

/** The manifest on one line, and its CRC-32 on the next. */
function sealed(manifest: Manifest): Uint8Array {
  const text = JSON.stringify(manifest);
  return Buffer.from(`${text}\n${crc32(text)}\n`);
}

function unsealed(text: string): Manifest | null {
  const [body = '', crc] = text.split('\n');
  if (Number(crc) !== crc32(body)) return null;
  const manifest: unknown = JSON.parse(body);
  return Value.Check(Manifest, manifest) ? manifest : null;
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o640);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
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
