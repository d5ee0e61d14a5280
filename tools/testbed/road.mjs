// SPDX-License-Identifier: Apache-2.0
// The whole road of a record on a testbed: a collector and agents of its own, each agent on one cgroup of the testbed.
// State, locks and pins lie apart from every other installation on this machine, ports are free ones.
//
//   const road = await Road.create('undermesh-test-exact');
//   await road.startCollector();
//   await road.startAgent('left');            // observes the cgroup `left` of the testbed
//   ...
//   const { records } = await road.settled(2 * made);
//   await road.destroy();
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { mountBpffs, unmountBpffs } from '../bpffs.mjs';
import { environment, root } from '../paths.mjs';
import { cgroup2Mount } from './cgroups.mjs';
import { samples } from './metrics.mjs';
import { enter } from './namespaces.mjs';
import { Testbed } from './testbed.mjs';

const collectorProgram = join(root, 'apps/collector/bin/undermesh-collector.mjs');
const AGENT = 'apps/agent/bin/undermesh-agent.mjs';
const agentProgram = join(root, AGENT);

/** Long enough for a guest without hardware help; a program that ends before says so at once. */
const START_TIMEOUT_MS = 300_000;

export class Road {
  #state;
  #mounted;
  #agents = new Map();
  #collector;
  /** How long `until` waits if nothing else is said. */
  patienceMs = 60_000;

  /** @param {string} name of the testbed, which must not be in use */
  static async create(name) {
    return Road.on(await Testbed.create(name));
  }

  /** On a testbed that was made before; it is gone with the road. */
  static on(testbed) {
    return new Road(testbed, mountBpffs());
  }

  constructor(testbed, mounted) {
    this.testbed = testbed;
    this.#mounted = mounted;
    this.#state = mkdtempSync(join(tmpdir(), 'undermesh-road-'));
    /** Names every workload by its cgroup, `NODE/NAMESPACE/WORKLOAD` below the testbed's own. */
    this.identity = [{ cgroup: `**/${testbed.name}/*/:namespace/:workload` }];
  }

  /** A directory that is gone with the road. */
  get state() {
    return this.#state;
  }

