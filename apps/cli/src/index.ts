// SPDX-License-Identifier: Apache-2.0
export { CLI_ERRORS, type CliErrorCode } from './errors.js';
export { main } from './main.js';
export { createProgram } from './program.js';
