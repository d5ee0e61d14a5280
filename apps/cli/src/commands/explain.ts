// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import { type Facts, gatherFacts } from '../explain/facts.js';
import { fullName } from '../explain/find-workload.js';
import { story } from '../explain/story.js';
import { tables } from '../explain/tables.js';
import type { Host } from '../host.js';
import { type CommonOptions, clientOf, windowOption } from '../options.js';
import { printJson } from '../output/json.js';
import type { Line } from '../output/line.js';
import { prose, type Terminal } from '../output/terminal.js';

interface ExplainOptions extends CommonOptions {
  readonly window: number;
}

/** Adds `undermesh explain`. */
export function addExplain(program: Command, host: Host): void {
  program
    .command('explain')
    .description('what is known between two workloads: traffic, failures, where time goes, path')
    .argument('<source>', 'NAME, NAMESPACE/NAME or NAMESPACE/NAME@VERSION of who calls')
    .argument('<destination>', 'of who is called')
    .addOption(windowOption('30m'))
    .action(async (source: string, destination: string, _options, command: Command) => {
      const options = command.optsWithGlobals<ExplainOptions>();
      const { terminal } = host;
      const facts = await gatherFacts(clientOf(host, options), {
        source,
        destination,
        window: options.window,
      });
      if (options.output === 'json') return printJson(terminal, facts);
      terminal.print(explainLines(facts, terminal, Date.now()));
    });
}

/** Sentences first, then the tables they rest on. `now`: Unix ms. */
export const explainLines = (facts: Facts, terminal: Terminal, now: number): Line[] => [
  [{ text: `${fullName(facts.source)} → ${fullName(facts.destination)}`, style: 'bold' }],
  [],
  ...story(facts, now).flatMap((sentence) => prose(terminal, [sentence])),
  ...tables(facts, { width: terminal.columns, now }),
];
