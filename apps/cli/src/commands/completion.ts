// SPDX-License-Identifier: Apache-2.0
import { Argument, type Command } from 'commander';
import { complete } from '../completion/candidates.js';
import { COMPLETE_COMMAND, FILES, SCRIPTS, SHELLS, type Shell } from '../completion/scripts.js';
import type { Host } from '../host.js';

/** Adds `undermesh completion`, and the hidden command that its scripts call. */
export function addCompletion(program: Command, host: Host): void {
  program
    .command('completion')
    .description('print a script that teaches the shell to complete commands, options and names')
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    .action((shell: Shell) => host.terminal.write(SCRIPTS[shell]));

  program
    .command(COMPLETE_COMMAND, { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const completion = await complete(program, words, host);
      const lines =
        completion === 'files'
          ? [FILES]
          : completion.map(({ value, description }) =>
              description === undefined ? value : `${value}\t${description}`,
            );
      host.terminal.write(lines.map((line) => `${line}\n`).join(''));
    });
}
