// SPDX-License-Identifier: Apache-2.0
export * from './api/index.js';
export * from './base-path.js';
export * from './changes.js';
export * from './doctor.js';
export * from './engines.js';
export * from './frame.js';
export * from './joining.js';
export * from './latency.js';
export * from './messages.js';
export * from './names.js';
export * from './native.js';
export * from './routes.js';
export * from './support.js';
