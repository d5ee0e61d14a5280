// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe } from 'vitest';
import type { RecordStore } from '../../src/store/store.js';
import { AGENT, GUESS, ORDERS, PAYMENTS, type StoreBed } from './contract/bed.js';
import { describeEnds } from './contract/ends.js';
import { describeFrames } from './contract/frames.js';
import { describeLatency } from './contract/latency.js';
import { describeQueries } from './contract/queries.js';
import { describeReplay } from './contract/replay.js';
import { describeRequests } from './contract/requests.js';

export interface StoreUnderTest {
  open(): Promise<RecordStore>;
  /** Frees what open made. */
  dispose(): Promise<void>;
}

/** What every driver must do. */
export function describeStore(name: string, make: () => StoreUnderTest): void {
  describe(`store contract: ${name}`, () => {
    let made: StoreUnderTest;
    let store: RecordStore;
    beforeEach(async () => {
      made = make();
      store = await made.open();
      store.putWorkloads([ORDERS, PAYMENTS, GUESS, AGENT]);
    });
    afterEach(() => made.dispose());

    const bed: StoreBed = {
      get store() {
        return store;
      },
      ids: async (query = {}) => (await store.connections(query)).items.map(({ id }) => id),
    };
    describeFrames(bed);
    describeEnds(bed);
    describeQueries(bed);
    describeReplay(bed);
    describeLatency(bed);
    describeRequests(bed);
  });
}
