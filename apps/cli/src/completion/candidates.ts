// SPDX-License-Identifier: Apache-2.0
import { ENGINES } from '@undermesh/schema';
import type { Command, Option } from 'commander';
import { accessOf } from '../api/access.js';
import { Client } from '../api/client.js';
import { REASONS } from '../commands/connections.js';
import { fullName } from '../explain/find-workload.js';
import type { Host } from '../host.js';
import { printable } from '../output/line.js';
import { optionsOf, readTypedLine, type TypedLine } from './command-line.js';

/** One thing that may be typed. */
export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

/** What the shell should offer; `files`: leave it to the shell. */
export type Completion = readonly Candidate[] | 'files';

/** Longest wait for the collector: somebody holds the Tab key. */
const PATIENCE_MS = 2000;

/** Where names come from. */
type Source = 'workloads' | 'namespaces' | 'nodes' | 'services' | 'labels' | 'orders';
const SOURCE_OF_OPTION: Readonly<Record<string, Source>> = {
  '--source': 'workloads',
  '--destination': 'workloads',
  '--workload': 'workloads',
  '--namespace': 'namespaces',
  '--node': 'nodes',
  '--service': 'services',
  '--selector': 'labels',
};
/** Commands whose arguments are no workloads. */
const SOURCE_OF_ARGUMENT: Readonly<Record<string, Source>> = { set: 'orders' };
const VALUES_OF_OPTION: Readonly<Record<string, readonly string[]>> = {
  'connections --reason': REASONS,
  '--window': ['60s', '5m', '30m', '1h', '24h', '7d'],
};
const FILE_OPTIONS: ReadonlySet<string> = new Set(['--token-file', '--file', '--log', '--config']);
/** Options that take a list: the last of it is completed. */
const LISTS: ReadonlySet<string> = new Set([...Object.keys(SOURCE_OF_OPTION), '--reason']);

/** What may be typed at the end of these words. Asks the collector for names; without an answer there are none. */
export async function complete(program: Command, words: readonly string[], host: Host): Promise<Completion> {
  const line = readTypedLine(program, words);
  const { place, command } = line;
  switch (place.type) {
    case 'command':
      return starting(line.word, visibleCommands(command));
    case 'option':
      return starting(line.word, visibleOptions(command));
    case 'argument': {
      const { registeredArguments: known } = command;
      const argument = known[place.index] ?? known.find(({ variadic }) => variadic);
      if (argument === undefined) return [];
      const source = SOURCE_OF_ARGUMENT[command.name()] ?? 'workloads';
      const names = argument.argChoices ?? (await namesFrom(source, line, host));
      return starting(line.word, names.map(candidate));
    }
    case 'value':
      return valuesOf(place, line, host);
  }
}

async function valuesOf(
  { option, prefix }: { option: Option; prefix: string },
  line: TypedLine,
  host: Host,
): Promise<Completion> {
  const name = option.long ?? '';
  if (FILE_OPTIONS.has(name)) return 'files';
  const source = SOURCE_OF_OPTION[name];
  const values =
    option.argChoices ??
    VALUES_OF_OPTION[`${line.command.name()} ${name}`] ??
    VALUES_OF_OPTION[name] ??
    (source === undefined ? [] : await namesFrom(source, line, host));
  const comma = LISTS.has(name) ? line.word.lastIndexOf(',') + 1 : 0;
  const kept = line.word.slice(0, comma);
  return starting(line.word.slice(comma), values.map(candidate)).map(({ value }) => ({
    value: prefix + kept + value,
  }));
}

const candidate = (value: string): Candidate => ({ value });

const starting = (word: string, all: readonly Candidate[]): Candidate[] =>
  all.filter(({ value }) => value.startsWith(word));

const visibleCommands = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ value: one.name(), description: one.description() }));

const visibleOptions = (command: Command): Candidate[] => [
  ...optionsOf(command).map(({ long, description }) => ({ value: long ?? '', description })),
  { value: '--help', description: 'display help' },
];

async function namesFrom(source: Source, { values }: TypedLine, host: Host): Promise<string[]> {
  try {
    const client = new Client(
      accessOf({
        collector: values.get('--collector'),
        tokenFile: values.get('--token-file'),
        ca: values.get('--ca'),
        environment: host.environment,
      }),
    );
    const names = await ask(client, source);
    // A name that a terminal would act on is not put on anybody's command line.
    return [...new Set(names)].filter((name) => printable(name) === name).sort();
  } catch {
    return [];
  }
}

async function ask(client: Client, source: Source): Promise<string[]> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  switch (source) {
    case 'nodes':
      return (await client.get('nodes', {}, signal)).items.map(({ name }) => name);
    case 'services':
      return (await client.get('routes', { limit: 2000 }, signal)).items.flatMap(
        ({ service }) => service ?? [],
      );
    case 'labels':
    case 'orders': {
      const { items } = await client.get('engines', {}, signal);
      if (source === 'orders') return [...items.map(({ node }) => node), ...ENGINES];
      return items.flatMap(({ labels }) => Object.entries(labels).map(([key, value]) => `${key}=${value}`));
    }
    case 'workloads':
    case 'namespaces':
      break;
  }
  const { vertices } = await client.get('topology', { level: 'workload', maxVertices: 2000 }, signal);
  return vertices.map(source === 'namespaces' ? ({ namespace }) => namespace : fullName);
}
