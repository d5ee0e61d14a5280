// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { EngineAgent, FakeAgent, FakeConnection } from '@undermesh/collector/test-support';
import type { EngineReport, NativeReport, NativeRoute } from '@undermesh/schema';
import { Road } from '../../tools/testbed/road.mjs';
import { nameOf } from './name.ts';
import { operatorToken } from './operator.ts';

const EVERY_MS = 1000;
/** What clients ask for, as records hold addresses: 10.96.0.10. */
const SERVICE = Uint8Array.from([10, 96, 0, 10, ...Array<number>(12).fill(0)]);
/** Engines as records carry them. */
const KERNEL_NATIVE = 2;
const WORKLOADS = ['front', 'catalogue', 'catalogue-v2', 'orders', 'search'];

/** A route whose hits grow by this much a second. */
interface Growing extends Omit<NativeRoute, 'requests' | 'rejected' | 'limited'> {
  readonly grows: { readonly requests: number; readonly rejected?: number; readonly limited?: number };
}

const CANARY = { number: 771_204_113, service: 'shop/catalogue', route: 'shop/canary', rule: 0 } as const;
const ROUTES: readonly Growing[] = [
  {
    ...CANARY,
    match: 'GET /api/*, header x-canary = yes',
    backend: 'shop/catalogue:8080',
    weight: 90,
    grows: { requests: 180 },
  },
  {
    ...CANARY,
    match: 'GET /api/*, header x-canary = yes',
    backend: 'shop/catalogue-v2:8080',
    weight: 10,
    grows: { requests: 60 },
  },
  {
    ...CANARY,
    number: 771_204_114,
    rule: 1,
    match: '/*',
    backend: 'shop/catalogue:8080',
    weight: 1,
    grows: { requests: 410 },
  },
  {
    number: 88_112,
    service: 'shop/orders',
    route: 'shop/orders',
    rule: 0,
    match: 'POST /orders',
    backend: 'shop/orders:8080',
    weight: 1,
    grows: { requests: 24, limited: 4 },
  },
  {
    number: 88_113,
    service: 'shop/orders',
    route: 'shop/orders',
    rule: 1,
    match: '/admin/*',
    backend: null,
    weight: 0,
    grows: { requests: 1, rejected: 1 },
  },
];
/** Further ones, so that there are more than a page draws. */
const MANY = 1000;

const NOT_EXPRESSIBLE = [
  { service: 'shop/search', reason: 'HTTPRoute shop/search, rule 1: its timeout of 2s needs a waypoint.' },
];

/** What each node says of itself. */
const NODES: Record<
  string,
  { engine: Partial<EngineReport>; native: Omit<NativeReport, 'routes' | 'routesTotal'> }
> = {
  'shop-1': {
    engine: {
      desired: 'kernel-native',
      observed: 'kernel-native',
      configured: 'kernel-native',
      connections: 210,
    },
    native: {
      module: { loaded: true, version: '0.1.0', problem: null },
      fallbacks: [
        { reason: 'stays_foreign', count: 1204 },
        { reason: 'stays_upgraded', count: 31 },
        { reason: 'reason_bare_break', count: 2 },
      ],
      notExpressible: NOT_EXPRESSIBLE,
      notExpressibleTotal: 1,
    },
  },
  'shop-2': {
    engine: { desired: 'dual-engine', observed: 'dual-engine', configured: 'dual-engine', connections: 96 },
    native: {
      module: { loaded: true, version: '0.1.0', problem: null },
      fallbacks: [],
      notExpressible: NOT_EXPRESSIBLE,
      notExpressibleTotal: 1,
    },
  },
  'shop-3': {
    engine: { unavailable: { 'kernel-native': 'no module for 6.1.0-41-amd64: install undermesh-dkms' } },
    native: {
      module: {
        loaded: false,
        version: null,
        problem: 'no module for 6.1.0-41-amd64: install undermesh-dkms',
      },
      fallbacks: [],
      notExpressible: [],
      notExpressibleTotal: 0,
    },
  },
};

/** A collector and three agents without a kernel that tell of kernel-native, over the real protocol. */
export class NativeMesh {
  readonly road: Road;
  readonly token: string;
  readonly #agents = new Map<string, EngineAgent>();
  readonly #many: number;
  #seconds = 0;
  #port = 20_000;
  #timer: NodeJS.Timeout | undefined;

