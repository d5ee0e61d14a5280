// SPDX-License-Identifier: Apache-2.0
// How long a switch of engines takes from the click to the moment at which a dashboard hears that the kernel does it: with a
// real agent and a real collector, at rest and beside a load that leaves no CPU idle.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findCgroup2Mount } from '@undermesh/libbpf-ts';
import { type Benchmark, type Mode, type Row, row } from './bench.js';
import { BUDGETS } from './budgets.js';
import { type HttpLoad, startHttpLoad } from './http-load.js';
import { hearEngine, type LiveEngine } from './live-engines.js';
import { bootstrapMedian, bootstrapQuantile, quantile } from './statistics.js';
import { loadNamespace, type Road, type Testbed, withRoad, withTestbed } from './testbed.js';

const NODE = 'here';
/** From one click to the next: the collector takes so many orders within a minute and no more. */
const PAUSE_MS = 200;
type Engine = 'off' | 'dual-engine';

const MANIFEST = `apiVersion: v1
kind: Service
metadata: { name: shop, namespace: shop }
spec:
  clusterIP: 10.98.0.1
  ports: [{ name: tcp, port: 80, targetPort: 8080 }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: shop, namespace: shop, labels: { kubernetes.io/service-name: shop } }
addressType: IPv4
ports: [{ name: tcp, port: 8080 }]
endpoints: [{ addresses: [10.99.0.1] }]
`;

/** How much is measured. */
export interface SwitchSize {
  /** At rest, and as many again under load. */
  readonly switches: number;
}

/** One click: the order to the API, and the first message that says that the kernel does what it says. Milliseconds. */
async function click(road: Road, live: LiveEngine, engine: Engine): Promise<number> {
  const start = performance.now();
  const observed = live.when(
    `${engine} is in force`,
    (now) => now.observed === engine && now.desired === engine && now.state === 'in-force',
  );
  const [end] = await Promise.all([
    observed,
    road.put(`nodes/${NODE}/engine`, { engine, reason: 'measured by a benchmark' }),
  ]);
  return end - start;
}

/** Switches to and fro. */
async function clicks(road: Road, live: LiveEngine, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    times.push(await click(road, live, i % 2 === 0 ? 'off' : 'dual-engine'));
    await pause(PAUSE_MS);
  }
  return times;
}

/** Has wrk run beside the work, over kept and short connections in turn, until it ends. */
async function beside<T>(load: HttpLoad, work: () => Promise<T>): Promise<T> {
  let working = true;
  const loading = (async () => {
    while (working) {
      await load.run('short', 1);
      if (working) await load.run('keep-alive', 1);
    }
  })();
  try {
    return await work();
  } finally {
    working = false;
    await loading;
  }
}

function timeRows(what: string, times: readonly number[], note: string): Row[] {
  const longest = `longest ${Math.round(quantile(times, 1))} ms`;
  return [
    row(`click to observed, ${what}, p50`, 'ms', bootstrapMedian(times)),
    row(`click to observed, ${what}, p99`, 'ms', bootstrapQuantile(times, 0.99), {
      budget: BUDGETS.switchTail,
      note: `${times.length} switches to and fro; ${longest}${note}`,
    }),
  ];
}

async function startAgent(road: Road, testbed: Testbed): Promise<void> {
  const manifests = join(road.state, 'mesh');
  mkdirSync(manifests);
  writeFileSync(join(manifests, 'mesh.yaml'), MANIFEST);
  await road.startAgent(NODE, {
    engine: { default: 'dual-engine', directory: join(road.state, 'engine') },
    mesh: { manifests, enrol: [testbed.cgroup(`${NODE}/shop`).slice(findCgroup2Mount().length)] },
  });
}

/** Rows at rest and under load. */
export async function measureSwitch(
  testbed: Testbed,
  { switches }: SwitchSize,
  say: Mode['say'],
): Promise<Row[]> {
  const place = { namespace: await loadNamespace(testbed), cgroup: testbed.cgroup(`${NODE}/shop`) };
  return withRoad(testbed, NODE, async (road) => {
    await startAgent(road, testbed);
    const load = await startHttpLoad(testbed, place);
    const live = await hearEngine(road.url, NODE);
    try {
      await clicks(road, live, 4); // warm-up
      say(`${switches} switches at rest`);
      const resting = await clicks(road, live, switches);
      say(`${switches} switches beside wrk`);
      const busy = await beside(load, () => clicks(road, live, switches));
      return [
        ...timeRows('at rest', resting, ''),
        ...timeRows(
          'under load',
          busy,
          '; wrk and nginx as fast as they can, observed, on the same CPUs as agent and collector',
        ),
      ];
    } finally {
      live.close();
      await load.stop();
    }
  });
}

/** Budget row 13 of the design. */
export const engineSwitch: Benchmark = {
  name: 'switch',
  title: 'A switch of engines, click to observed',
  run: ({ quick, say }) =>
    withTestbed('switch', (testbed) => measureSwitch(testbed, { switches: quick ? 40 : 150 }, say)),
};
