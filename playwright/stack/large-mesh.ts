// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { FakeAgent, FakeConnection } from '@undermesh/collector/test-support';
import { Road } from '../../tools/testbed/road.mjs';
import { nameOf } from './name.ts';

const NODES = 5;
const LAYERS = 6;
const NAMESPACES = 12;
const PORT = 8080;
/** Ends that go into one frame. */
const BATCH = 500;

/** Numbers that look like chance and are the same in every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Pair {
  from: number;
  to: number;
}

/** Layers call those below them, mostly the next: what a mesh of services looks like. Every vertex has an edge. */
function pairsOf(vertices: number, edges: number): Pair[] {
  const random = chance(7);
  const layer = (vertex: number) => Math.floor((vertex * LAYERS) / vertices);
  const inLayer = (wanted: number) => {
    const [first, last] = [wanted, wanted + 1].map((one) => Math.ceil((one * vertices) / LAYERS));
    return (first ?? 0) + Math.floor(random() * ((last ?? 0) - (first ?? 0)));
  };
  const pairs = new Map<string, Pair>();
  const add = (from: number, to: number) => pairs.set(`${from} ${to}`, { from, to });
  for (let vertex = 0; vertex < vertices; vertex++) {
    if (layer(vertex) > 0) add(inLayer(layer(vertex) - 1), vertex);
    else add(vertex, inLayer(1));
  }
  while (pairs.size < edges) {
    const from = Math.floor(random() * vertices * (1 - 1 / LAYERS));
    const below = Math.min(LAYERS - 1, layer(from) + (random() < 0.85 ? 1 : 2));
    if (layer(from) < below) add(from, inLayer(below));
  }
  return [...pairs.values()];
}

/** A collector and agents without a kernel that report as much as the dashboard draws, over the real protocol. */
export class LargeMesh {
  readonly road: Road;
  readonly #agents: FakeAgent[] = [];
  readonly #pairs: Pair[];
  readonly #made: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #port = 20_000;

  static async open(vertices: number, edges: number): Promise<LargeMesh> {
    const road = await Road.create(nameOf('scale'));
    try {
      await road.startCollector();
      const mesh = new LargeMesh(road, pairsOf(vertices, edges));
      await mesh.#connect(vertices);
      for (let i = 0; i < mesh.#pairs.length; i += BATCH)
        await mesh.#deliver(mesh.#pairs.slice(i, i + BATCH));
      mesh.#run();
      return mesh;
    } catch (error) {
      await road.destroy();
      throw error;
    }
  }

  private constructor(road: Road, pairs: Pair[]) {
    this.road = road;
    this.#pairs = pairs;
  }

  get url(): string {
    return this.road.url;
  }

  /** Goes on as a mesh does: reports and new connections on some edges, once a second. */
  #run(): void {
    const random = chance(11);
    const beat = async (): Promise<void> => {
      await this.#deliver(this.#pairs.filter(() => random() < 0.2));
      this.#report();
    };
    this.#timer = setInterval(() => void beat().catch(() => {}), 1000);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const agent of this.#agents) agent.kill();
    await this.road.destroy();
  }

  async #connect(vertices: number): Promise<void> {
    for (let node = 0; node < NODES; node++) {
      const name = `node-${node + 1}`;
      const credential = readFileSync(await this.road.credential(name), 'utf8').trim();
      const agent = new FakeAgent({ url: this.url, credential, node: name });
      await agent.connect();
      const own = Array.from({ length: vertices }, (_, vertex) => vertex).filter(
        (vertex) => vertex % NODES === node,
      );
      agent.dictionary({
        full: true,
        workloads: own.map((vertex) => ({
          id: vertex + 1,
          name: `service-${vertex + 1}`,
          namespace: `team-${(vertex % NAMESPACES) + 1}`,
          kind: 'configured',
          system: false,
        })),
      });
      this.#agents.push(agent);
      this.#made.push(0);
    }
    this.#report();
  }

  #report(): void {
    for (const [index, agent] of this.#agents.entries()) agent.report({ made: this.#made[index] ?? 0 });
  }

  /** One connection on each of these pairs, both ends, each from its own node. */
  async #deliver(pairs: readonly Pair[]): Promise<void> {
    const records: Uint8Array[][] = this.#agents.map(() => []);
    const peer = (vertex: number, port: number) => ({
      address: `10.80.${vertex >> 8}.${vertex & 255}`,
      port,
      workload: vertex + 1,
      netns: BigInt(vertex + 1),
    });
    for (const { from, to } of pairs) {
      this.#port = this.#port >= 60_000 ? 20_000 : this.#port + 1;
      const one = new FakeConnection({ client: peer(from, this.#port), server: peer(to, PORT) });
      records[from % NODES]?.push(one.closed('source'));
      records[to % NODES]?.push(one.closed('destination'));
    }
    await Promise.all(
      this.#agents.map(async (agent, index) => {
        const own = records[index] ?? [];
        if (own.length === 0) return;
        this.#made[index] = (this.#made[index] ?? 0) + own.length;
        await agent.deliver(own);
      }),
    );
  }
}
