// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files of one benchmark. */
export interface Scratch {
  readonly path: string;
  remove(): void;
}

/** Makes a directory that is removed by {@link Scratch.remove}, or at the latest with this process, interrupted or not. */
export function makeScratch(): Scratch {
  const path = mkdtempSync(join(tmpdir(), 'undermesh-bench-'));
  return { path, remove: removedAtExit(path) };
}

/** Has something removed with this process; the function that is returned removes it earlier. */
export function removedAtExit(path: string): () => void {
  const remove = () => rmSync(path, { recursive: true, force: true });
  process.once('exit', remove);
  return () => {
    process.off('exit', remove);
    remove();
  };
}
