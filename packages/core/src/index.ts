// SPDX-License-Identifier: Apache-2.0
export * from './ask.js';
export * from './authority.js';
export * from './backoff.js';
export * from './config.js';
export * from './config-keys.js';
export * from './durable-file.js';
export * from './errors.js';
export * from './heap.js';
export * from './lifecycle.js';
export * from './logger.js';
