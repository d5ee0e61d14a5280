// SPDX-License-Identifier: Apache-2.0
// What observing costs: CPU per request with the agent attached ÷ without, agent, collector and kernel threads included.
import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark, Mode, Row } from './bench.js';
import { row } from './bench.js';
import { accountsInterruptsApart, cgroupCpuUs, kernelThreadsCpuUs, machineTime } from './cpu.js';
import { availableCollector, Mesh } from './mesh.js';
import { type Loads, startLoads, WORKLOADS, type Workload } from './observe-workloads.js';
import { observeNothing, type TimedPrograms } from './observed-cgroup.js';
import { type Comparison, compare, isAboveNoise, measurePairs, type Side } from './pairs.js';
import { median, noiseFloor } from './statistics.js';
import { loadNamespace, type Testbed, withTestbed } from './testbed.js';

/** One slice, microseconds of CPU per request. */
interface Slice {
  readonly total: number;
  readonly mesh: number;
  readonly kernelThreads: number;
  readonly perSecond: number;
}

const TICK_US = 10_000;
const SETTLE_MS = 700;
/** Under load before each slice, on both sides: what starts and what V8 compiles then is no part of a request. */
const WARM_SECONDS = 2;
const interruptsApart = accountsInterruptsApart();

function readClocks(app: string, mesh: Mesh) {
  const { agent, collector } = mesh.cpuUs();
  const interrupts = interruptsApart ? machineTime().interrupts * TICK_US : 0;
  return { app: cgroupCpuUs(app), mesh: agent + collector, kernel: kernelThreadsCpuUs(), interrupts };
}

interface SliceOptions {
  readonly loads: Loads;
  readonly app: string;
  readonly mesh: Mesh;
  readonly workload: Workload;
  readonly seconds: number;
}

/** What is there while a workload runs: nothing, the whole mesh, or programs that do nothing. */
type Attached = 'nothing' | 'mesh' | 'empty programs';

/** Measures slices of one workload. */
class Slices {
  readonly all: Record<Side, Slice[]> = { on: [], off: [] };
  readonly #with: SliceOptions;
  #attached: Attached = 'nothing';
  #empty: TimedPrograms | undefined;

  constructor(options: SliceOptions) {
    this.#with = options;
  }

  /** Attaches or detaches and warms up first, outside of what is measured. */
  async measure(side: Side, attached: Attached): Promise<number> {
    const { loads, app, mesh, workload, seconds } = this.#with;
    await this.attach(attached);
    await workload.run(loads, Math.min(seconds, WARM_SECONDS));
    const before = readClocks(app, mesh);
    const { requests, perSecond } = await workload.run(loads, seconds);
    const after = readClocks(app, mesh);
    const kernelThreads = after.kernel - before.kernel;
    const own = attached === 'mesh' ? after.mesh - before.mesh : 0; // idle processes of ours are no part of "off"
    const total = after.app - before.app + own + kernelThreads + after.interrupts - before.interrupts;
    this.all[side].push({
      total: total / requests,
      mesh: own / requests,
      kernelThreads: kernelThreads / requests,
      perSecond,
    });
    return total / requests;
  }

  async attach(attached: Attached): Promise<void> {
    if (attached === this.#attached) return;
    const { mesh, app } = this.#with;
    this.#empty?.close();
    this.#empty = undefined;
    if (this.#attached === 'mesh') await mesh.detach();
    if (attached === 'mesh') await mesh.attach();
    if (attached === 'empty programs') this.#empty = observeNothing(app);
    await pause(SETTLE_MS); // its first looks are over
    this.#attached = attached;
  }
}

async function measureWorkloads(testbed: Testbed, mode: Mode): Promise<Row[]> {
  const app = testbed.cgroup('app');
  const place = { namespace: await loadNamespace(testbed), cgroup: app };
  const loads = await startLoads(testbed, place);
  const rows: Row[] = [];
  try {
    for (const workload of WORKLOADS)
      rows.push(...(await measureWorkload(workload, { testbed, mode, app, loads })));
  } finally {
    await loads.stop();
  }
  return rows;
}

async function measureWorkload(
  workload: Workload,
  bed: { readonly testbed: Testbed; readonly mode: Mode; readonly app: string; readonly loads: Loads },
): Promise<Row[]> {
  const { testbed, mode, app, loads } = bed;
  const [pairs, seconds] = mode.quick ? [5, 1] : [12, 3];
  const { what, http } = workload;
  const collector = availableCollector();
  const mesh = await Mesh.start(testbed, { observed: app, collector, agent: { http } });
  try {
    const steal = machineTime();
    const options = { loads, app, mesh, workload, seconds };
    const comparedWith = async (on: Attached): Promise<{ comparison: Comparison; slices: Slices }> => {
      mode.say(`${what}: ${on} ÷ nothing, ${pairs} pairs of ${seconds} s`);
      const slices = new Slices(options);
      const taken = await measurePairs(pairs, (side) => slices.measure(side, side === 'on' ? on : 'nothing'));
      await slices.attach('nothing');
      return { comparison: compare(taken), slices };
    };
    const floor = (await comparedWith('nothing')).comparison;
    const hooks = workload.floor === true ? (await comparedWith('empty programs')).comparison : undefined;
    const { comparison, slices } = await comparedWith('mesh');
    const stolen = stealShare(steal);
    const note = `${pairs} pairs of ${seconds} s${collector === 'real' ? '' : '; collector: stand-in'}; steal ${stolen}`;
    return workloadRows({ workload, floor, hooks, comparison, slices, note });
  } finally {
    await mesh.stop();
  }
}

function workloadRows(of: {
  workload: Workload;
  floor: Comparison;
  hooks: Comparison | undefined;
  comparison: Comparison;
  slices: Slices;
  note: string;
}): Row[] {
  const { workload, floor, hooks, comparison, slices, note } = of;
  const { what, budget } = workload;
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
    ...(hooks === undefined
      ? []
      : [
          row(`CPU per ${what}, programs that do nothing on the same hooks ÷ off`, '×', hooks.ratio, {
            noise,
            note: 'what the hooks cost, whatever is done there',
          }),
        ]),
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
