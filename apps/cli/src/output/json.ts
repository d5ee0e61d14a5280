// SPDX-License-Identifier: Apache-2.0
import type { Terminal } from './terminal.js';

/** An answer as the API gave it. */
export const printJson = (terminal: Terminal, answer: unknown): void =>
  terminal.write(`${JSON.stringify(answer, null, 2)}\n`);
