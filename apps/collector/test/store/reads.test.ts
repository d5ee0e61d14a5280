// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DuckdbStore } from '../../src/store/duckdb/duckdb-store.js';
import { batchOf, record } from './traffic.js';

const LINGER_MS = 3000;
let directory: string;
let store: DuckdbStore;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'undermesh-reads-'));
  store = new DuckdbStore({ directory, retentionSeconds: 1_000_000_000, lingerMs: LINGER_MS });
  await store.open();
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

let sequence = 0n;
/** Appends a frame with one end of a connection of its own. */
const append = (): Promise<string> => {
  const isn = Number(++sequence);
  const value = record({ socketCookie: sequence, clientIsn: isn, serverIsn: isn });
  return store.append(batchOf([{ value, local: 1, peer: 2 }], { sequence }));
};
const read = async (): Promise<number> => (await store.connections({})).items.length;

it('answers a read from all that was appended before it', async () => {
  await append();
  const pending = [append(), append()];
  expect(await read()).toBe(3);
  await Promise.all(pending);
});

it('commits for readers ten times a pause at most, and for many at once', async () => {
  await append();
  const begin = performance.now();
  for (let round = 0; round < 3; round++) {
    const pending = append();
    expect(await Promise.all([read(), read(), read()])).toEqual(Array(3).fill(round + 2));
    await pending;
  }
  expect(performance.now() - begin).toBeGreaterThan((3 * LINGER_MS) / 10 - 50);
});
