// SPDX-License-Identifier: Apache-2.0
// What steering costs: CPU per request to a virtual address with the engine ÷ to the server's own address without it, and the
// time in its programs per connection.
import { enableProgramStats } from '@undermesh/libbpf-ts';
import { type Benchmark, type Mode, type Row, row } from './bench.js';
import { BUDGETS } from './budgets.js';
import { workCpuUs } from './cpu.js';
import { HTTP_PORT, type HttpLoad, startHttpLoad } from './http-load.js';
import { observeNothing, type ProgramTime, type TimedPrograms } from './observed-cgroup.js';
import { compare, measurePairs, type Side } from './pairs.js';
import { bootstrapMedian, noiseFloor } from './statistics.js';
import { STEERING_PROGRAMS, steerCgroup } from './steered-cgroup.js';
import { loadNamespace, type Place, type Testbed, withTestbed } from './testbed.js';

const SERVICE = { address: '10.96.0.1', port: 80, endpoint: { address: '127.0.0.1', port: HTTP_PORT } };
const URL = `http://${SERVICE.address}/`;

const WORKLOADS = [
  { kind: 'keep-alive', what: 'request over a kept connection', budget: BUDGETS.steeredKeepAlive },
  { kind: 'short', what: 'short connection with one request', budget: BUDGETS.steeredConnection },
] as const;
type Kind = (typeof WORKLOADS)[number]['kind'];

interface Bed {
  readonly load: HttpLoad;
  readonly app: string;
  readonly mode: Mode;
}

/** Microseconds of CPU per request, steered or not. */
async function slice({ load, app }: Bed, kind: Kind, steered: boolean, seconds: number): Promise<number> {
  const programs = steered ? steerCgroup(app, SERVICE) : undefined;
  try {
    const before = workCpuUs(app);
    const { requests } = await load.run(kind, seconds, steered ? URL : undefined);
    return (workCpuUs(app) - before) / requests;
  } finally {
    programs?.close();
  }
}

async function compareCpu(bed: Bed): Promise<Row[]> {
  const [pairs, seconds] = bed.mode.quick ? [5, 1] : [12, 3];
  const rows: Row[] = [];
  for (const { kind, what, budget } of WORKLOADS) {
    await slice(bed, kind, false, seconds); // warm-up
    bed.mode.say(`${what}: off ÷ off, ${pairs} pairs of ${seconds} s`);
    const floor = compare(await measurePairs(pairs, () => slice(bed, kind, false, seconds)));
    bed.mode.say(`${what}: on ÷ off, ${pairs} pairs of ${seconds} s`);
    const measure = (side: Side) => slice(bed, kind, side === 'on', seconds);
    const comparison = compare(await measurePairs(pairs, measure));
    const noise = noiseFloor(floor.ratio);
    rows.push(
      row(`CPU per ${what}, off ÷ off (A/A)`, '×', floor.ratio, { note: 'the noise floor' }),
      row(`CPU per ${what}, steered ÷ not`, '×', comparison.ratio, { noise, budget }),
      { what: `CPU not steered: ${what}`, value: comparison.off, unit: 'µs' },
      { what: `CPU steered: ${what}`, value: comparison.on, unit: 'µs' },
    );
  }
  return rows;
}

/** Runs and time of each program per short connection, one entry for each round. */
async function timePrograms(
  { load, mode }: Bed,
  programs: TimedPrograms,
  url?: string,
): Promise<Record<string, ProgramTime>[]> {
  const [rounds, seconds] = mode.quick ? [5, 1] : [9, 2];
  const result: Record<string, ProgramTime>[] = [];
  try {
    await load.run('short', seconds, url); // warm-up
    for (let round = 0; round < rounds; round++) {
      const before = programs.times();
      const { requests } = await load.run('short', seconds, url);
      const entries = Object.entries(programs.times()).map(([name, { runs, ns }]) => {
        const past = before[name] ?? { runs: 0, ns: 0 };
        return [name, { runs: (runs - past.runs) / requests, ns: (ns - past.ns) / requests }] as const;
      });
      result.push(Object.fromEntries(entries));
    }
    return result;
  } finally {
    programs.close();
  }
}

const NOTE = 'less the cost of the statistics, measured with an empty program';

async function timeConnections(bed: Bed): Promise<Row[]> {
  const statistics = enableProgramStats();
  try {
    bed.mode.say('empty programs, then the engine: time per short connection');
    const nothing = await timePrograms(bed, observeNothing(bed.app));
    const perRun = (rounds: Record<string, ProgramTime>[], name: string) =>
      bootstrapMedian(rounds.map((round) => (round[name]?.ns ?? 0) / (round[name]?.runs || 1)));
    const empty = perRun(nothing, 'empty_sockops').value;
    const rounds = await timePrograms(bed, steerCgroup(bed.app, SERVICE), URL);
    const net = rounds.map((round) =>
      STEERING_PROGRAMS.reduce(
        (sum, name) => sum + (round[name]?.ns ?? 0) - (round[name]?.runs ?? 0) * empty,
        0,
      ),
    );
    const run = STEERING_PROGRAMS.filter((name) => rounds.some((round) => (round[name]?.runs ?? 0) >= 0.01));
    return [
      row('BPF time per steered connection, both ends', 'µs', bootstrapMedian(net.map((ns) => ns / 1_000)), {
        note: NOTE,
      }),
      ...run.flatMap((name): Row[] => [
        { what: `${name}, per run`, value: perRun(rounds, name).value - empty, unit: 'ns', note: NOTE },
        row(`${name}, runs per connection`, '', bootstrapMedian(rounds.map((r) => r[name]?.runs ?? 0))),
      ]),
    ];
  } finally {
    statistics[Symbol.dispose]();
  }
}

async function measure(testbed: Testbed, mode: Mode): Promise<Row[]> {
  const app = testbed.cgroup('app');
  const place: Place = { namespace: await loadNamespace(testbed), cgroup: app };
  await testbed.run('ip', ['route', 'add', 'unreachable', '10.96.0.0/16'], place);
  const load = await startHttpLoad(testbed, place);
  try {
    const bed = { load, app, mode };
    return [...(await compareCpu(bed)), ...(await timeConnections(bed))];
  } finally {
    await load.stop();
  }
}

/** Budget row 4 of the design. */
export const dualEngine: Benchmark = {
  name: 'dual-engine',
  title: 'CPU and BPF time of steering',
  run: (mode) => withTestbed('dual-engine', (testbed) => measure(testbed, mode)),
};
