// SPDX-License-Identifier: Apache-2.0
// BPF time per short connection: what the kernel's own program statistics say, less what they cost themselves.
import { enableProgramStats } from '@undermesh/libbpf-ts';
import { type Benchmark, type Mode, type Row, row } from './bench.js';
import { BUDGETS } from './budgets.js';
import { observeCgroup, observeNothing, type ProgramTime, type TimedPrograms } from './observed-cgroup.js';
import { bootstrapMedian } from './statistics.js';
import { loadNamespace, type Place, runLoad, startLoadServer, type Testbed, withTestbed } from './testbed.js';

const PORT = 9000;
const CONCURRENCY = 16;

/** One round: runs and time of each program per connection, both ends together. */
type PerConnection = Record<string, ProgramTime>;

interface Rounds {
  readonly testbed: Testbed;
  readonly place: Place & { readonly cgroup: string };
  readonly rounds: number;
  readonly connections: number;
}

/** The server starts after the programs are attached: its listener is seen, as in an agent's ordinary life. */
async function measureRounds(
  options: Rounds,
  attach: (cgroup: string) => TimedPrograms,
): Promise<PerConnection[]> {
  const { testbed, place, rounds, connections } = options;
  const programs = attach(place.cgroup);
  try {
    const stopServer = await startLoadServer(testbed, PORT, place);
    const load = (count: number) =>
      runLoad(testbed, { port: PORT, connections: count, concurrency: CONCURRENCY }, place);
    await load(Math.ceil(connections / 4)); // warm-up
    const result: PerConnection[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = programs.times();
      await load(connections);
      const after = programs.times();
      result.push(
        Object.fromEntries(
          Object.entries(after).map(([name, { runs, ns }]) => [
            name,
            {
              runs: (runs - (before[name]?.runs ?? 0)) / connections,
              ns: (ns - (before[name]?.ns ?? 0)) / connections,
            },
          ]),
        ),
      );
    }
    await stopServer();
    return result;
  } finally {
    programs.close();
  }
}

const nsPerRun = (rounds: PerConnection[], name: string): number =>
  bootstrapMedian(rounds.map((round) => (round[name]?.ns ?? 0) / Math.max(round[name]?.runs ?? 1, 1e-9)))
    .value;

/** The statistics' own time per run, by the program whose hook it stands for. */
const EMPTY = { observe_sockops: 'empty_sockops', observe_state: 'empty_state' } as const;
type Hook = keyof typeof EMPTY;
const HOOKS = Object.keys(EMPTY) as Hook[];

function variantRows(
  label: string,
  rounds: PerConnection[],
  empty: Record<Hook, number>,
  judged: boolean,
): Row[] {
  const of = (round: PerConnection, hook: Hook) => round[hook] ?? { runs: 0, ns: 0 };
  const net = rounds.map((round) =>
    HOOKS.reduce((sum, hook) => sum + of(round, hook).ns - of(round, hook).runs * empty[hook], 0),
  );
  const raw = rounds.map((round) => HOOKS.reduce((sum, hook) => sum + of(round, hook).ns, 0));
  const us = (values: number[]) => bootstrapMedian(values.map((ns) => ns / 1_000));
  return [
    row(`${label}: BPF time per connection, both ends`, 'µs', us(net), {
      ...(judged ? { budget: BUDGETS.bpfMicroseconds } : {}),
      note: 'less the cost of the statistics, measured with empty programs',
    }),
    row(`${label}: as counted`, 'µs', us(raw)),
    ...HOOKS.flatMap((hook) => [
      row(
        `${label}: ${hook}, runs per connection`,
        '',
        bootstrapMedian(rounds.map((round) => of(round, hook).runs)),
      ),
      { what: `${label}: ${hook}, per run`, value: nsPerRun(rounds, hook) - empty[hook], unit: 'ns' },
    ]),
  ];
}

async function measure(testbed: Testbed, mode: Mode): Promise<Row[]> {
  const place = { namespace: await loadNamespace(testbed), cgroup: testbed.cgroup('app') };
  const [rounds, connections] = mode.quick ? [5, 8_000] : [9, 20_000];
  const options = { testbed, place, rounds, connections };
  const statistics = enableProgramStats();
  try {
    mode.say(`empty programs, ${rounds} rounds of ${connections} connections`);
    const nothing = await measureRounds(options, observeNothing);
    const empty = {
      observe_sockops: nsPerRun(nothing, 'empty_sockops'),
      observe_state: nsPerRun(nothing, 'empty_state'),
    };
    mode.say('observing, one agent on the machine');
    const alone = await measureRounds(options, (cgroup) => observeCgroup(cgroup, { marks: false }));
    mode.say('observing, below an outer agent: sockets are marked');
    const nested = await measureRounds(options, (cgroup) => observeCgroup(cgroup, { marks: true }));
    return [
      ...variantRows('one agent', alone, empty, true),
      ...variantRows('nested agents', nested, empty, true),
      {
        what: 'empty sockops program, per run',
        value: empty.observe_sockops,
        unit: 'ns',
        note: 'what the statistics cost',
      },
      { what: 'empty tracepoint program, per run', value: empty.observe_state, unit: 'ns' },
    ];
  } finally {
    statistics[Symbol.dispose]();
  }
}

/** Budget row 3 of the design. */
export const bpfTime: Benchmark = {
  name: 'bpf-time',
  title: 'BPF time per short connection',
  run: (mode) => withTestbed('bpf', (testbed) => measure(testbed, mode)),
};
