// SPDX-License-Identifier: Apache-2.0
// What steering adds to a connect(): time in the engine's programs by the kernel's statistics, less what these take
// themselves, which an empty program on the same hook of the same cgroup tells at the same time.
import { type BpfLink, enableProgramStats, openObject } from '@undermesh/libbpf-ts';
import { type Benchmark, type Mode, type Row, row } from './bench.js';
import { compileObject } from './objects.js';
import { close, opened, type ProgramTime, type TimedPrograms, timed } from './observed-cgroup.js';
import { bootstrapMedian } from './statistics.js';
import { type OneService, steerCgroup } from './steered-cgroup.js';
import { loadNamespace, loadProgram, type Testbed, withTestbed } from './testbed.js';

const PORT = 9000;

interface Family {
  readonly name: string;
  readonly service: OneService;
  /** Hooks that a connection passes, by the engine's programs and the empty ones. */
  readonly hooks: readonly { readonly hook: string; readonly program: string; readonly empty: string }[];
}

const hooksOf = (version: 4 | 6): Family['hooks'] => [
  { hook: `connect${version}`, program: `steer_connect${version}`, empty: `empty_connect${version}` },
  { hook: `getpeername${version}`, program: `show_peername${version}`, empty: `empty_getpeername${version}` },
];

const FAMILIES: readonly Family[] = [
  {
    name: 'IPv4',
    service: { address: '10.96.0.1', port: 80, endpoint: { address: '127.0.0.1', port: PORT } },
    hooks: hooksOf(4),
  },
  {
    name: 'IPv6',
    service: { address: 'fd96::1', port: 80, endpoint: { address: '::1', port: PORT } },
    hooks: hooksOf(6),
  },
];

/** How much is measured. */
export interface ConnectSize {
  readonly rounds: number;
  readonly connects: number;
}

interface Bed {
  readonly testbed: Testbed;
  readonly namespace: string;
  readonly app: string;
}

function doNothing(directory: string, { hooks }: Family): TimedPrograms {
  const object = openObject(compileObject('empty'));
  return opened(object, () => {
    object.load();
    const names = hooks.map(({ empty }) => empty);
    const links: BpfLink[] = names.map((name) => object.program(name).attachCgroup(directory));
    return timed(object, names, () => close(links));
  });
}

/** Connects, asks for the peer, which has to be the address that was asked for, and closes, `count` times. */
async function connectTo(
  { testbed, namespace, app }: Bed,
  { to, listen, count }: Record<'to' | 'listen', { address: string; port: number }> & { count: number },
): Promise<void> {
  const words = [to.address, to.port, listen.address, listen.port, count].map(String);
  const { code, stderr } = await testbed.run(await loadProgram('connects'), words, {
    namespace,
    cgroup: app,
  });
  if (code !== 0) throw new Error(`connections to ${to.address} failed: ${stderr.trim()}`);
}

const none: ProgramTime = { runs: 0, ns: 0 };

/** ns per run of each hook's program, less those of the empty one, round by round. */
async function measureFamily(
  bed: Bed,
  family: Family,
  { rounds, connects }: ConnectSize,
): Promise<{ readonly steered: number[][]; readonly passed: number[] }> {
  const { service, hooks } = family;
  const programs = [doNothing(bed.app, family), steerCgroup(bed.app, service)];
  const times = (): Record<string, ProgramTime> =>
    Object.assign({}, ...programs.map((some) => some.times())) as Record<string, ProgramTime>;
  const perRun = async (to: OneService['endpoint']): Promise<number[]> => {
    const before = times();
    await connectTo(bed, { to, listen: service.endpoint, count: connects });
    const after = times();
    const net = (name: string): number => {
      const [then, now] = [before[name] ?? none, after[name] ?? none];
      if (now.runs - then.runs < connects) throw new Error(`${name} ran ${now.runs - then.runs} times only`);
      return (now.ns - then.ns) / (now.runs - then.runs);
    };
    return hooks.map(({ program, empty }) => net(program) - net(empty));
  };
  try {
    await perRun(service); // warm-up
    const [steered, passed]: [number[][], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      steered.push(await perRun(service));
      passed.push((await perRun(service.endpoint))[0] ?? 0);
    }
    return { steered, passed };
  } finally {
    for (const some of programs) some.close();
  }
}

/** Rows for both families. */
export async function measureConnect(testbed: Testbed, size: ConnectSize, say: Mode['say']): Promise<Row[]> {
  const namespace = await loadNamespace(testbed);
  for (const range of ['10.96.0.0/16', 'fd96::/64'])
    await testbed.run('ip', ['route', 'add', 'unreachable', range], { namespace });
  const bed: Bed = { testbed, namespace, app: testbed.cgroup('app') };
  const statistics = enableProgramStats();
  try {
    const rows: Row[] = [];
    for (const family of FAMILIES) {
      say(`${family.name}: ${size.rounds} rounds of ${size.connects} connections`);
      const { steered, passed } = await measureFamily(bed, family, size);
      const note = 'less the cost of the statistics, by an empty program beside it';
      const ns = (values: number[]) => bootstrapMedian(values);
      const [first] = family.hooks;
      rows.push(
        row(
          `${family.name}: BPF time of a steered connect() and one getpeername()`,
          'ns',
          ns(steered.map((hooks) => hooks.reduce((sum, of) => sum + of, 0))),
          { note },
        ),
        ...family.hooks.map(({ hook }, at) =>
          row(`${hook}, to a service`, 'ns', ns(steered.map((hooks) => hooks[at] ?? 0))),
        ),
        row(`${first?.hook}, to anything else`, 'ns', ns(passed)),
      );
    }
    return rows;
  } finally {
    statistics[Symbol.dispose]();
  }
}

/** A line of the issue on the dual engine. */
export const connect: Benchmark = {
  name: 'connect',
  title: 'BPF time of a connect()',
  run: ({ quick, say }) =>
    withTestbed('connect', (testbed) =>
      measureConnect(testbed, quick ? { rounds: 5, connects: 5_000 } : { rounds: 15, connects: 8_000 }, say),
    ),
};
