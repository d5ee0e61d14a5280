// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises';
import { UndermeshError } from '@undermesh/core';
import { ENGINES, type Engine, type Engines, type NodeEngine } from '@undermesh/schema';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Client } from '../api/client.js';
import { cliError } from '../errors.js';
import type { Host } from '../host.js';
import { type CommonOptions, clientOf } from '../options.js';
import { printJson } from '../output/json.js';
import { table } from '../output/table.js';
import { engineColumns } from '../words/engine-columns.js';
import { listed } from '../words/figures.js';

const LOOK_MS = 100;

interface SetOptions extends CommonOptions {
  readonly reason: string;
  readonly all?: boolean;
  readonly selector?: readonly (readonly [key: string, value: string | undefined])[];
  readonly wait?: boolean;
  readonly timeout: number;
}

/** Adds `undermesh engine set`. */
export function addEngineSet(engine: Command, host: Host): void {
  engine
    .command('set')
    .description('have nodes steer by another engine; needs the operator token')
    .usage('[options] [node...] <engine>')
    .argument('<names...>', `nodes, then the engine: ${ENGINES.join(', ')}`)
    .requiredOption('--reason <text>', 'why; it goes into the change log')
    .option('--all', 'every node')
    .addOption(
      new Option('--selector <labels>', 'nodes with these labels: KEY=VALUE or KEY, comma-separated')
        .argParser(parseSelector)
        .conflicts('all'),
    )
    .option('--wait', 'until the kernels of all of them say so')
    .addOption(
      new Option('--timeout <seconds>', 'wait no longer than this').argParser(parseSeconds).default(30),
    )
    .action(async (names: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<SetOptions>();
      const { desired, named } = readNames(names, options);
      const client = clientOf(host, options);
      const nodes = named.length > 0 ? named : await selected(client, options.selector ?? []);
      await give(client, { nodes, engine: desired, options, host });
      if (options.wait === true) await untilInForce(client, nodes, options.timeout);
      const engines = await client.get('engines');
      const items = engines.items.filter(({ node }) => nodes.includes(node));
      if (options.output === 'json') return printJson(host.terminal, { ...engines, items });
      host.terminal.print(table(engineColumns(Date.now()), items, host.terminal.columns));
    });
}

/** `pool=general,canary` as pairs; without a value any will do. */
function parseSelector(text: string): [string, string | undefined][] {
  return text.split(',').map((part) => {
    const [, key = '', value] = /^([^=,\s]+)(?:=([^=,\s]*))?$/.exec(part) ?? [];
    if (key === '') throw new InvalidArgumentError('Write labels as KEY=VALUE or KEY, comma-separated.');
    return [key, value];
  });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 3600)) throw new InvalidArgumentError('Write seconds, up to 3600.');
  return seconds;
}

function readNames(names: readonly string[], options: SetOptions): { desired: Engine; named: string[] } {
  const last = names.at(-1) ?? '';
  const desired = ENGINES.find((name) => name === last);
  if (desired === undefined) {
    throw cliError('usage_invalid', `'${last}' is no engine: the last word is one of ${listed(ENGINES)}.`);
  }
  if (options.reason.trim() === '') throw cliError('usage_invalid', '--reason is empty: say why.');
  const named = [...new Set(names.slice(0, -1))];
  const bySelection = options.all === true || options.selector !== undefined;
  if (bySelection === named.length > 0) {
    throw cliError('usage_invalid', 'Name nodes, or take --all or --selector: one of them.');
  }
  return { desired, named };
}

async function selected(client: Client, selector: NonNullable<SetOptions['selector']>): Promise<string[]> {
  const { items } = await client.get('engines');
  const nodes = items.filter(({ state }) => state !== 'never');
  const matching = nodes.filter(({ labels }) =>
    selector.every(([key, value]) => (value === undefined ? key in labels : labels[key] === value)),
  );
  if (matching.length === 0) throw cliError('no_node_matches', 'No node matches.');
  return matching.map(({ node }) => node);
}

/** Gives the order to each; a single refusal is thrown as it is, those of several are told and summed up. */
async function give(
  client: Client,
  of: { nodes: readonly string[]; engine: Engine; options: SetOptions; host: Host },
): Promise<void> {
  const { nodes, engine, options, host } = of;
  let refused = 0;
  for (const node of nodes) {
    try {
      await client.setEngine(node, { engine, reason: options.reason });
    } catch (error) {
      const isAnswer = error instanceof UndermeshError && error.code !== 'unreachable';
      if (nodes.length === 1 || !isAnswer) throw error;
      refused++;
      host.terminal.note([{ text: `${node}: ${error.message} (${error.code})`, style: 'red' }]);
    }
  }
  if (refused > 0) {
    throw cliError('orders_refused', `${refused} of ${nodes.length} nodes did not take the order.`);
  }
}

async function untilInForce(client: Client, nodes: readonly string[], seconds: number): Promise<void> {
  const until = performance.now() + seconds * 1000;
  for (;;) {
    const left = missing(await client.get('engines'), nodes);
    if (left.length === 0) return;
    const hopeless = left.filter(({ engine }) => engine.state === 'unavailable');
    if (hopeless.length > 0 || performance.now() >= until) {
      const [first] = hopeless.length > 0 ? hopeless : left;
      throw cliError(
        'engine_not_in_force',
        `${listed(left.map(({ node }) => node))} ${left.length === 1 ? 'does' : 'do'} not run it yet${first === undefined ? '' : whyNot(first.engine)}.`,
      );
    }
    await pause(LOOK_MS);
  }
}

const missing = ({ items }: Engines, nodes: readonly string[]): Engines['items'] =>
  items.filter(({ node, engine }) => nodes.includes(node) && engine.state !== 'in-force');

const whyNot = ({ detail, state }: NodeEngine): string =>
  ` (${detail === null ? state : detail.replace(/\.$/, '')})`;
