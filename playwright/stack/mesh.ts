// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type {
  Connections,
  Edges,
  Engine,
  Engines,
  NodeEngine,
  Nodes,
  Status,
  Topology,
} from '@undermesh/schema';
import { mountBpffs } from '../../tools/bpffs.mjs';
import { bookshop, createNodes, openBookshop } from '../../tools/demo.mjs';
import { stateDirectory } from '../../tools/paths.mjs';
import { Processes } from '../../tools/processes.mjs';
import { runLoadClient, startLoadServer } from '../../tools/testbed/load.mjs';
import { enter } from '../../tools/testbed/namespaces.mjs';
import { Road } from '../../tools/testbed/road.mjs';
import { nameOf } from './name.ts';
import { operatorToken } from './operator.ts';

/** What the load program says that it made. */
export interface Made {
  attempted: number;
  established: number;
  completed: number;
  bytesSent: number;
  bytesReceived: number;
  failed: Record<string, number>;
}

/** Answers of the API by path, without `/api/v1/`. */
interface Answers {
  status: Status;
  nodes: Nodes;
  edges: Edges;
  topology: Topology;
}

const RATE = 12;

/**
 * A collector, three nodes with an agent each, and the bookshop on them: the demo without its host agent, so that
 * nothing but namespaces and cgroups of this run is observed.
 */
export class Mesh {
  readonly road: Road;
  readonly #processes: Processes;
  readonly #places: Map<string, { ipv4: string; port: number }>;
  /** Swallows every packet. */
  readonly retired: string;
  readonly token: string;

  static async open(): Promise<Mesh> {
    const mounted = mountBpffs();
    const { testbed, nodes } = await createNodes({ add: () => {} } as never, { name: nameOf('mesh') });
    const road = new Road(testbed, mounted);
    try {
      road.identity = [
        { cgroup: `**/${testbed.name}/*/:namespace/:workload@:version` },
        { cgroup: `**/${testbed.name}/*/:namespace/:workload` },
      ] as Road['identity'];
      const token = operatorToken(road.data);
      await road.startCollector();
      // engines begin as off: what a test wants steered it orders
      await Promise.all(nodes.map(({ name, mesh }) => road.startAgent(name, { mesh })));
      const processes = new Processes({ addProcess: () => {} } as never);
      await openBookshop(processes, { testbed, rate: RATE });
      const { demoPlace, retired, workloads } = await bookshop();
      const ids = workloads.map(({ id }: { id: string }) => id) as string[];
      return new Mesh(road, processes, {
        places: new Map(ids.map((id) => [id, demoPlace(id)])),
        retired: retired.ipv4,
        token,
      });
    } catch (error) {
      await road.destroy();
      throw error;
    }
  }

  private constructor(
    road: Road,
    processes: Processes,
    of: { places: Map<string, { ipv4: string; port: number }>; retired: string; token: string },
  ) {
    this.road = road;
    this.#processes = processes;
    this.#places = of.places;
    this.retired = of.retired;
    this.token = of.token;
  }

  get url(): string {
    return this.road.url;
  }

  async api<K extends keyof Answers>(name: K, query: Record<string, string | number | boolean> = {}) {
    const parameters = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
    return (await this.road.api(`${name}?${parameters}`)) as Answers[K];
  }

  /** The latest connection between two workloads that is over, in the store and known from both ends. */
  async endedConnection(source: string, destination: string): Promise<string> {
    for (;;) {
      const query = `source=${source}&destination=${destination}&state=ended&window=300&limit=20`;
      const { items } = (await this.road.api(`connections?${query}`)) as Connections;
      const found = items.find(({ seenBy, reason }) => seenBy === 'both' && reason?.endsWith('_fin'));
      if (found !== undefined) return found.id;
      await pause(200);
    }
  }

  /** Waits until a connection that the live feed showed is in the store, or still open. */
  async isStored(id: string): Promise<void> {
    while (!(await fetch(`${this.url}/api/v1/connections/${encodeURIComponent(id)}`)).ok) await pause(100);
  }

  /** An address that no workload has had before, on a node. */
  address(node: string, host: number): string {
    const address = `10.99.${node.at(-1)}.${host}`;
    enter(`${this.road.testbed.name}-${node}`, ['ip', 'address', 'add', `${address}/16`, 'dev', 'eth0']);
    return address;
  }

  /** The engine of a node, as the API tells it. */
  async engine(node: string): Promise<NodeEngine> {
    const { items } = (await this.road.api('engines')) as Engines;
    const item = items.find((one) => one.node === node);
    if (item === undefined) throw new Error(`there is no node ${node}`);
    return item.engine;
  }

  /** Orders an engine, and waits until it is in force. */
  async order(node: string, engine: Engine): Promise<void> {
    const answer = await fetch(`${this.url}/api/v1/nodes/${node}/engine`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ engine, reason: 'e2e' }),
    });
    if (!answer.ok) throw new Error(`${node} to ${engine}: ${answer.status} ${await answer.text()}`);
    await this.road.until(
      `${node} runs ${engine}`,
      async () => (await this.engine(node)).observed === engine,
    );
  }

  /** Open connections that an earlier engine of a node steered. */
  async draining(node: string): Promise<number> {
    const { draining } = await this.engine(node);
    return draining.reduce((sum, { connections }) => sum + connections, 0);
  }

  /** The address of a workload of the bookshop. */
  addressOf(id: string): string {
    return this.#places.get(id)?.ipv4 ?? '';
  }

  /** What a process of the bookshop says that it did. */
  counts(id: string): { calls: Record<string, { connects: number; established: number }> } {
    return JSON.parse(readFileSync(join(stateDirectory, 'demo', 'counts', `${id}.json`), 'utf8'));
  }

  /** Connections from a workload `NODE/NAMESPACE/NAME` that this call makes. */
  async load(from: string, options: Record<string, string | number>): Promise<Made> {
    return (await runLoadClient(this.road.testbed, options, this.#place(from))) as Made;
  }

  /** Connections to a service of the bookshop that a workload `NODE/NAMESPACE/NAME` opens and holds until it is killed. */
  async hold(as: string, service: string, connections: number): Promise<ChildProcess> {
    const { virtualPlace } = await bookshop();
    const { ipv4, port } = virtualPlace(service) as { ipv4: string; port: number };
    const program = `for (let i = 0; i < ${connections}; i++) require('net').connect(${port}, '${ipv4}');`;
    return this.road.testbed.spawn(process.execPath, ['-e', program], {
      ...this.#place(as),
      stdio: 'ignore',
    });
  }

  /** A server as a workload `NODE/NAMESPACE/NAME`. */
  serve(as: string, options: { address: string; port: number }) {
    return startLoadServer(this.road.testbed, options, this.#place(as));
  }

  async close(): Promise<void> {
    this.#processes.stop();
    await this.road.destroy();
  }

  #place(path: string): { namespace: string; cgroup: string } {
    const { testbed } = this.road;
    return { namespace: `${testbed.name}-${path.split('/')[0]}`, cgroup: testbed.cgroup(path) };
  }
}
