// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { DuckdbStore } from '../../src/store/duckdb/duckdb-store.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import type { RecordStore } from '../../src/store/store.js';
import { describeStore } from './contract.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const KEEP_ALL = { retentionSeconds: 1_000_000_000 };

describeStore('memory', () => ({
  open: async () => new MemoryStore(KEEP_ALL),
  dispose: async () => {},
}));

describeStore('duckdb', () => {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-store-'));
  let store: RecordStore | undefined;
  return {
    open: async () => {
      store = new DuckdbStore({ directory, ...KEEP_ALL, lingerMs: 0 });
      await store.open();
      return store;
    },
    dispose: async () => {
      await store?.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
