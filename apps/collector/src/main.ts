// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createLogger, Lifecycle, messageOf, setLogLevel, UndermeshError } from '@undermesh/core';
import { Collector } from './collector.js';
import { type CollectorConfig, readConfig } from './config.js';
import { makeSharedLog } from './control/cluster/make.js';
import { Credentials } from './control/credentials.js';
import { OperatorToken } from './control/operator-token.js';
import { startOtel } from './export/otel.js';
import { createStore } from './store/create-store.js';
import type { RecordStore } from './store/store.js';
import { authorityText } from './tls/command.js';
import { VERSION } from './version.js';

const USAGE = `Usage: undermesh-collector [command] [options]

Commands
  (none)                       run the collector
  credential --node NAME       make an agent's credential, bound to that node; replaces its former one
             [--out FILE]      write it to FILE (mode 0600) instead of printing it
  authority                    print who vouches for this collector, for --ca of undermesh and caFile of agents
  token reset                  make a new operator token; the former one and all sessions are void
        [--name NAME]          whose it is, for the change log (default operator)

Options
  --config FILE                configuration, section "collector:" (default /etc/undermesh/undermesh.yaml)
  --data DIR                   where everything is kept (default /var/lib/undermesh/collector)
  --listen ADDRESS             address to listen on (default 127.0.0.1)
  --port N                     port to listen on (default 7070)
  --version, --help
`;

const OPTIONS = {
  config: { type: 'string' },
  data: { type: 'string' },
  listen: { type: 'string' },
  port: { type: 'string' },
  node: { type: 'string' },
  name: { type: 'string' },
  out: { type: 'string' },
  supervised: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Runs one command line. Resolves with the exit status. */
export async function main(args: string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    const code = error instanceof UndermeshError ? ` (${error.code})` : '';
    process.stderr.write(`undermesh-collector: ${messageOf(error)}${code}\n`);
    return 1;
  }
}

async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  if (values.help === true) return print(USAGE);
  if (values.version === true) return print(`${VERSION}\n`);
  const { config, environment } = readConfig({
    file: values.config,
    flags: { data: values.data, 'listen.address': values.listen, 'listen.port': values.port },
  });
  switch (positionals.join(' ')) {
    case '': {
      setLogLevel(config.log.level);
      return serve(config, {
        ...environment,
        supervised: environment.supervised || values.supervised === true,
      });
    }
    case 'credential':
      return makeCredential(config, { node: values.node, out: values.out });
    case 'authority':
      return print(await authorityText(config));
    case 'token reset':
      return print(`UNDERMESH_TOKEN=${new OperatorToken(config.data).reset(values.name)}\n`);
    default:
      process.stderr.write(USAGE);
      return 2;
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function makeCredential(
  config: CollectorConfig,
  options: { node: string | undefined; out: string | undefined },
): number {
  if (options.node === undefined) {
    process.stderr.write('undermesh-collector: credential needs --node NAME\n');
    return 2;
  }
  const credential = new Credentials(config.data).create(options.node);
  if (options.out === undefined) return print(`${credential}\n`);
  writeFileSync(options.out, `${credential}\n`, { mode: 0o600 });
  return 0;
}

function storeOf({ data, store }: CollectorConfig): RecordStore {
  const { driver, retentionSeconds, maxBytes } = store;
  return driver === 'memory'
    ? createStore({ driver, retentionSeconds })
    : createStore({
        driver,
        directory: join(data, 'records'),
        retentionSeconds,
        ...(maxBytes === 0 ? {} : { maxBytes }),
      });
}

async function serve(
  config: CollectorConfig,
  environment: ReturnType<typeof readConfig>['environment'],
): Promise<number> {
  const log = createLogger('main');
  const lifecycle = new Lifecycle({ log, supervised: environment.supervised, stopTimeoutMs: 30_000 });
  const control = await makeSharedLog(config.control);
  const collector = new Collector({ config, store: storeOf(config), control });
  const otel = startOtel(environment.otel, collector);
  lifecycle.add({
    name: 'token',
    start() {
      const token = collector.token.ensure();
      if (token !== null) print(`UNDERMESH_TOKEN=${token}\n`);
    },
  });
  lifecycle.add(otel);
  lifecycle.add({
    name: 'collector',
    start: async () => {
      await collector.start();
    },
    stop: () => collector.stop(),
  });
  await lifecycle.run();
  return 0;
}