  static open = (): Promise<NativeMesh> => NativeMesh.#open(MANY);

  static async #open(many: number): Promise<NativeMesh> {
    const road = await Road.create(nameOf('native'));
    try {
      const mesh = new NativeMesh(road, operatorToken(road.data, 'm.chen'), many);
      await road.startCollector();
      for (const node of Object.keys(NODES)) await mesh.#connect(node);
      await mesh.#beat();
      mesh.#timer = setInterval(() => void mesh.#beat().catch(() => {}), EVERY_MS);
      return mesh;
    } catch (error) {
      await road.destroy();
      throw error;
    }
  }

  private constructor(road: Road, token: string, many: number) {
    this.road = road;
    this.token = token;
    this.#many = many;
  }

  get url(): string {
    return this.road.url;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const agent of this.#agents.values()) agent.wire.kill();
    await this.road.destroy();
  }

  async #connect(node: string): Promise<void> {
    const credential = readFileSync(await this.road.credential(node), 'utf8').trim();
    const agent = new EngineAgent(new FakeAgent({ url: this.url, credential, node }), NODES[node]?.engine);
    this.#agents.set(node, agent);
    await agent.connect();
    agent.wire.dictionary({
      full: true,
      workloads: WORKLOADS.map((name, at) => ({
        id: at + 1,
        name,
        namespace: 'shop',
        kind: 'kubernetes',
        system: false,
      })),
      services: [{ id: 1, namespace: 'shop', name: 'catalogue' }],
    });
  }

  /** What happens in a second: hits grow, and some requests are seen. */
  async #beat(): Promise<void> {
    this.#seconds++;
    for (const [node, agent] of this.#agents) {
      const of = NODES[node];
      if (of === undefined) continue;
      const routes = node === 'shop-1' ? this.#routes() : [];
      const native = { ...of.native, routes, routesTotal: routes.length };
      agent.wire.report({
        engine: agent.engine,
        native,
        ...(node === 'shop-1' ? { requests: this.#books } : {}),
      });
    }
    await this.#requests();
  }

  get #books() {
    return { made: this.#seconds * 6, lost: {}, waiting: 0 };
  }

  #routes(): NativeRoute[] {
    const some = ROUTES.map(({ grows, ...route }) => ({
      ...route,
      requests: grows.requests * this.#seconds,
      rejected: (grows.rejected ?? 0) * this.#seconds,
      limited: (grows.limited ?? 0) * this.#seconds,
    }));
    const many = Array.from({ length: this.#many }, (_, at) => ({
      ...CANARY,
      number: at + 1,
      service: `team-${at % 40}/app-${at}`,
      route: `team-${at % 40}/app`,
      match: `/v${at}/*`,
      backend: `team-${at % 40}/app-${at}:8080`,
      weight: 1,
      requests: 0,
      rejected: 0,
      limited: 0,
    }));
    return [...some, ...many].slice(0, MANY);
  }

  /** From front to catalogue, along both rules, and along a route that nobody names. */
  async #requests(): Promise<void> {
    const agent = this.#agents.get('shop-1')?.wire;
    if (agent === undefined) return;
    const one = new FakeConnection({
      client: { address: '10.9.0.1', port: ++this.#port, workload: 1 },
      server: { address: '10.9.0.2', port: 8080, workload: 2 },
      lifetimeMs: 900,
    });
    const engine = { engine: KERNEL_NATIVE, originalAddress: SERVICE, originalPort: 80, serviceId: 1 };
    await agent.deliver([one.opened('source', engine), one.opened('destination')]);
    const samples = [
      { status: 200, route: CANARY.number, firstByteUs: 2100, lastByteUs: 2400 },
      { status: 200, route: CANARY.number + 1, firstByteUs: 1800, lastByteUs: 1900 },
      { status: 200, route: CANARY.number + 1, firstByteUs: 1700, lastByteUs: 1800 },
      { status: 503, route: CANARY.number + 1, firstByteUs: 900, lastByteUs: 910 },
      { status: 200, route: 4242, firstByteUs: 3100, lastByteUs: 3300 },
      { status: 200, firstByteUs: 800, lastByteUs: 820 },
    ];
    await agent.deliver([one.http('source', samples, { front: engine })]);
    await agent.deliver([one.closed('source', engine), one.closed('destination')]);
  }
}
