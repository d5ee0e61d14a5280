// SPDX-License-Identifier: Apache-2.0
// What observing costs: CPU per request with the agent attached ÷ without, agent, collector and kernel threads included.
import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark, Budget, Mode, Row } from './bench.js';
import { row } from './bench.js';
import { BUDGETS } from './budgets.js';
import { accountsInterruptsApart, cgroupCpuUs, kernelThreadsCpuUs, machineTime } from './cpu.js';
import { HTTP_PORT, type HttpLoad, startHttpLoad } from './http-load.js';
import { startHttpProxy } from './http-proxy.js';
import { availableCollector, Mesh } from './mesh.js';
import { type Comparison, compare, isAboveNoise, measurePairs, type Side } from './pairs.js';
import { median, noiseFloor } from './statistics.js';
import { loadNamespace, type Testbed, withTestbed } from './testbed.js';
import { untilItAnswers } from './until.js';

interface Workload {
  readonly kind: 'keep-alive' | 'short';
  readonly http: boolean;
  /** Where it is asked for, if not at nginx itself. */
  readonly url?: string;
  readonly what: string;
  readonly budget: Budget | undefined;
}

const KEPT = 'request over a kept connection';
const PROXIED = 'request by way of HAProxy, two kept connections';
const SHORT = 'short connection with one request';
const PROXY = { address: '127.0.0.1', port: 9001 } as const;
const PROXY_URL = `http://${PROXY.address}:${PROXY.port}/`;
/**
 * `http`: with the agent's default setting, which is to read HTTP as well. nginx answers from memory and wrk reads next to
 * nothing of it: no request is cheaper, and no share of ours larger. By way of a proxy there is more on both sides: twice
 * the connections and ends, and a program that does some work for each request.
 */
const WORKLOADS: readonly Workload[] = [
  { kind: 'keep-alive', http: false, what: KEPT, budget: BUDGETS.keepAlive },
  { kind: 'keep-alive', http: true, what: `${KEPT}, with HTTP`, budget: BUDGETS.keepAliveHttp },
  {
    kind: 'keep-alive',
    http: true,
    url: PROXY_URL,
    what: `${PROXIED}, with HTTP`,
    budget: BUDGETS.keepAliveHttp,
  },
  { kind: 'short', http: false, what: SHORT, budget: BUDGETS.shortConnection },
  { kind: 'short', http: true, what: `${SHORT}, with HTTP`, budget: undefined },
];

/** One slice, microseconds of CPU per request. */
interface Slice {
  readonly total: number;
  readonly mesh: number;
  readonly kernelThreads: number;
  readonly perSecond: number;
}

const TICK_US = 10_000;
const SETTLE_MS = 700;
const interruptsApart = accountsInterruptsApart();

function readClocks(app: string, mesh: Mesh) {
  const { agent, collector } = mesh.cpuUs();
  const interrupts = interruptsApart ? machineTime().interrupts * TICK_US : 0;
  return { app: cgroupCpuUs(app), mesh: agent + collector, kernel: kernelThreadsCpuUs(), interrupts };
}

interface SliceOptions {
  readonly load: HttpLoad;
  readonly app: string;
  readonly mesh: Mesh;
  readonly workload: Workload;
  readonly seconds: number;
}

/** Measures slices of one workload. */
class Slices {
  readonly all: Record<Side, Slice[]> = { on: [], off: [] };
  readonly #with: SliceOptions;
  #attached = false;

  constructor(options: SliceOptions) {
    this.#with = options;
  }

  /** Attaches or detaches first, outside of what is measured. */
  async measure(side: Side, attached: boolean): Promise<number> {
    const { load, app, mesh, workload, seconds } = this.#with;
    await this.attach(attached);
    const before = readClocks(app, mesh);
    const { requests, perSecond } = await load.run(workload.kind, seconds, workload.url);
    const after = readClocks(app, mesh);
    const kernelThreads = after.kernel - before.kernel;
    const own = attached ? after.mesh - before.mesh : 0; // idle processes of ours are no part of "off"
    const total = after.app - before.app + own + kernelThreads + after.interrupts - before.interrupts;
    this.all[side].push({
      total: total / requests,
      mesh: own / requests,
      kernelThreads: kernelThreads / requests,
      perSecond,
    });
    return total / requests;
  }

