// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { EngineAgent, FakeAgent } from '@undermesh/collector/test-support';
import type { EngineReport, Hello } from '@undermesh/schema';
import { Road } from '../../tools/testbed/road.mjs';
import { nameOf } from './name.ts';
import { operatorToken } from './operator.ts';

const HOOKS = ['follow_sockops', 'steer_connect4', 'steer_connect6'].map((name) => ({
  name,
  expected: 2,
  attached: 2,
}));
const STEERING = { desired: 'dual-engine', observed: 'dual-engine', configured: 'dual-engine' } as const;

/** What each node says of itself as it connects. */
const NODES: Record<string, { engine: Partial<EngineReport>; hello?: Partial<Hello> }> = {
  able: { engine: { connections: 40, hooks: HOOKS } },
  contested: { engine: {} },
  drifting: {
    engine: {
      ...STEERING,
      hooks: HOOKS.map((hook) => (hook.name === 'steer_connect4' ? { ...hook, attached: 1 } : hook)),
      drift: [
        { what: 'steer_connect4 was detached from /shop', sinceMs: Date.now() - 200_000, mended: false },
      ],
    },
  },
  labelled: {
    engine: { ...STEERING, hooks: HOOKS },
    hello: { labels: { 'undermesh.io/engine': 'dual-engine' } },
  },
  limited: { engine: { unavailable: { 'kernel-native': 'the module is not signed' } } },
  silent: { engine: STEERING },
};

/** A collector and agents without a kernel, one for each state that an engine can be in. */
export class EngineMesh {
  readonly road: Road;
  readonly token: string;
  readonly #agents = new Map<string, EngineAgent>();
  #timer: NodeJS.Timeout | undefined;

  static async open(): Promise<EngineMesh> {
    const road = await Road.create(nameOf('engines'));
    try {
      const mesh = new EngineMesh(road, operatorToken(road.data, 'm.chen'));
      await road.startCollector();
      await Promise.all(Object.keys(NODES).map((node) => mesh.#connect(node)));
      await mesh.agent('silent').leave();
      mesh.#timer = setInterval(() => mesh.#report(), 500);
      return mesh;
    } catch (error) {
      await road.destroy();
      throw error;
    }
  }

  private constructor(road: Road, token: string) {
    this.road = road;
    this.token = token;
  }

  get url(): string {
    return this.road.url;
  }

  agent(node: string): EngineAgent {
    const agent = this.#agents.get(node);
    if (agent === undefined) throw new Error(`there is no node ${node}`);
    return agent;
  }

  /** Orders an engine as somebody else does, past the dashboard. Returns the status. */
  async order(node: string, engine: string, authorization = `Bearer ${this.token}`): Promise<number> {
    const answer = await fetch(`${this.url}/api/v1/nodes/${node}/engine`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', ...(authorization === '' ? {} : { authorization }) },
      body: JSON.stringify({ engine, reason: 'past the dashboard' }),
    });
    return answer.status;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const agent of this.#agents.values()) agent.wire.kill();
    await this.road.destroy();
  }

  async #connect(node: string): Promise<void> {
    const credential = readFileSync(await this.road.credential(node), 'utf8').trim();
    const { engine, hello } = NODES[node] ?? { engine: {} };
    const agent = new EngineAgent(new FakeAgent({ url: this.url, credential, node }), engine);
    this.#agents.set(node, agent);
    await agent.connect(hello);
  }

  #report(): void {
    for (const [node, agent] of this.#agents) if (node !== 'silent') agent.say({});
  }
}
