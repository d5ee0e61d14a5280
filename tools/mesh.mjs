// SPDX-License-Identifier: Apache-2.0
// The collector and agents of this machine.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { environment, root, stateDirectory } from './paths.mjs';
import { untilReady } from './processes.mjs';
import { Failure, say } from './say.mjs';

const collectorProgram = join(root, 'apps/collector/bin/undermesh-collector.mjs');
const agentProgram = join(root, 'apps/agent/bin/undermesh-agent.mjs');
const data = join(stateDirectory, 'collector');
const credentials = join(stateDirectory, 'credentials');

/** This machine's name as a node: what the schema takes as a name. */
export function nodeName(name = hostname()) {
  return name.replace(/[^A-Za-z0-9_.-]/g, '-').slice(0, 63) || 'host';
}

/** A program of ours as a command line. */
const node = (program, ...parameters) => [process.execPath, program, ...parameters];

/**
 * Starts the collector and waits until it serves.
 * @param {import('./processes.mjs').Processes} processes
 * @param {{ port: number }} options
 */
export async function startCollector(processes, { port }) {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const config = writeConfig('collector', { collector: { listen: { port } } });
  let isNew = false;
  const collector = processes.start({
    name: 'collector',
    command: node(collectorProgram, '--data', data, '--config', config),
    onLine: (line) => {
      if (!/^UNDERMESH_TOKEN=\S+$/.test(line)) return false;
      isNew = true;
      say(line); // printed once, kept as a hash: to be shown whatever happens next, and not for the log
      return true;
    },
  });
  await processes.unlessDeath(
    untilReady('the collector', `http://127.0.0.1:${port}/readyz`, { log: collector.log }),
  );
  if (isNew) rmSync(credentials, { recursive: true, force: true }); // a new collector knows none of the old ones
  return { ...collector, isNew };
}

/**
 * Starts agents, one after the other, and waits until all of them record and report.
 * @param {import('./processes.mjs').Processes} processes
 * @param {{ name: string, cgroup: string, port: number, mesh?: object, engine?: string }[]} nodes
 *   each observes its cgroup, a path below the cgroup v2 mount; `mesh`: what it steers by; `engine`: until an order
 * @param {{ collectorPort: number, identity: object[], system: Record<string, number> }} options
 *   `system`: pids of Undermesh programs that are no agents, by name
 */
export async function startAgents(processes, nodes, { collectorPort, identity, system }) {
  const others = Object.entries(system).map(([name, pid]) => `${name}=${pid}`);
  const waiting = [];
  for (const { name } of nodes) {
    const uninstall = node(agentProgram, 'uninstall', '--config', configPath(`agent-${name}`));
    processes.run.add({ kind: 'datapath', node: name, uninstall });
  }
  for (const { name, cgroup, port, mesh = {}, engine = 'off' } of nodes) {
    const config = writeConfig(`agent-${name}`, {
      agent: {
        node: name,
        cgroup,
        collector: { url: `ws://127.0.0.1:${collectorPort}/ingest/v1`, credentialFile: credential(name) },
        listen: { port },
        identity,
        systemProcesses: [...others],
        spool: { directory: join(stateDirectory, 'spool') },
        engine: { default: engine, directory: join(stateDirectory, 'engine') },
        mesh,
      },
    });
    const agent = processes.start({
      name: `agent-${name}`,
      group: 'agents',
      command: node(agentProgram, '--supervised', '--config', config),
    });
    others.push(`undermesh-agent=${agent.child.pid}`); // the last one, the host's, knows all of them
    waiting.push(untilReady(`the agent of ${name}`, `http://127.0.0.1:${port}/readyz`, { log: agent.log }));
  }
  await processes.unlessDeath(Promise.all(waiting));
}

// A node's credential is made once and kept, like the collector's data that it belongs to.
function credential(name) {
  const path = join(credentials, name);
  if (existsSync(path)) return path;
  mkdirSync(credentials, { recursive: true, mode: 0o700 });
  ask(`make the credential of ${name}`, 'credential', '--node', name, '--out', path);
  return path;
}

/** Makes a new operator token; the former one is void. The collector must not run. @returns {string} its line */
export function newToken() {
  return ask('make a new operator token', 'token', 'reset').trim();
}

function ask(doing, ...parameters) {
  const [program, ...rest] = node(collectorProgram, ...parameters, '--data', data);
  try {
    return execFileSync(program, rest, {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
  } catch (error) {
    throw new Failure(`cannot ${doing}: ${String(error.stderr).trim()}`, { cause: error });
  }
}

// JSON is YAML too.
function writeConfig(name, config) {
  mkdirSync(join(stateDirectory, 'config'), { recursive: true, mode: 0o700 });
  const path = configPath(name);
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`);
  return path;
}

function configPath(name) {
  return join(stateDirectory, 'config', `${name}.yaml`);
}

/** Says where the dashboard is and how to get in. */
export function announce({ port, tokenShown }) {
  say(`\n  dashboard   http://127.0.0.1:${port}`);
  if (tokenShown) say('  token       above, shown this once: keep it');
  else say('  token       the one shown at the first start; lost? npm start -- --new-token');
  say(`  logs        ${join(stateDirectory, 'logs')}`);
  say('  Ctrl-C stops everything and cleans up.\n');
}
