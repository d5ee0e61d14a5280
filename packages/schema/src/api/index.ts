// SPDX-License-Identifier: Apache-2.0
/**
 * The HTTP API under `/api/v1`. Times are RFC 3339 with milliseconds, in UTC. Durations and sizes carry their unit in
 * the name. A figure that is not known is `null` and never 0. A list is `{ items, next }`.
 */
export * from './connections.js';
export * from './live.js';
export * from './native.js';
export * from './nodes.js';
export * from './problem.js';
export * from './topology.js';
export * from './traffic.js';
export * from './window.js';
