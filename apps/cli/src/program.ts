// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAgents } from './commands/agents.js';
import { addCompletion } from './commands/completion.js';
import { addConnections } from './commands/connections.js';
import { addDoctor } from './commands/doctor.js';
import { addEdges } from './commands/edges.js';
import { addEngine } from './commands/engine.js';
import { addExplain } from './commands/explain.js';
import { addRoutes } from './commands/routes.js';
import { addStatus } from './commands/status.js';
import { addSupportBundle } from './commands/support-bundle.js';
import { addTop } from './commands/top.js';
import type { Host } from './host.js';
import { addCommonOptions } from './options.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Width of help that goes elsewhere than to a terminal. */
const HELP_COLUMNS = 100;

/** The command line of `undermesh`. Parsing throws CommanderError for bad usage, after it has said what is wrong. */
export function createProgram(host: Host): Command {
  const program = new Command('undermesh')
    .description('Asks a collector what goes on in the mesh, and sets what its nodes steer by.')
    .version(version)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(undermesh COMMAND --help says what there is)')
    .configureOutput({
      writeOut: (text) => host.terminal.write(text),
      writeErr: (text) => {
        for (const line of text.trimEnd().split('\n')) host.terminal.note([line]);
      },
      getOutHelpWidth: () => host.terminal.columns ?? HELP_COLUMNS,
      getErrHelpWidth: () => host.terminal.columns ?? HELP_COLUMNS,
    })
    .exitOverride();
  addCommonOptions(program);
  addStatus(program, host);
  addTop(program, host);
  addEdges(program, host);
  addConnections(program, host);
  addExplain(program, host);
  addEngine(program, host);
  addRoutes(program, host);
  addAgents(program, host);
  addDoctor(program, host);
  addSupportBundle(program, host, version);
  addCompletion(program, host);
  return program;
}
