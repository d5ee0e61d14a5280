// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../src/program.js';
import { testTerminal } from './terminal.js';

const documented = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
const program = createProgram({ terminal: testTerminal(), environment: {} });
const commands = program
  .createHelp()
  .visibleCommands(program)
  .filter((command) => command.name() !== 'help');
const below = commands.flatMap((command) => command.commands);
const options = [program, ...commands, ...below].flatMap((command) =>
  command.options.map((option) => option.long ?? ''),
);

describe('docs/cli.md', () => {
  it.each(commands.map((command) => command.name()))('has the command %s', (name) => {
    expect(documented).toMatch(new RegExp(`^\\| \`${name}[\` ]`, 'm'));
  });

  it.each([...new Set(options)].filter((option) => option !== '--version'))('has the option %s', (option) => {
    expect(documented).toMatch(new RegExp(`\`${option}[\` ]`));
  });
});
