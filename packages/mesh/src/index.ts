// SPDX-License-Identifier: Apache-2.0
export * from './model.js';
export * from './problem.js';
export * from './source.js';
