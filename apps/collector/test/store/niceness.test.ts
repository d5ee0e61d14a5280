// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DuckdbStore } from '../../src/store/duckdb/duckdb-store.js';

/** Niceness of each of this process's threads, by its id: the 19th field of its line. */
function nicenesses(): Map<string, number> {
  const threads = new Map<string, number>();
  for (const id of readdirSync('/proc/self/task')) {
    try {
      const line = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
      threads.set(id, Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[16]));
    } catch {
      // It ended meanwhile.
    }
  }
  return threads;
}

it('files records on a thread that gives way to the one that answers', async () => {
  const before = nicenesses();
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-niceness-'));
  const store = new DuckdbStore({ directory });
  try {
    await store.open();
    const now = nicenesses();
    const started = [...now].filter(([id]) => !before.has(id)).map(([, nice]) => nice);
    expect(started).toContain(10);
    for (const [id, nice] of before) if (now.has(id)) expect(now.get(id)).toBe(nice);
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
