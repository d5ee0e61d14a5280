// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '@undermesh/core';
import { Findings, ROUTES } from '@undermesh/schema';
import {
  Bundle,
  bundleSummary,
  defaultFile,
  isTaken,
  kept,
  logTail,
  MINUTES,
  parseMinutes,
  platform,
  reducedMetrics,
  STANDARD_OUTPUT,
  type WrittenBundle,
  wayTo,
} from '@undermesh/support';
import { type Command, InvalidArgumentError } from 'commander';
import type { Client } from '../api/client.js';
import { cliError } from '../errors.js';
import type { Host } from '../host.js';
import { clientOf } from '../options.js';
import { printJson } from '../output/json.js';
import { type DoctorOptions, findingsOfNode } from './doctor.js';

interface SupportOptions extends DoctorOptions {
  readonly file?: string;
  readonly minutes: number;
  readonly node?: string;
  readonly log?: string;
  readonly anonymise?: true;
}

/** The API gives no more changes at a time; older ones are of little use. */
const MOST_CHANGES = 1000;

/** Adds `undermesh support-bundle`. */
export function addSupportBundle(program: Command, host: Host, version: string): void {
  program
    .command('support-bundle')
    .description('write a file with all that a report on the mesh needs, and no secrets')
    .option(
      '--file <file>',
      'the file to write, - for standard output (default: undermesh-support-TIME.tar.gz)',
    )
    .option('--minutes <n>', 'how far changes and log lines go back', minutesOf, MINUTES.standard)
    .option('--node <name>', 'only this node')
    .option('--anonymise', 'replace names and addresses')
    .option('--log <file>', "the collector's log lines, where the journal does not have them")
    .option('--agent <program>', 'the agent that looks at this node', 'undermesh-agent')
    .option('--config <file>', "the agent's undermesh.yaml")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<SupportOptions>();
      const written = await writeBundle(options, host, version);
      const summary = bundleSummary(written);
      if (written.file === STANDARD_OUTPUT) for (const line of summary) host.terminal.note([line]);
      else if (options.output === 'json') printJson(host.terminal, written.manifest);
      else host.terminal.print(summary.map((line) => [line]));
    });
}

function minutesOf(text: string): number {
  const minutes = parseMinutes(text);
  if (minutes !== undefined) return minutes;
  throw new InvalidArgumentError(`Write a number from 1 to ${MINUTES.most}.`);
}

/** Asks the collector for everything; what it does not answer is noted in the bundle. Throws `bundle_unwritable`. */
async function writeBundle(options: SupportOptions, host: Host, version: string): Promise<WrittenBundle> {
  const { minutes, log, file = defaultFile('undermesh') } = options;
  if (isTaken(file)) throw cliError('bundle_unwritable', `${file} is there already.`);
  const client = clientOf(host, options);
  const bundle = new Bundle({ program: 'undermesh', version, anonymise: options.anonymise ?? false });
  const { redactor } = bundle;

  await bundle.add('versions.json', 'versions of this command and of what it runs on', () => ({
    undermesh: version,
    ...platform(),
  }));
  await bundle.add('names.json', 'how many nodes and workloads there are', () => learnNames(client, bundle));
  await bundle.add('status.json', 'nodes, the ledger of records, the store', async () =>
    whole(kept(ROUTES.status.answer, await client.get('status'), redactor)),
  );
  await addNodes(bundle, client, options);
  await bundle.add(
    'changes.json',
    `what changed in the last ${minutes} min, without who asked and why`,
    async () => {
      const query = { window: minutes * 60, limit: MOST_CHANGES, node: options.node };
      return whole(kept(ROUTES.changes.answer, await client.get('changes', query), redactor));
    },
  );
  await bundle.add('collector.json', 'the collector: versions, settings, files, disk', async () =>
    whole(kept(ROUTES.support.answer, await client.get('support'), redactor)),
  );
  await bundle.add('readiness.json', 'whether the collector is ready', async () => {
    const { status } = await client.text('readyz');
    return { status };
  });
  await bundle.add('metrics.prom', 'metrics of the collector itself', async () =>
    reducedMetrics((await client.text('metrics')).text, redactor),
  );
  await bundle.add('network.json', 'the way to the collector', () => wayTo(client.access.url.href, redactor));
  await bundle.add('doctor.json', "the doctor's report on this node, where it has an agent", async () =>
    whole(kept(Findings, await findingsOfNode(options, host), redactor)),
  );
  await bundle.add('log.jsonl', `log lines of the collector of the last ${minutes} min`, () =>
    logTail({ file: log, unit: 'undermesh-collector', minutes }, redactor),
  );
  try {
    return await bundle.write(file);
  } catch (error) {
    throw cliError('bundle_unwritable', `${file} cannot be written: ${messageOf(error)}.`, error);
  }
}

const whole = (value: unknown): object => value as object;

/** Tells the redactor what nodes, namespaces and workloads are called: these are no secrets. */
async function learnNames(client: Client, { redactor }: Bundle): Promise<object> {
  const { items } = await client.get('nodes');
  const { vertices } = await client.get('topology', { level: 'workload', maxVertices: 2000, system: true });
  for (const { name, cluster } of items) for (const one of [name, cluster]) redactor.name(one);
  for (const { namespace, name } of vertices) for (const one of [namespace, name]) redactor.name(one);
  return { nodes: items.length, workloads: vertices.length };
}

/** Nodes and their engines: all, or the one that was asked for. */
async function addNodes(bundle: Bundle, client: Client, { node }: SupportOptions): Promise<void> {
  const { redactor } = bundle;
  await bundle.add('nodes.json', 'kernels, hooks, maps, losses and waypoints of nodes', async () => {
    const { items } = await client.get('nodes');
    const wanted = items.filter(({ name }) => node === undefined || name === node);
    if (wanted.length === 0) throw new Error('the collector knows no node of this name');
    return whole(kept(ROUTES.nodes.answer, { items: wanted, next: null }, redactor));
  });
  await bundle.add('engines.json', 'engines desired and observed, drift, the change log', async () => {
    const engines = await client.get('engines');
    const items = engines.items.filter((one) => node === undefined || one.node === node);
    return whole(kept(ROUTES.engines.answer, { ...engines, items }, redactor));
  });
}
