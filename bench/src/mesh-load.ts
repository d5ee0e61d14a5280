// SPDX-License-Identifier: Apache-2.0
// 10,000 services with 50,000 endpoints from manifests on disk into the kernel's maps: how long it takes, how much memory,
// and what one endpoint that becomes unready costs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Mode, Row } from './bench.js';
import { makeScratch } from './scratch.js';
import { bootstrapMedian } from './statistics.js';
import { type Testbed, withTestbed } from './testbed.js';

const SERVICES = 10_000;
const ENDPOINTS_EACH = 5;
const SERVICES_IN_A_FILE = 100;
const AGENT = fileURLToPath(new URL('../../apps/agent/bin/undermesh-agent.mjs', import.meta.url));
/** Nothing is loaded within that. */
const PATIENCE_MS = 180_000;
/** Maps whose size goes by the mesh. */
const MAPS = ['services', 'vips', 'slots', 'endpoints', 'endpoint_health'];

const numbers = (i: number): string => `${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

/** A service with its endpoints, all of them ready but the first `unready`. */
function manifest(service: number, unready = 0): string {
  const name = `service-${service}`;
  const endpoints = Array.from({ length: ENDPOINTS_EACH }, (_, i) => {
    const address = `10.${numbers(service * ENDPOINTS_EACH + i)}`;
    return `  - { addresses: ['${address}'], conditions: { ready: ${i >= unready} } }`;
  });
  return `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: bench }
spec:
  clusterIP: 11.${numbers(service)}
  ports: [{ name: web, port: 80, targetPort: 8080 }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, namespace: bench, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: web, port: 8080 }]
endpoints:
${endpoints.join('\n')}
`;
}

function writeManifests(directory: string): void {
  mkdirSync(directory);
  for (let first = 0; first < SERVICES; first += SERVICES_IN_A_FILE) {
    const some = Array.from({ length: SERVICES_IN_A_FILE }, (_, i) => manifest(first + i));
    writeFileSync(join(directory, `services-${first}.yaml`), some.join('---\n'));
  }
  // The one that changes has a file to itself, as a source that knows what changed would have.
  writeFileSync(join(directory, 'changing.yaml'), manifest(SERVICES));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** An agent that steers a cgroup by a directory of manifests, and what its metrics say. */
class MeshAgent {
  readonly #testbed: Testbed;
  readonly #config: string;
  readonly #port: number;
  #child: ReturnType<Testbed['spawn']> | undefined;

  constructor(testbed: Testbed, options: { readonly scratch: string; readonly port: number }) {
    const { scratch, port } = options;
    this.#testbed = testbed;
    this.#port = port;
    this.#config = join(scratch, 'undermesh.yaml');
    const cgroup = testbed.cgroup('app');
    const agent = {
      node: 'bench-mesh-load',
      cgroup,
      http: false,
      logLevel: 'error',
      listen: { port },
      collector: { url: 'ws://127.0.0.1:9/ingest/v1', credentialFile: join(scratch, 'none') },
      runDirectory: join(scratch, 'run'),
      spool: { directory: join(scratch, 'spool') },
      pinDirectory: '/sys/fs/bpf/undermesh-bench',
      engine: { default: 'dual-engine', directory: join(scratch, 'engine') },
      mesh: {
        manifests: join(scratch, 'mesh'),
        enrol: [cgroup.replace(/^\/sys\/fs\/cgroup(\/unified)?/, '')],
      },
    };
    writeFileSync(this.#config, JSON.stringify({ agent }));
  }

  start(): void {
    this.#child = this.#testbed.spawn(process.execPath, [AGENT, '--config', this.#config], {
      stdio: 'ignore',
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exit;
  }

  async uninstall(): Promise<void> {
    await this.#testbed.run(process.execPath, [AGENT, 'uninstall', '--config', this.#config]);
  }

  /** Value of one of its metrics, `undermesh_agent_...`; `undefined` while there is none. */
  async metric(name: string): Promise<number | undefined> {
    try {
      const text = await (await fetch(`http://127.0.0.1:${this.#port}/metrics`)).text();
      const line = text.split('\n').find((each) => each.startsWith(`undermesh_agent_${name} `));
      return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
    } catch {
      return undefined;
    }
  }

  /** Milliseconds until so many configurations have been written. */
  async loaded(loads: number): Promise<number> {
    const start = performance.now();
    while ((await this.metric('mesh_loads_total')) !== loads) {
      if (performance.now() - start > PATIENCE_MS) throw new Error('the mesh was not loaded');
      await pause(5);
    }
    return performance.now() - start;
  }
}