  async attach(attached: boolean): Promise<void> {
    if (attached === this.#attached) return;
    await (attached ? this.#with.mesh.attach() : this.#with.mesh.detach());
    await pause(SETTLE_MS); // its first looks are over
    this.#attached = attached;
  }
}

async function measureWorkloads(testbed: Testbed, mode: Mode): Promise<Row[]> {
  const [pairs, seconds] = mode.quick ? [5, 1] : [12, 3];
  const app = testbed.cgroup('app');
  const place = { namespace: await loadNamespace(testbed), cgroup: app };
  const collector = availableCollector();
  const load = await startHttpLoad(testbed, place);
  const server = { address: '127.0.0.1', port: HTTP_PORT };
  const proxy = startHttpProxy(testbed, { listen: PROXY, to: server }, place);
  const rows: Row[] = [];
  try {
    await untilItAnswers(() => load.run('keep-alive', 1, PROXY_URL));
    for (const workload of WORKLOADS) {
      const { kind, http, url, what, budget } = workload;
      const mesh = await Mesh.start(testbed, { observed: app, collector, agent: { http } });
      try {
        const steal = machineTime();
        const options = { load, app, mesh, workload, seconds };
        mode.say(`${what}: off ÷ off, ${pairs} pairs of ${seconds} s`);
        await load.run(kind, seconds, url); // warm-up
        const same = new Slices(options);
        const floor = compare(await measurePairs(pairs, (side) => same.measure(side, false)));
        mode.say(`${what}: on ÷ off, ${pairs} pairs of ${seconds} s`);
        const slices = new Slices(options);
        const comparison = compare(await measurePairs(pairs, (side) => slices.measure(side, side === 'on')));
        await slices.attach(false);
        const stolen = stealShare(steal);
        const note = `${pairs} pairs of ${seconds} s${collector === 'real' ? '' : '; collector: stand-in'}; steal ${stolen}`;
        rows.push(...workloadRows({ what, budget, floor, comparison, slices, note }));
      } finally {
        await mesh.stop();
      }
    }
  } finally {
    await proxy.stop();
    await load.stop();
  }
  return rows;
}

function workloadRows(of: {
  what: string;
  budget: Budget | undefined;
  floor: Comparison;
  comparison: Comparison;
  slices: Slices;
  note: string;
}): Row[] {
  const { what, budget, floor, comparison, slices, note } = of;
  const noise = noiseFloor(floor.ratio);
  const { on, off } = slices.all;
  const middle = (values: Slice[], member: keyof Slice) => median(values.map((slice) => slice[member]));
  const shown = isAboveNoise(comparison, floor) ? '' : '; no larger than the noise';
  const context = (label: string, value: number, unit: string): Row => ({
    what: `${what}: ${label}`,
    value,
    unit,
  });
  return [
    row(`CPU per ${what}, off ÷ off (A/A)`, '×', floor.ratio, { note: 'the noise floor' }),
    row(`CPU per ${what}, on ÷ off`, '×', comparison.ratio, {
      noise,
      ...(budget === undefined ? {} : { budget }),
      note: `${note}${shown}`,
    }),
    context('CPU off', comparison.off, 'µs'),
    context('CPU on', comparison.on, 'µs'),
    context('of which agent and collector', middle(on, 'mesh'), 'µs'),
    context('kernel threads, off', middle(off, 'kernelThreads'), 'µs'),
    context('kernel threads, on', middle(on, 'kernelThreads'), 'µs'),
    context('rate off', middle(off, 'perSecond'), '/s'),
    context('rate on', middle(on, 'perSecond'), '/s'),
  ];
}

function stealShare(before: ReturnType<typeof machineTime>): string {
  const after = machineTime();
  return `${((100 * (after.steal - before.steal)) / Math.max(1, after.total - before.total)).toFixed(1)} %`;
}

/** Budget rows 1 and 2 of the design. */
export const observeCpu: Benchmark = {
  name: 'observe-cpu',
  title: 'CPU of observing: on ÷ off',
  run: (mode) => withTestbed('observe', (testbed) => measureWorkloads(testbed, mode)),
};
