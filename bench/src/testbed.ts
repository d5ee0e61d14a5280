// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Where a program runs: in a network namespace and a cgroup that the test bed made. */
export interface Place {
  readonly namespace?: string;
  readonly cgroup?: string;
}

/** The test bed of tools/testbed: namespaces, cgroups and processes that are gone when the run ends. */
export interface Testbed {
  /** The cgroup above all others of it. */
  readonly root: string;
  namespace(name: string): string;
  cgroup(path: string): string;
  spawn(command: string, parameters: readonly string[], options?: Place & SpawnOptions): ChildProcess;
  run(
    command: string,
    parameters: readonly string[],
    options?: Place & SpawnOptions,
  ): Promise<{ code: number | null; stdout: string; stderr: string }>;
  destroy(): Promise<void>;
}

/** What the load client of tools/testbed/load counted. */
export interface LoadResult {
  readonly completed: number;
  readonly elapsedMs: number;
}

/** A collector and agents on a test bed, of tools/testbed/road.mjs. */
export interface Road {
  /** A directory that is gone with the road. */
  readonly state: string;
  /** The address of the collector. */
  readonly url: string;
  startCollector(): Promise<void>;
  /** @param settings of the agent's section of undermesh.yaml. Its cgroup is that of the node's name. */
  startAgent(node: string, settings: Readonly<Record<string, unknown>>): Promise<void>;
  api(path: string): Promise<unknown>;
  put(path: string, body: unknown): Promise<unknown>;
  /** Value of a metric of an agent, without `undermesh_agent_`. */
  agentMetric(node: string, name: string): Promise<number>;
  until(what: string, holds: () => Promise<boolean>): Promise<void>;
  uninstall(node: string): Promise<void>;
  destroy(): Promise<void>;
}

interface Tools {
  readonly Road: { on(testbed: Testbed): Road };
  readonly compile: (directory: string, name: string) => string;
  readonly Testbed: { create(name: string): Promise<Testbed> };
  readonly setSysctls: (namespace: string, settings: Record<string, string | number>) => void;
  readonly buildLoad: () => string;
  readonly startLoadServer: (
    testbed: Testbed,
    options: Record<string, unknown>,
    place?: Place,
  ) => Promise<{ stop: () => Promise<unknown> }>;
  readonly loadParameters: (role: string, options: Record<string, unknown>) => string[];
}

// The tools are JavaScript without declarations.
async function tools(): Promise<Tools> {
  const modules = ['testbed', 'namespaces', 'load', 'compile', 'road'].map(
    (name) => import(new URL(`../../tools/testbed/${name}.mjs`, import.meta.url).href),
  );
  return Object.assign({}, ...(await Promise.all(modules))) as Tools;
}

/** Gives `work` a test bed and removes it afterwards, however the work ends. */
export async function withTestbed<T>(name: string, work: (testbed: Testbed) => Promise<T>): Promise<T> {
  const testbed = await (await tools()).Testbed.create(`undermesh-bench-${name}`);
  const interrupt = () => void testbed.destroy().finally(() => process.exit(130));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await work(testbed);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await testbed.destroy();
  }
}

/**
 * Gives `work` a collector and room for agents on a test bed, and removes all of it afterwards, what the agent of `node`
 * leaves in the kernel as well.
 */
export async function withRoad<T>(
  testbed: Testbed,
  node: string,
  work: (road: Road) => Promise<T>,
): Promise<T> {
  const road = (await tools()).Road.on(testbed);
  try {
    await road.startCollector();
    return await work(road);
  } finally {
    await road.uninstall(node).catch(() => {}); // there is none if the agent never started
    await road.destroy();
  }
}

const programs = new URL('../load/', import.meta.url);

/** Builds one of the benchmarks' own load programs, `load/<name>/*.c`; returns its path. */
export async function loadProgram(name: 'open-loop' | 'echo' | 'connects'): Promise<string> {
  return (await tools()).compile(fileURLToPath(new URL(`${name}/`, programs)), `bench-${name}`);
}

/** Where servers and proxies listen: no port of these is a client's, or a server that starts later may find it taken. */
const SERVER_PORTS = '8080,9000-9010,15000-15010';

/** A network namespace for load: loopback only, with as many ports as there are. */
export async function loadNamespace(testbed: Testbed): Promise<string> {
  const namespace = testbed.namespace('load');
  (await tools()).setSysctls(namespace, {
    'net.ipv4.ip_local_port_range': '1024 65535',
    'net.ipv4.ip_local_reserved_ports': SERVER_PORTS,
    'net.ipv4.tcp_tw_reuse': 1,
    'net.core.somaxconn': 4096,
  });
  return namespace;
}

/** A server of the load program, on a port of loopback. */
export async function startLoadServer(
  testbed: Testbed,
  port: number,
  place: Place,
): Promise<() => Promise<unknown>> {
  const { stop } = await (await tools()).startLoadServer(testbed, { address: '127.0.0.1', port }, place);
  return stop;
}

/** What a load client is to do. `rate`: connections begun per second; as fast as it can without. */
export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly concurrency: number;
  readonly rate?: number;
}

/** Opens connections, each with one request and answer of 64 bytes, and closes them. Throws when one fails. */
export async function runLoad(testbed: Testbed, load: Load, place: Place): Promise<LoadResult> {
  const { buildLoad, loadParameters } = await tools();
  const parameters = loadParameters('client', { address: '127.0.0.1', ...load });
  const { code, stdout, stderr } = await testbed.run(buildLoad(), parameters, place);
  if (code !== 0) throw new Error(`the load client ended with ${code}: ${stderr.trim()}`);
  const result = JSON.parse(stdout) as LoadResult;
  if (result.completed !== load.connections)
    throw new Error(`connections failed under load: ${stdout.trim()}`);
  return result;
}
