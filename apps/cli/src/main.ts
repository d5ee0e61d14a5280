// SPDX-License-Identifier: Apache-2.0
import { messageOf, UndermeshError } from '@undermesh/core';
import { CommanderError } from 'commander';
import { environment } from './environment.js';
import { exitStatusOf } from './errors.js';
import type { Host } from './host.js';
import { processTerminal } from './output/terminal.js';
import { createProgram } from './program.js';

/** Runs one command line. Resolves with the exit status: 0 done, 1 the collector could not answer, 2 bad usage. */
export const main = (args: readonly string[]): Promise<number> =>
  runIn({ terminal: processTerminal(environment), environment }, args);

/** As {@link main}, in a terminal and environment of the caller's. */
export async function runIn(host: Host, args: readonly string[]): Promise<number> {
  try {
    await createProgram(host).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has written what is wrong by now; help and version end with status 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const code = error instanceof UndermeshError ? ` (${error.code})` : '';
    host.terminal.note([{ text: `undermesh: ${messageOf(error)}${code}`, style: 'red' }]);
    return exitStatusOf(error);
  }
}
