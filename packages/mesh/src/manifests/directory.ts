// SPDX-License-Identifier: Apache-2.0
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file with manifests as it was seen; another stamp means that it was written or replaced. */
export interface ManifestFile {
  readonly path: string;
  readonly stamp: string;
}

/** What a directory holds, its directories included. */
export interface Listing {
  /** In the order of their paths. */
  readonly files: readonly ManifestFile[];
  readonly directories: readonly string[];
  /** The same for two listings between which nothing changed. */
  readonly stamp: string;
  /** When the last change was, in ms since 1970, by the file system's clock. */
  readonly changedAtMs: number;
}

/** No file that an editor or a copy makes for the while: hidden ones, `x.yaml~`, `#x.yaml#`, `x.yaml.swp`. */
const MANIFEST = /^[^.#].*\.(?:ya?ml|json)$/;

/**
 * Lists manifests, in directories within too. Links are followed, each directory once; hidden ones are left out, so that
 * a mounted ConfigMap counts by its links only.
 */
export async function listManifests(directory: string): Promise<Listing> {
  const files: ManifestFile[] = [];
  const directories: string[] = [];
  const seen = new Set<string>();
  let changedAtMs = 0;
  const walk = async (path: string, found: Stats): Promise<void> => {
    const identity = `${found.dev}:${found.ino}`;
    if (seen.has(identity)) return;
    seen.add(identity);
    directories.push(path);
    changedAtMs = Math.max(changedAtMs, found.ctimeMs);
    for (const name of await readdir(path)) {
      const entry = join(path, name);
      const entryStat = name.startsWith('.') ? undefined : await statIfThere(entry);
      if (entryStat?.isDirectory()) await walk(entry, entryStat);
      else if (entryStat?.isFile() && MANIFEST.test(name))
        files.push({ path: entry, stamp: stampOf(entryStat) });
    }
  };
  await walk(directory, await stat(directory));
  files.sort((one, other) => (one.path < other.path ? -1 : 1));
  const stamp = files.map((file) => `${file.path} ${file.stamp}`).join('\n');
  return { files, directories, stamp, changedAtMs };
}

const stampOf = ({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string =>
  [dev, ino, size, mtimeMs, ctimeMs].join(' ');

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