async function measure(testbed: Testbed, mode: Mode): Promise<Row[]> {
  const scratch = makeScratch();
  writeManifests(join(scratch.path, 'mesh'));
  const agent = new MeshAgent(testbed, { scratch: scratch.path, port: await freePort() });
  const rows: Row[] = [];
  const seconds = (what: string, value: number, note?: string): void => {
    rows.push({ what, value, unit: 's', ...(note === undefined ? {} : { note }) });
  };
  const metric = async (name: string): Promise<number> => (await agent.metric(name)) ?? Number.NaN;
  try {
    mode.say(`${SERVICES} services, ${SERVICES * ENDPOINTS_EACH} endpoints`);
    agent.start();
    seconds(
      'start of the agent to the last map entry',
      (await agent.loaded(1)) / 1e3,
      'programs loaded, YAML read',
    );
    seconds('of it, from the model to the last map entry', await metric('mesh_load_seconds'));
    await pause(11_000); // maps are measured every ten seconds
    const bytes = await Promise.all(MAPS.map((map) => metric(`map_memory_bytes{map="${map}"}`)));
    rows.push({
      what: 'memory of the maps',
      value: bytes.reduce((sum, of) => sum + of, 0) / 2 ** 20,
      unit: 'MiB',
      note: `${MAPS.join(', ')}, as the kernel accounts them`,
    });
    rows.push({
      what: 'resident memory of the agent',
      value: (await metric('process_resident_memory_bytes')) / 2 ** 20,
      unit: 'MiB',
    });
    await changeRows(agent, { scratch: scratch.path, rounds: mode.quick ? 5 : 15, rows });
    const before = await metric('process_cpu_seconds_total');
    await pause(20_000);
    const percent = (((await metric('process_cpu_seconds_total')) - before) / 20) * 100;
    rows.push({
      what: 'agent, idle with that mesh',
      value: percent,
      unit: '% of a core',
      note: 'maps compared, too',
    });
    await agent.kill();
    agent.start();
    seconds(
      'next run: start to maps compared',
      (await agent.loaded(1)) / 1e3,
      'after SIGKILL; nothing to write',
    );
  } finally {
    await agent.kill();
    await agent.uninstall();
    scratch.remove();
  }
  return rows;
}

async function changeRows(
  agent: MeshAgent,
  of: { readonly scratch: string; readonly rounds: number; readonly rows: Row[] },
): Promise<void> {
  const { scratch, rounds, rows } = of;
  const [times, own]: [number[], number[]] = [[], []];
  const first = (await agent.metric('mesh_entries_written_total')) ?? 0;
  for (let round = 0; round < rounds; round++) {
    writeFileSync(join(scratch, 'mesh', 'changing.yaml'), manifest(SERVICES, 1 - (round % 2)));
    times.push(await agent.loaded(2 + round));
    own.push(((await agent.metric('mesh_load_seconds')) ?? 0) * 1e3);
  }
  const entries = (((await agent.metric('mesh_entries_written_total')) ?? 0) - first) / rounds;
  const [whole, part] = [bootstrapMedian(times), bootstrapMedian(own)];
  rows.push({
    what: 'one endpoint unready or ready again: file to kernel',
    value: whole.value,
    unit: 'ms',
    interval: whole,
    note: 'a file is taken once it has been quiet for 100 ms',
  });
  rows.push({
    what: 'of it, from the model to the last entry',
    value: part.value,
    unit: 'ms',
    interval: part,
  });
  rows.push({ what: 'entries written for it', value: entries, unit: 'entries' });
}

/** The 10,000 services. */
export const meshLoad: Benchmark = {
  name: 'mesh-load',
  title: 'Mesh: 10,000 services and 50,000 endpoints into the kernel',
  run: (mode) => withTestbed('mesh-load', (testbed) => measure(testbed, mode)),
};
