// SPDX-License-Identifier: Apache-2.0
export * from './fake-agent.js';
export * from './records.js';
