// SPDX-License-Identifier: Apache-2.0
export { Collector, type CollectorOptions } from './collector.js';
export { CollectorConfig, readConfig } from './config.js';
export { COLLECTOR_ERRORS, CollectorError, type CollectorErrorCode } from './errors.js';
export { MemoryStore } from './store/memory-store.js';
export type { RecordBatch, RecordStore } from './store/store.js';
