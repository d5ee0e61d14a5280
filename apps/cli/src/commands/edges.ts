// SPDX-License-Identifier: Apache-2.0
import { type Edges, LEVELS, type Level, type Window } from '@undermesh/schema';
import { type Command, Option } from 'commander';
import type { Host } from '../host.js';
import { type CommonOptions, clientOf, limitOption, systemOption, windowOption } from '../options.js';
import { printJson } from '../output/json.js';
import type { Line } from '../output/line.js';
import { table } from '../output/table.js';
import { edgeColumns } from '../words/edge-columns.js';
import { formatSpan, formatTime, plural } from '../words/figures.js';
import { missingNodesLine } from '../words/missing-nodes.js';

interface EdgesOptions extends CommonOptions {
  readonly window: number;
  readonly level: Level;
  readonly order: 'worst' | 'busiest';
  readonly limit: number;
  readonly source?: string;
  readonly destination?: string;
  readonly namespace?: string;
  readonly system?: boolean;
  readonly legs?: boolean;
}

/** Adds `undermesh edges`. */
export function addEdges(program: Command, host: Host): void {
  program
    .command('edges')
    .description('who talks to whom: rates, failures and timing of each edge')
    .addOption(
      new Option('--order <order>', 'what comes first').choices(['worst', 'busiest']).default('worst'),
    )
    .addOption(new Option('--level <level>', 'between what').choices(LEVELS).default('workload'))
    .addOption(windowOption('30m'))
    .addOption(limitOption(50))
    .option(
      '--source <names>',
      'only from these: NAME, NAMESPACE/NAME, with or without @VERSION, comma-separated',
    )
    .option('--destination <names>', 'only to these')
    .option('--namespace <names>', 'only edges that touch these namespaces')
    .addOption(systemOption())
    .option('--legs', 'both legs of requests through waypoints as well, where joined edges tell all of them')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<EdgesOptions>();
      const { window, level, order, limit, source, destination, namespace, system, legs } = options;
      const query = { window, level, order, limit, source, destination, namespace, system, legs };
      const edges = await clientOf(host, options).get('edges', query);
      if (options.output === 'json') return printJson(host.terminal, edges);
      host.terminal.print(edgesLines(edges, { width: host.terminal.columns, now: Date.now() }));
    });
}

/** A table of edges with what qualifies it. `now`: Unix ms. */
export function edgesLines(edges: Edges, of: { width: number | null; now: number }): Line[] {
  const { items, window, next, missingNodes, hiddenLegs } = edges;
  const rows =
    items.length === 0
      ? [['No connections in this window: a longer --window or --system may show more.']]
      : table(edgeColumns(window, of.now, items), items, of.width);
  return [
    ...rows,
    [],
    [{ text: `${plural(items.length, 'edge')}, ${windowWords(window, of.now)}.`, style: 'dim' }],
    ...(hiddenLegs === 0
      ? []
      : [
          [
            {
              text: `${plural(hiddenLegs, 'leg')} to and from waypoints left out: the edges via these tell their requests. --legs shows them.`,
              style: 'dim' as const,
            },
          ],
        ]),
    ...(next === null
      ? []
      : [[{ text: 'More edges match: raise --limit, or filter.', style: 'dim' as const }]]),
    ...missingNodesLine(missingNodes),
  ];
}

/** `30 min up to 14:40:00, in steps of 10 s`. */
const windowWords = (window: Window, now: number): string =>
  `${formatSpan(window.seconds)} up to ${formatTime(window.to, now)}, in steps of ${formatSpan(window.resolutionSeconds)}`;
