// SPDX-License-Identifier: Apache-2.0
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

const MODE = 0o600;
const draftOf = (path: string): string => `${path}.new`;

/**
 * Replaces a small file, readable by its owner only: the old or the new one is there at any moment, and the new one
 * after a power cut. Rejects with what the file system says. One call at a time per file.
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  const draft = draftOf(path);
  const file = await open(draft, 'w', MODE);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** {@link replaceFile} for starts and stops, where there is nothing else to do meanwhile. Throws what the file system says. */
export function replaceFileSync(path: string, content: string): void {
  const draft = draftOf(path);
  syncedSync(draft, 'w', (file) => writeFileSync(file, content));
  renameSync(draft, path);
  syncedSync(dirname(path), 'r', () => {});
}

function syncedSync(path: string, flags: 'r' | 'w', work: (file: number) => void): void {
  const file = openSync(path, flags, MODE);
  try {
    work(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
