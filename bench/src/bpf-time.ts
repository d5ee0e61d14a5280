// SPDX-License-Identifier: Apache-2.0
// BPF time per short connection, and per request over kept connections: what the kernel's own program statistics say, less what they cost themselves.
import { enableProgramStats } from '@undermesh/libbpf-ts';
import { type Benchmark, type Mode, type Row, row } from './bench.js';
import { BUDGETS } from './budgets.js';
import { startHttpLoad } from './http-load.js';
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

/** Programs that read HTTP, by the program whose statistics they have to be relieved of. */
const HTTP_EMPTY = { follow_egress: 'empty_egress', follow_ingress: 'empty_ingress' } as const;
type HttpHook = keyof typeof HTTP_EMPTY;
const HTTP_HOOKS = Object.keys(HTTP_EMPTY) as HttpHook[];

/** The same per request over kept connections: runs and time of each program, both ends together. */
async function measureRequests(
  options: { readonly place: Rounds['place']; readonly testbed: Testbed; readonly mode: Mode },
  attach: (cgroup: string) => TimedPrograms,
): Promise<PerConnection[]> {
  const { place, testbed, mode } = options;
  const [rounds, seconds] = mode.quick ? [5, 1] : [9, 2];
  const programs = attach(place.cgroup);
  try {
    const load = await startHttpLoad(testbed, place);
    try {
      await load.run('keep-alive', seconds); // warm-up
      const result: PerConnection[] = [];
      for (let round = 0; round < rounds; round++) {
        const before = programs.times();
        const { requests } = await load.run('keep-alive', seconds);
        const after = programs.times();
        const per = (name: string, member: keyof ProgramTime) =>
          ((after[name]?.[member] ?? 0) - (before[name]?.[member] ?? 0)) / requests;
        result.push(
          Object.fromEntries(
            Object.keys(after).map((name) => [name, { runs: per(name, 'runs'), ns: per(name, 'ns') }]),
          ),
        );
      }
      return result;
    } finally {
      await load.stop();
    }
  } finally {
    programs.close();
  }
}

function requestRows(rounds: PerConnection[], nothing: PerConnection[]): Row[] {
  const empty = (hook: HttpHook) => nsPerRun(nothing, HTTP_EMPTY[hook]);
  const of = (round: PerConnection, hook: HttpHook) => round[hook] ?? { runs: 0, ns: 0 };
  const net = rounds.map((round) =>
    HTTP_HOOKS.reduce((sum, hook) => sum + of(round, hook).ns - of(round, hook).runs * empty(hook), 0),
  );
  return [
    row(
      'reading HTTP: BPF time per request over a kept connection, both ends',
      'µs',
      {
        ...bootstrapMedian(net.map((ns) => ns / 1_000)),
      },
      {
        budget: BUDGETS.httpMicroseconds,
        note: 'less the cost of the statistics, measured with empty programs',
      },
    ),
    ...HTTP_HOOKS.map((hook) => ({
      what: `reading HTTP: ${hook}, per run`,
      value: nsPerRun(rounds, hook) - empty(hook),
      unit: 'ns',
    })),
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
    mode.say('reading HTTP, requests over kept connections');
    const requests = { testbed, place, mode };
    const unread = await measureRequests(requests, observeNothing);
    const read = await measureRequests(requests, (cgroup) =>
      observeCgroup(cgroup, { marks: false, http: true }),
    );
    return [
      ...requestRows(read, unread),
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
  title: 'BPF time per short connection and per request',
  run: (mode) => withTestbed('bpf', (testbed) => measure(testbed, mode)),
};
