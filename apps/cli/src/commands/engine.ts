// SPDX-License-Identifier: Apache-2.0
import type { Engines } from '@undermesh/schema';
import type { Command } from 'commander';
import type { Host } from '../host.js';
import { type CommonOptions, clientOf } from '../options.js';
import { printJson } from '../output/json.js';
import type { Line } from '../output/line.js';
import { table } from '../output/table.js';
import { engineColumns } from '../words/engine-columns.js';
import { plural } from '../words/figures.js';
import { addEngineSet } from './engine-set.js';

/** Adds `undermesh engine`, and `undermesh engine set` below it. */
export function addEngine(program: Command, host: Host): void {
  const engine = program
    .command('engine')
    .description('what steers traffic on each node: desired, read back from its kernel, draining')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const engines = await clientOf(host, options).get('engines');
      if (options.output === 'json') return printJson(host.terminal, engines);
      host.terminal.print(engineLines(engines, { width: host.terminal.columns, now: Date.now() }));
    });
  addEngineSet(engine, host);
}

/** A line for each node, what holds nodes up, and whether the change log is whole. `now`: Unix ms. */
export function engineLines(
  { items, chain }: Engines,
  of: { readonly width: number | null; readonly now: number },
): Line[] {
  if (items.length === 0) return [['No agent has reported yet.']];
  const details = items.flatMap(({ node, engine }): Line[] =>
    engine.detail === null ? [] : [[{ text: `${node}: ${engine.detail}`, style: 'yellow' }]],
  );
  const breaks = chain.breaks.map(
    ({ change, detail }): Line => [{ text: `▲ Change log, #${change}: ${detail}`, style: 'yellow' }],
  );
  return [
    ...table(engineColumns(of.now), items, of.width),
    ...(details.length === 0 ? [] : [[], ...details]),
    [],
    [{ text: `${plural(items.length, 'node')}. Change log verified to #${chain.verifiedTo}.`, style: 'dim' }],
    ...breaks,
  ];
}
