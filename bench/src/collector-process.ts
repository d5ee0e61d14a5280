// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Testbed } from './testbed.js';

const at = (path: string): string => fileURLToPath(new URL(`../../apps/collector/${path}`, import.meta.url));
const program = at('bin/undermesh-collector.mjs');

/** Whether the collector has been built. */
export const isCollectorBuilt = (): boolean => existsSync(program) && existsSync(at('dist/main.js'));

/** A collector that runs. */
export interface RunningCollector {
  readonly child: ChildProcess;
  readonly port: number;
  /** Where its records are. */
  readonly data: string;
}

/** Where a collector runs and what it is given. */
export interface CollectorPlace {
  readonly testbed: Testbed;
  readonly cgroup: string;
  /** For its data and configuration. */
  readonly directory: string;
  /** The node whose credential is written to `credentialFile`. */
  readonly node: string;
  readonly credentialFile: string;
}

/** Starts the real collector with its defaults, and makes a credential. Resolves when it is ready. */
export async function startCollector(place: CollectorPlace): Promise<RunningCollector> {
  const { testbed, cgroup, directory, node, credentialFile } = place;
  const port = await freePort();
  const data = join(directory, 'data');
  const config = join(directory, 'collector.yaml'); // JSON is YAML too
  writeFileSync(config, JSON.stringify({ collector: { data, listen: { port }, log: { level: 'error' } } }));
  const credential = [program, 'credential', '--config', config, '--node', node, '--out', credentialFile];
  execFileSync(process.execPath, credential, { stdio: ['ignore', 'ignore', 'inherit'] });
  const child = testbed.spawn(process.execPath, [program, '--config', config], {
    cgroup,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await untilReady(`http://127.0.0.1:${port}/readyz`, child);
  return { child, port, data };
}

/** Ends a process the way its user would, and waits for it. */
export async function endProcess(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  if (child.connected) child.disconnect();
  else child.kill('SIGTERM');
  await gone;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    if (child.exitCode !== null) throw new Error(`the collector ended with ${child.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the collector did not become ready within 20 s');
}