  /** The collector's data directory. */
  get data() {
    return join(this.#state, 'collector');
  }

  /** Where the collector keeps records, as DuckDB files. */
  get records() {
    return join(this.data, 'records');
  }

  /** Where an agent keeps frames. */
  spool(node) {
    return join(this.#state, 'spool', node);
  }

  get collectorPid() {
    return this.#collector.child.pid;
  }

  agentPid(node) {
    return this.#agents.get(node).child.pid;
  }

  /** The address of the collector, `http://127.0.0.1:PORT`. */
  get url() {
    return this.#collector.url;
  }

  /**
   * Starts the collector and waits until it listens: on a free port, later on the same one again.
   * @param {{ config?: object, env?: Record<string, string>, namespace?: string }} [options] `config`: its section of
   *   undermesh.yaml
   */
  async startCollector({ config = {}, env = {}, namespace } = {}) {
    const port = this.#collector ? Number(new URL(this.url).port) : 0;
    const file = this.#write('collector', { collector: { listen: { port }, ...config } });
    const command = [collectorProgram, '--data', this.data, '--config', file];
    const started = await this.#start('collector', command, { env, namespace, line: 'collector listens' });
    const output = this.#collector?.output ?? started.output; // the token is told at the first start only
    this.#collector = { ...started, output, namespace, url: started.entry.url };
  }

  /** Makes the credential of a node. @returns {Promise<string>} the file that holds it */
  async credential(node) {
    const file = join(this.#state, `${node}.credential`);
    if (existsSync(file)) return file;
    const command = ['credential', '--node', node, '--out', file, '--data', this.data];
    await promisify(execFile)(process.execPath, [collectorProgram, ...command], { env: environment });
    return file;
  }

  /** An agent's `collector:` settings. */
  async towards(node, settings = {}) {
    const url = `${this.url.replace('http', 'ws')}/ingest/v1`;
    return { url, credentialFile: await this.credential(node), ...settings };
  }

  /**
   * Starts the agent of a node and waits until the collector has welcomed it.
   * @param {string} node its name, and that of its cgroup below the testbed's own
   * @param {object} [settings] of its section of undermesh.yaml
   * @param {{ env?: Record<string, string>, namespace?: string, within?: string[], line?: string, release?: string }} [options]
   *   `within`: the command that runs it; `line`: of its log, to wait for instead; `release`: where another one's files lie
   */
  async startAgent(node, settings = {}, { line = 'connected to the collector', release, ...place } = {}) {
    const command = await this.#agentCommand(node, settings, release);
    const agent = await this.#start(`agent-${node}`, command, { ...place, line });
    this.#agents.set(node, agent);
  }

  /** Starts the agent of a node and ends it by SIGKILL a while later, wherever it is by then. */
  async startAndKillAgent(node, settings, { afterMs, release }) {
    const command = await this.#agentCommand(node, settings, release);
    const child = this.#spawn(command, { stdio: 'ignore' });
    await pause(afterMs);
    await kill(child);
  }

  /** Stops an agent in good order: it sends what it has first. */
  async stopAgent(node) {
    await end(this.#agents.get(node).child);
    this.#agents.delete(node);
  }

  /** Ends an agent by SIGKILL. */
  async killAgent(node) {
    await kill(this.#agents.get(node).child);
    this.#agents.delete(node);
  }

  async killCollector() {
    await kill(this.#collector.child);
  }

  async stopAgents() {
    await Promise.all([...this.#agents.keys()].map((node) => this.stopAgent(node)));
  }

  async stopCollector() {
    await end(this.#collector.child);
  }

  /** What a program logged so far. @param {string} name `collector` or `agent-NODE` */
  log(name) {
    return readFileSync(join(this.#state, `${name}.log`), 'utf8');
  }

  /** An answer of the API, below `/api/v1/`. */
  async api(path) {
    const response = await this.#fetch(`/api/v1/${path}`);
    return response.json();
  }

  /** The operator token. */
  get token() {
    return /^UNDERMESH_TOKEN=(\S+)$/m.exec(this.#collector.output())?.[1];
  }

  /** Changes something as the operator, below `/api/v1/`. Throws with the answer's words when it is refused. */
  async put(path, body) {
    const response = await fetch(`${this.url}/api/v1/${path}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Takes out of the kernel what an agent leaves there when it stops. */
  async uninstall(node) {
    await this.stopAgents();
    const file = join(this.#state, `agent-${node}.yaml`);
    const command = [agentProgram, 'uninstall', '--config', file];
    await promisify(execFile)(process.execPath, command, { env: environment });
  }

  /** All connections that match, in one export. @param {string} query without the format */
  async connections(query) {
    const response = await this.#fetch(`/api/v1/connections?${query}&format=ndjson`);
    const text = await response.text();
    return text.split('\n').filter(Boolean).map(JSON.parse);
  }

  /** A connection with the records of both its ends. */
  detail(id) {
    return this.api(`connections/${encodeURIComponent(id)}`);
  }

  /** The text of /metrics. */
  async metrics() {
    const response = await this.#fetch('/metrics');
    return response.text();
  }

  /** The sum of a metric over all label sets that hold these labels. */
  async metric(name, labels = {}) {
    return samples(await this.metrics(), name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** The sum of a metric of an agent, named without its prefix, over all label sets that hold these labels. */
  async agentMetric(node, name, labels = {}) {
    const served = this.log(`agent-${node}`)
      .split('\n')
      .find((line) => line.includes('"metrics are served"'));
    const { port } = JSON.parse(served);
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    return samples(await response.text(), `undermesh_agent_${name}`, labels).reduce(
      (sum, { value }) => sum + value,
      0,
    );
  }

  /** The same once it is `expected`, or as it is after a while: what an agent does only after an acknowledgement. */
  async agentMetricOnceIs(node, name, expected, timeoutMs = 20_000) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const value = await this.agentMetric(node, name);
      if (value === expected || Date.now() > deadline) return value;
      await pause(100);
    }
  }

  /** Waits until something holds. */
  async until(what, holds, timeoutMs = this.patienceMs) {
    const deadline = Date.now() + timeoutMs;
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s in vain until ${what}`);
      await pause(100);
    }
  }

  /**
   * Waits until the books are closed: at least `made` ends made and none waiting. Resolves with the last status in any
   * case, so that whoever asks can say what was there instead.
   */
  async settled(made, timeoutMs = 60_000) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const status = await this.api('status');
      const { records } = status;
      if ((records.made >= made && records.waiting === 0) || Date.now() > deadline) return status;
      await pause(100);
    }
  }

  /**
   * Edges between workloads once so many ends of connections are on them: one that nobody else told of is counted after its
   * partner was waited for, 3 s. Resolves with the last ones in any case, as {@link settled} does.
   * @param {(traffic: object) => number} count which ends, of an edge's traffic
   */
  async settledEdges(made, count, timeoutMs = 30_000) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const { edges } = await this.api('topology?level=workload&window=3600');
      const counted = edges.reduce((sum, { traffic }) => sum + count(traffic), 0);
      if (counted >= made || Date.now() > deadline) return edges;
      await pause(100);
    }
  }

  /** Removes everything: processes, programs, pins, namespaces, cgroups, files. May be called twice. */
  async destroy() {
    await this.stopAgents().catch(() => {});
    if (this.#collector?.child.exitCode === null) await this.stopCollector().catch(() => {});
    await this.testbed.destroy();
    rmSync(this.#state, { recursive: true, force: true });
    if (this.#mounted) await unmountBpffs(this.#mounted).catch(() => {}); // somebody else's pins may be there by now
  }

  async #fetch(path) {
    const { namespace } = this.#collector;
    if (namespace) {
      const body = enter(namespace, ['curl', '-sSf', '-m', '120', `${this.url}${path}`]);
      return { json: async () => JSON.parse(body), text: async () => body };
    }
    const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(120_000) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${(await response.text()).slice(0, 300)}`);
    return response;
  }

  #write(name, config) {
    const file = join(this.#state, `${name}.yaml`);
    writeFileSync(file, JSON.stringify(config)); // JSON is YAML too
    return file;
  }

  async #agentCommand(node, settings, release = root) {
    const cgroup = `/${relative(cgroup2Mount(), this.testbed.cgroup(node))}`;
    const file = this.#write(`agent-${node}`, {
      agent: {
        node,
        cgroup,
        collector: await this.towards(node),
        listen: { port: 0 },
        identity: this.identity,
        runDirectory: join(this.#state, 'run'),
        spool: { directory: join(this.#state, 'spool') },
        engine: { directory: join(this.#state, 'engine') },
        pinDirectory: this.testbed.pins,
        ...settings,
      },
    });
    return [join(release, AGENT), '--supervised', '--config', file];
  }

  #spawn(command, { env = {}, namespace, within = [], stdio = ['pipe', 'pipe', 'pipe'] }) {
    const [program, ...parameters] = [...within, process.execPath, ...command];
    return this.testbed.spawn(program, parameters, {
      namespace,
      env: { ...environment, ...env },
      stdio,
    });
  }

  /** Starts a program of ours and waits for one line of its log. */
  async #start(name, command, { line, ...place }) {
    const child = this.#spawn(command, place);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    const log = join(this.#state, `${name}.log`);
    writeFileSync(log, '');
    const lines = createInterface({ input: child.stderr });
    let started = false;
    const entry = await new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${name} does not say "${line}":\n${this.log(name)}`)),
        START_TIMEOUT_MS,
      );
      lines.on('line', (text) => {
        writeFileSync(log, `${text}\n`, { flag: 'a' });
        if (!text.includes(`"${line}"`)) return;
        clearTimeout(late);
        started = true;
        resolve(JSON.parse(text));
      });
      child.once('close', (code) => {
        clearTimeout(late);
        if (!started) reject(new Error(`${name} ended with ${code}:\n${this.log(name)}`));
      });
    });
    return { child, entry, output: () => output };
  }
}

async function kill(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function end(child, timeoutMs = 40_000) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await ended;
  clearTimeout(late);
}
