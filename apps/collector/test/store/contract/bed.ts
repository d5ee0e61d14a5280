// SPDX-License-Identifier: Apache-2.0
import type { RecordStore } from '../../../src/store/store.js';
import { workload } from '../traffic.js';

/** What a part of the contract is given: a store of its own for each test. */
export interface StoreBed {
  readonly store: RecordStore;
  /** Ids of the connections of a query, in their order. */
  ids(query?: Parameters<RecordStore['connections']>[0]): Promise<string[]>;
}

export const OTHER_STREAM = 'a07b00000000000000000000000000f9';

/* The workloads that every store is told of before a test. */
export const ORDERS = workload(1, { name: 'orders' });
export const PAYMENTS = workload(2, { name: 'payments' });
export const GUESS = workload(3, { name: '10.4.3.8', namespace: 'outside', kind: 'address', external: true });
export const AGENT = workload(4, { name: 'undermesh-agent', namespace: 'host', system: true });
