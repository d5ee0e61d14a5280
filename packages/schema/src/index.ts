// SPDX-License-Identifier: Apache-2.0
export * from './api.js';
export * from './frame.js';
export * from './messages.js';
export * from './names.js';
