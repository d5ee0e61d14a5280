// SPDX-License-Identifier: Apache-2.0
import { CLOSE_REASONS, type Connections, type ConnectionsQuery, FAILURE_REASONS } from '@undermesh/schema';
import { type Command, Option } from 'commander';
import type { Query } from '../api/client.js';
import { cliError } from '../errors.js';
import type { Host } from '../host.js';
import {
  type CommonOptions,
  clientOf,
  limitOption,
  parseAmong,
  parsePorts,
  parseWindow,
  systemOption,
} from '../options.js';
import { printJson } from '../output/json.js';
import type { Line } from '../output/line.js';
import { table } from '../output/table.js';
import { connectionColumns } from '../words/connection-columns.js';
import { formatNumber, plural } from '../words/figures.js';
import { followConnections } from './follow.js';

export const STATES = ['all', 'open', 'closed', 'failed', 'ended'] as const;
/** Every reason for which a connection can end or fail. */
export const REASONS = [...new Set([...FAILURE_REASONS, ...CLOSE_REASONS])];

interface ConnectionsOptions extends CommonOptions {
  readonly state: (typeof STATES)[number];
  readonly source?: string;
  readonly destination?: string;
  readonly workload?: string;
  readonly namespace?: string;
  readonly node?: string;
  readonly address?: string;
  readonly port?: string;
  readonly process?: string;
  readonly reason?: string;
  readonly system?: boolean;
  readonly window?: number;
  readonly limit: number;
  readonly follow?: boolean;
}

/** Adds `undermesh connections`. */
export function addConnections(program: Command, host: Host): void {
  program
    .command('connections')
    .description('single connections, newest first; with --follow as they open, end and fail')
    .option('-f, --follow', 'go on as connections open, end and fail')
    .addOption(new Option('--state <state>', 'ended: closed or failed').choices(STATES).default('all'))
    .option(
      '--source <names>',
      'only from these: NAME, NAMESPACE/NAME, with or without @VERSION, comma-separated',
    )
    .option('--destination <names>', 'only to these')
    .option('--workload <names>', 'only with these on either side')
    .option('--namespace <names>', 'only with these namespaces on either side')
    .option('--node <names>', 'only with these nodes on either side')
    .option('--address <addresses>', 'only with these addresses on either side')
    .option('--port <ports>', 'only to these destination ports', parsePorts)
    .option('--process <names>', 'only with these processes on either side')
    .addOption(
      new Option('--reason <reasons>', `only those that ended so: ${REASONS.join(', ')}`).argParser(
        parseAmong(REASONS),
      ),
    )
    .addOption(
      new Option('--window <span>', 'only those that ended so lately, e.g. 90s, 30m, 24h').argParser(
        parseWindow,
      ),
    )
    .addOption(limitOption(50))
    .addOption(systemOption())
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<ConnectionsOptions>();
      const { window, limit, output } = options;
      const { terminal } = host;
      const client = clientOf(host, options);
      if (options.follow === true) {
        if (window !== undefined) {
          throw cliError('usage_invalid', '--window looks back and --follow ahead: take one of them.');
        }
        const isLimited = command.getOptionValueSource('limit') === 'cli';
        const query = filtersOf(options);
        return followConnections(client, { terminal, output, query, limit: isLimited ? limit : null });
      }
      const answer = await client.get('connections', { ...filtersOf(options), window, limit });
      if (output === 'json') return printJson(terminal, answer);
      terminal.print(connectionsLines(answer, { width: terminal.columns, now: Date.now() }));
    });
}

function filtersOf(options: ConnectionsOptions): Query & ConnectionsQuery {
  const { state, source, destination, workload, namespace, node, address, port, process, reason, system } =
    options;
  const all = {
    state,
    source,
    destination,
    workload,
    namespace,
    node,
    address,
    port,
    process,
    reason,
    system,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** A table of connections with what qualifies it. `now`: Unix ms. */
export function connectionsLines(answer: Connections, of: { width: number | null; now: number }): Line[] {
  const { items, matched, next } = answer;
  if (items.length === 0) return [['No connection matches.']];
  const count =
    next === null
      ? `${plural(items.length, 'connection')}.`
      : `The newest ${formatNumber(items.length)} of ${matched === null ? 'many' : formatNumber(matched)} connections: raise --limit, or filter.`;
  return [...table(connectionColumns(of.now), items, of.width), [], [{ text: count, style: 'dim' }]];
}
