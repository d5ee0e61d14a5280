// SPDX-License-Identifier: Apache-2.0
// Collector and agent of a cluster, as programs: the label of a Node on its way to the kernel, and away again.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { EngineBed, until } from '../../apps/agent/test/engine-bed.ts';
import { ApiServer } from '../../packages/mesh/test/cluster/api-server.ts';
import { root } from '../paths.mjs';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const AGENT = join(root, 'apps/agent/bin/undermesh-agent.mjs');
const COLLECTOR = join(root, 'apps/collector/bin/undermesh-collector.mjs');
const LABEL = 'undermesh.io/engine';

let bed;
let server;
let collector;
let agent;
let url;
let token;
let file;

const node = (engine) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'alpha', labels: engine === null ? {} : { [LABEL]: engine } },
});

async function startCollector(data) {
  const control = 'UNDERMESH_COLLECTOR_CONTROL_KUBERNETES';
  collector = spawn(process.execPath, [COLLECTOR, '--data', data, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      UNDERMESH_COLLECTOR_STORE_DRIVER: 'memory',
      [`${control}_ENABLED`]: 'true',
      [`${control}_KUBECONFIG`]: server.kubeconfig,
      [`${control}_NAMESPACE`]: 'undermesh',
    },
  });
  createInterface({ input: collector.stdout }).on('line', (line) => {
    token = /^UNDERMESH_TOKEN=(\S+)$/.exec(line)?.[1] ?? token;
  });
  for await (const line of createInterface({ input: collector.stderr })) {
    if (!line.includes('"collector listens"')) continue;
    url = JSON.parse(line).url;
    collector.stderr.resume();
    return;
  }
  throw new Error('the collector ended');
}

beforeAll(async () => {
  bed = new EngineBed();
  server = await ApiServer.start([node(null)]);
  const data = join(bed.directory, 'data');
  await startCollector(data);
  const credentialFile = join(bed.directory, 'credential');
  const credential = ['credential', '--data', data, '--node', 'alpha', '--out', credentialFile];
  execFileSync(process.execPath, [COLLECTOR, ...credential]);
  const settings = {
    node: 'alpha',
    instance: 'test',
    cgroup: bed.cgroup,
    collector: { url: `${url.replace('http', 'ws')}/ingest/v1`, credentialFile },
    listen: { port: 0 },
    runDirectory: join(bed.directory, 'run'),
    spool: { directory: join(bed.directory, 'spool') },
    pinDirectory: bed.pins,
    ringBytes: 1 << 20,
    http: false,
    logLevel: 'error',
    engine: { directory: join(bed.directory, 'engine') },
    mesh: { kubernetes: { enabled: true, kubeconfig: server.kubeconfig } },
  };
  file = join(bed.directory, 'undermesh.yaml');
  writeFileSync(file, JSON.stringify({ agent: settings }));
  agent = spawn(process.execPath, [AGENT, '--config', file], { stdio: 'ignore' });
});
afterAll(async () => {
  for (const child of [agent, collector].filter((one) => one !== undefined && one.exitCode === null)) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
  if (file !== undefined) execFileSync(process.execPath, [AGENT, 'uninstall', '--config', file]);
  await bed?.remove();
  await server?.remove();
});

/** Resolves when the kernel of the node runs it, by that word. */
const isInForce = (engine, setBy) =>
  until(`${engine} by ${setBy}`, async () => {
    const { items } = await (await fetch(`${url}/api/v1/engines`)).json();
    const now = items[0]?.engine;
    return now?.observed === engine && now.state === 'in-force' && now.setBy === setBy;
  });

const put = async (engine) => {
  const response = await fetch(`${url}/api/v1/nodes/alpha/engine`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ engine, reason: 'by hand' }),
  });
  return { status: response.status, body: await response.json() };
};

it('the label of a Node is in force in its kernel, before the API, until it is taken away', async () => {
  await isInForce('off', 'config');
  server.apply(node('dual-engine'));
  await isInForce('dual-engine', 'label');
  expect(await put('off')).toMatchObject({
    status: 409,
    body: { code: 'engine_managed', detail: expect.stringContaining(`${LABEL}=dual-engine`) },
  });
  server.apply(node(null));
  await isInForce('off', 'config');
  expect((await put('dual-engine')).status).toBe(200);
  await isInForce('dual-engine', 'api');
  server.apply(node('off'));
  await isInForce('off', 'label');
  server.apply(node(null));
  await isInForce('dual-engine', 'api');
});
