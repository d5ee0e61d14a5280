// SPDX-License-Identifier: Apache-2.0
import type { Terminal } from './output/terminal.js';

/** What a command line runs in. */
export interface Host {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
}
