// SPDX-License-Identifier: Apache-2.0
import type { NativeNode, Routes } from '@undermesh/schema';
import type { Command } from 'commander';
import type { Host } from '../host.js';
import { type CommonOptions, clientOf, limitOption } from '../options.js';
import { printJson } from '../output/json.js';
import type { Line } from '../output/line.js';
import { table } from '../output/table.js';
import { formatNumber, plural } from '../words/figures.js';
import { ROUTE_COLUMNS, routeRows } from '../words/route-columns.js';

interface RoutesOptions extends CommonOptions {
  readonly node?: string;
  readonly service?: string;
  readonly limit: number;
}

/** Adds `undermesh routes`. */
export function addRoutes(program: Command, host: Host): void {
  program
    .command('routes')
    .description(
      'routes that kernels choose by: hits, shares of weight, refusals, and what they could not choose for',
    )
    .option('--node <names>', 'only what these nodes tell, comma-separated')
    .option('--service <names>', 'only routes of these services or waypoints: NAME or NAMESPACE/NAME')
    .addOption(limitOption(200))
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<RoutesOptions>();
      const { node, service, limit } = options;
      const routes = await clientOf(host, options).get('routes', { node, service, limit });
      if (options.output === 'json') return printJson(host.terminal, routes);
      host.terminal.print(routesLines(routes, host.terminal.columns));
    });
}

/** A table of routes, then each node's module, fallbacks and services that it cannot choose for. */
export function routesLines({ items, next, total, nodes }: Routes, width: number | null): Line[] {
  if (nodes.length === 0 && items.length === 0) return [['No node tells of routes in its kernel.']];
  return [
    ...(items.length === 0 ? [['No route matches.']] : table(ROUTE_COLUMNS, routeRows(items), width)),
    [],
    [
      {
        text: `${plural(items.length, 'route')}${next === null ? '' : ` of ${formatNumber(total)}: raise --limit, or filter`}. Shares and rates are of the last minute.`,
        style: 'dim',
      },
    ],
    ...nodes.flatMap(nodeLines),
  ];
}

function nodeLines({
  node,
  engine,
  state,
  module,
  fallbacks,
  notExpressible,
  notExpressibleTotal,
}: NativeNode): Line[] {
  const version = module.version === null ? '' : ` ${module.version}`;
  const said = module.problem ?? (module.loaded ? `module${version} is loaded` : 'the module is not loaded');
  const there = fallbacks.filter(({ count }) => count > 0);
  const untold = notExpressibleTotal - notExpressible.length;
  return [
    [],
    [
      { text: node, style: 'bold' },
      ` ${engine ?? 'engine unknown'}${state === 'reporting' ? '' : `, ${state}`}: `,
      module.problem === null ? said : { text: said, style: 'yellow' },
    ],
    ...(there.length === 0
      ? []
      : [
          [
            `  without a choice by route: ${there.map(({ reason, count }) => `${reason} ${formatNumber(count)}`).join(', ')}`,
          ],
        ]),
    ...notExpressible.map(
      ({ service, reason }): Line => [
        { text: `  ▲ cannot choose for ${service}: ${reason}`, style: 'yellow' },
      ],
    ),
    ...(untold > 0 ? [[`  and ${plural(untold, 'more service')} that it cannot choose for`]] : []),
  ];
}
