// SPDX-License-Identifier: Apache-2.0
export * from './engine-agent.js';
export * from './fake-agent.js';
export * from './legs.js';
export * from './records.js';
