// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BufferPool } from '../../src/buffer-pool.js';
import { DuckdbEngine } from '../../src/store/duckdb/engine.js';
import { packFrame } from '../../src/store/duckdb/frame-layout.js';
import { duckdbOptions } from '../../src/store/duckdb/options.js';
import { SegmentWriter } from '../../src/store/duckdb/segment-writer.js';
import { batchOf, record } from './traffic.js';

/** Longer than a page waits. */
const SLOW_MS = 1_500;

let directory: string;
let engine: DuckdbEngine;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'undermesh-filing-'));
  engine = new DuckdbEngine(duckdbOptions({ directory, retentionSeconds: 1_000_000_000 }));
  await engine.open();
  const batch = batchOf([{ value: record(), local: 1, peer: 2 }], { sequence: 1n });
  await engine.append({ frames: [packFrame(batch, new BufferPool())], workloads: [] });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

function slowly(): void {
  const { commit } = SegmentWriter.prototype;
  vi.spyOn(SegmentWriter.prototype, 'commit').mockImplementation(async function (
    this: SegmentWriter,
    ...given
  ) {
    await pause(SLOW_MS);
    return commit.apply(this, given);
  });
}

it('has an export wait for what is being filed, and a page not', async () => {
  slowly();
  const [page, all] = await Promise.all([
    engine.connections({ state: 'ended' }),
    engine.connections({ state: 'ended', format: 'ndjson' }),
  ]);
  expect(page.items).toHaveLength(0);
  expect(all.items).toHaveLength(1);
  expect((await engine.connections({ state: 'ended' })).items).toHaveLength(1);
});

it('fails an export that would miss what cannot be filed, and says why', async () => {
  vi.spyOn(SegmentWriter.prototype, 'commit').mockRejectedValue(new Error('No space left on device'));
  await expect(engine.connections({ state: 'ended', format: 'csv' })).rejects.toMatchObject({
    code: 'store_full',
    message: expect.stringContaining('cannot file what is in the journal'),
  });
  vi.restoreAllMocks();
  expect((await engine.connections({ state: 'ended', format: 'csv' })).items).toHaveLength(1);
});
