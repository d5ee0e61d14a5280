// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../support/collector.js';
import { edit, leaseOf, NAMESPACE, sharedLog, startedServer } from './bed.js';

const program = join(import.meta.dirname, '../../../bin/undermesh-collector.mjs');

/** The program itself, by a kubeconfig; resolves when it listens. */
async function run(kubeconfig: string): Promise<ChildProcess> {
  const data = mkdtempSync(join(tmpdir(), 'undermesh-collector-'));
  const child = spawn(process.execPath, [program, '--data', data, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      UNDERMESH_COLLECTOR_STORE_DRIVER: 'memory',
      UNDERMESH_COLLECTOR_CONTROL_KUBERNETES_ENABLED: 'true',
      UNDERMESH_COLLECTOR_CONTROL_KUBERNETES_KUBECONFIG: kubeconfig,
      UNDERMESH_COLLECTOR_CONTROL_KUBERNETES_NAMESPACE: NAMESPACE,
      UNDERMESH_COLLECTOR_CONTROL_KUBERNETES_IDENTITY: 'collector-0',
    },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
    rmSync(data, { recursive: true });
  });
  if (child.stderr === null) throw new Error('no pipe');
  for await (const line of createInterface({ input: child.stderr })) {
    if (!line.includes('"collector listens"')) continue;
    child.stderr.resume();
    return child;
  }
  throw new Error('the collector ended');
}

const holder = (server: Parameters<typeof leaseOf>[0]): unknown =>
  (leaseOf(server).spec as { holderIdentity?: string }).holderIdentity;

it('a collector by a kubeconfig holds the Lease when it has something to write, and lets go of it when it is ended', async () => {
  const server = await startedServer();
  const other = await sharedLog(server, 'other');
  await other.open({ replaced: () => {}, appended: () => {}, broken: () => ({}) }, 5_000);
  await other.exclusively(() => other.append([{ n: 1 }]));
  await other.close();
  const child = await run(server.kubeconfig);
  // Somebody edits the log: it is the collector's to put it right.
  edit(server, (text) => text.replace('"n":1', '"n":2'));
  await eventually(() => expect(holder(server)).toMatch(/^collector-0_[0-9a-f]{8}$/));
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(holder(server)).toBeUndefined();
}, 60_000);
