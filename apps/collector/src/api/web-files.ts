// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { placeAt } from '@undermesh/schema';

/** A built file as it is served. */
export interface WebFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
}

const TEXT: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
};
const BINARY: Readonly<Record<string, string>> = {
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** The files of the dashboard, placed below a base path. Kept in memory once read, and read again when they changed. */
export class WebFiles {
  readonly #directory: string;
  readonly #basePath: string;
  readonly #files = new Map<string, { readonly version: string; readonly file: WebFile }>();

  constructor(directory: string, basePath: string) {
    this.#directory = directory;
    this.#basePath = basePath;
  }

  /**
   * What is at the path of a URL: a file, `directory` where a slash is missing, or `null`. Nothing outside, and nothing
   * whose name begins with a dot.
   */
  read(path: string): WebFile | 'directory' | null {
    const parts = partsOf(path);
    if (parts === null) return null;
    const place = join(this.#directory, ...parts);
    const found = statSync(place, { throwIfNoEntry: false });
    if (found?.isFile() === true) return path.endsWith('/') ? null : this.#file(place);
    if (found?.isDirectory() !== true) return null;
    const page = join(place, 'index.html');
    if (statSync(page, { throwIfNoEntry: false })?.isFile() !== true) return null;
    return path.endsWith('/') ? this.#file(page) : 'directory';
  }

  #file(place: string): WebFile {
    const { mtimeMs, size } = statSync(place);
    const version = `${mtimeMs}-${size}`;
    const known = this.#files.get(place);
    if (known?.version === version) return known.file;
    const file = this.#load(place);
    this.#files.set(place, { version, file });
    return file;
  }

  #load(place: string): WebFile {
    const content = readFileSync(place);
    const text = TEXT[extname(place)];
    const body =
      text === undefined ? content : Buffer.from(placeAt(content.toString('utf8'), this.#basePath), 'utf8');
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
    return { body, type: text ?? BINARY[extname(place)] ?? 'application/octet-stream', etag };
  }
}

/** The names between the slashes of a path, decoded; `null` for what no file of ours is called. */
export function partsOf(path: string): string[] | null {
  try {
    const parts = decodeURIComponent(path).split('/').filter(Boolean);
    return parts.some((part) => part.startsWith('.') || /[\\\0]/.test(part)) ? null : parts;
  } catch {
    return null; // % and no two digits
  }
}
