// SPDX-License-Identifier: Apache-2.0
// What proxies in the path take, and what steering in the kernel takes instead: CPU per request and latency by way of none,
// one and two HAProxies, and of the dual engine, all at the same rate of arrivals.
import { type Benchmark, type Mode, type Row, row } from './bench.js';
import { workCpuUs } from './cpu.js';
import { startL4Proxy } from './l4-proxy.js';
import { type Address, startNginx } from './nginx.js';
import { type OpenLoad, type OpenLoop, runOpenLoop } from './open-loop.js';
import { measureRounds, overRounds, type Round } from './rounds.js';
import { noiseFloor } from './statistics.js';
import { steerCgroup } from './steered-cgroup.js';
import { loadNamespace, type Testbed, withTestbed } from './testbed.js';
import { untilItAnswers } from './until.js';

const SERVER = { address: '127.0.0.1', port: 8080 };
const ONE_HOP = { address: '127.0.0.1', port: 9001 };
const TWO_HOPS = { address: '127.0.0.1', port: 9002 };
const SERVICE = { address: '10.96.0.1', port: 80, endpoint: SERVER };

/** Arms, by where their client connects to. `again`: the first once more, for the noise floor. */
const TARGETS = { direct: SERVER, steered: SERVICE, one: ONE_HOP, two: TWO_HOPS, again: SERVER } as const;
type Arm = keyof typeof TARGETS;
const ARMS = ['direct', 'steered', 'one', 'two', 'again'] as const satisfies readonly Arm[];
const NAMES = {
  direct: 'direct',
  steered: 'dual engine',
  one: 'one hop',
  two: 'two hops',
  again: 'direct',
} as const satisfies Record<Arm, string>;

/** Rates at which the slowest arm leaves both CPUs room. */
const WORKLOADS = [
  { kind: 'keep-alive', perSecond: 4_000, what: 'request over a kept connection' },
  { kind: 'short', perSecond: 1_000, what: 'short connection with one request' },
] as const;
type Workload = (typeof WORKLOADS)[number];

/** How much is measured. */
export interface HopsSize {
  readonly rounds: number;
  readonly seconds: number;
}

/** One arm in one round: its latencies, and CPU of everything per request, microseconds. */
interface Slice extends OpenLoop {
  readonly cpuUs: number;
}

interface Bed {
  readonly testbed: Testbed;
  readonly namespace: string;
  /** Above the cgroups of both ends and of the proxies. */
  readonly app: string;
  readonly ends: string;
}

async function slice(bed: Bed, arm: Arm, load: OpenLoad): Promise<Slice> {
  const { testbed, namespace, app, ends } = bed;
  const programs = arm === 'steered' ? steerCgroup(ends, SERVICE) : undefined;
  try {
    const before = workCpuUs(app);
    const result = await runOpenLoop(testbed, { ...TARGETS[arm], ...load }, { namespace, cgroup: ends });
    return { ...result, cpuUs: (workCpuUs(app) - before) / result.requests };
  } finally {
    programs?.close();
  }
}

function workloadRows({ what, perSecond }: Workload, rounds: readonly Round<Arm, Slice>[]): Row[] {
  const cpu = (on: Arm, off: Arm) => overRounds(rounds, (round) => round[on].cpuUs / round[off].cpuUs);
  const floor = cpu('again', 'direct');
  const noise = noiseFloor(floor);
  const ratio = (on: Arm, off: Arm, note?: string): Row =>
    row(`CPU per ${what}, ${NAMES[on]} ÷ ${NAMES[off]}`, '×', cpu(on, off), {
      noise,
      ...(note === undefined ? {} : { note }),
    });
  const measured = ARMS.filter((arm) => arm !== 'again');
  return [
    row(`CPU per ${what}, direct ÷ direct (A/A)`, '×', floor, { note: 'the noise floor' }),
    ratio('steered', 'direct'),
    ratio('one', 'direct'),
    ratio('two', 'direct'),
    ratio(
      'steered',
      'two',
      `${rounds.length} rounds at ${perSecond.toLocaleString('en-US')}/s, every arm in each`,
    ),
    ...measured.map((arm) => ({
      what: `CPU per ${what}, ${NAMES[arm]}`,
      value: overRounds(rounds, (round) => round[arm].cpuUs).value,
      unit: 'µs',
    })),
    ...measured.map((arm) =>
      row(
        `p99 of a ${what}, ${NAMES[arm]}`,
        'µs',
        overRounds(rounds, (round) => round[arm].p99),
        {
          note: `p50 ${Math.round(overRounds(rounds, (round) => round[arm].p50).value)} µs, from the scheduled moment`,
        },
      ),
    ),
  ];
}

/** Rows for both kinds of load. */
export async function measureHops(testbed: Testbed, size: HopsSize, say: Mode['say']): Promise<Row[]> {
  const namespace = await loadNamespace(testbed);
  const bed: Bed = { testbed, namespace, app: testbed.cgroup('app'), ends: testbed.cgroup('app/ends') };
  const place = { namespace, cgroup: testbed.cgroup('app/hops') };
  await testbed.run('ip', ['route', 'add', 'unreachable', '10.96.0.0/16'], { namespace });
  const running = [
    startNginx(testbed, SERVER, { namespace, cgroup: bed.ends }),
    startL4Proxy(testbed, { listen: ONE_HOP, to: SERVER }, place),
    startL4Proxy(testbed, { listen: TWO_HOPS, to: ONE_HOP }, place),
  ];
  try {
    await untilItAnswers(() => ask(bed, TWO_HOPS));
    const rows: Row[] = [];
    for (const workload of WORKLOADS) {
      say(`${workload.what}: ${ARMS.length} arms, ${size.rounds} rounds of ${size.seconds} s each`);
      const { kind, perSecond } = workload;
      const rounds = await measureRounds({ arms: ARMS, rounds: size.rounds }, (arm, seed) =>
        slice(bed, arm, { kind, perSecond, seconds: size.seconds, seed }),
      );
      rows.push(...workloadRows(workload, rounds));
    }
    return rows;
  } finally {
    for (const program of running) await program.stop();
  }
}

const ask = ({ testbed, namespace, ends }: Bed, target: Address): Promise<OpenLoop> =>
  runOpenLoop(
    testbed,
    { ...target, kind: 'keep-alive', perSecond: 100, seconds: 0.1, seed: 1 },
    { namespace, cgroup: ends },
  );

/** A line of the issue on the dual engine. */
export const hops: Benchmark = {
  name: 'hops',
  title: 'Proxies in the path: none, one, two, and the dual engine',
  run: ({ quick, say }) =>
    withTestbed('hops', (testbed) =>
      measureHops(testbed, quick ? { rounds: 5, seconds: 0.7 } : { rounds: 12, seconds: 1.2 }, say),
    ),
};
