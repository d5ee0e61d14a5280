// SPDX-License-Identifier: Apache-2.0
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, setLogLevel } from '@undermesh/core';
import { onTestFinished } from 'vitest';
import { ManifestSource } from '../src/index.js';

setLogLevel('silent');

export const FIXTURES = join(import.meta.dirname, 'fixtures');

/** A directory of its own, with a copy of the fixture `shop` unless it is to be empty. */
export function meshDirectory(from: 'shop' | 'empty' = 'shop'): string {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-manifests-'));
  if (from === 'shop') cpSync(join(FIXTURES, from), directory, { recursive: true });
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A started source; without watching by the clock unless asked for. */
export async function startedSource(directory: string, pollMs = 3_600_000): Promise<ManifestSource> {
  const source = new ManifestSource({ directory, log: createLogger('mesh'), settleMs: 20, pollMs });
  onTestFinished(() => source.stop());
  await source.start();
  return source;
}
