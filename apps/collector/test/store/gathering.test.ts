// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DuckdbStore } from '../../src/store/duckdb/duckdb-store.js';
import { batchOf, record } from './traffic.js';

const ends = (rows: number) =>
  Array.from({ length: rows }, (_, at) => ({
    value: record({ socketCookie: BigInt(at), clientIsn: 1 + at, serverIsn: 1 + at }),
    local: 1,
    peer: 2,
  }));

// Frames that only tell of openings hold no ends. Each one's position has to become durable all the same, or the agent
// is made to wait.
it.each([
  ['without ends', Array.from({ length: 12 }, () => 0)],
  ['with ends and without', [0, 3, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]],
])('takes all frames that wait in one transaction: %s', async (_, counts) => {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-gathering-'));
  const lingerMs = 400;
  const store = new DuckdbStore({ directory, retentionSeconds: 1_000_000_000, lingerMs });
  try {
    await store.open();
    const frames = counts.map((count, at) => batchOf(ends(count), { sequence: BigInt(at + 1) }));
    const begin = performance.now();
    await Promise.all(frames.map((frame) => store.append(frame)));
    // The first at once, the others together after one pause, not after one each.
    expect(performance.now() - begin).toBeLessThan(6 * lingerMs);
    expect(await store.positions()).toMatchObject([{ sequence: 12n }]);
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
