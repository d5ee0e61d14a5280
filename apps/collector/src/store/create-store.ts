// SPDX-License-Identifier: Apache-2.0
import { DuckdbStore } from './duckdb/duckdb-store.js';
import type { DuckdbOptions } from './duckdb/options.js';
import { MemoryStore, type MemoryStoreOptions } from './memory-store.js';
import type { RecordStore } from './store.js';

export type StoreChoice =
  | ({ readonly driver: 'duckdb' } & Pick<DuckdbOptions, 'directory'> & Partial<DuckdbOptions>)
  | ({ readonly driver: 'memory' } & Partial<MemoryStoreOptions>);

/** Makes the store of a driver; it must still be opened. */
export function createStore(choice: StoreChoice): RecordStore {
  switch (choice.driver) {
    case 'duckdb': {
      const { driver: _, ...options } = choice;
      return new DuckdbStore(options);
    }
    case 'memory': {
      const { driver: _, ...options } = choice;
      return new MemoryStore(options);
    }
  }
}
