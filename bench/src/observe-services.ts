// SPDX-License-Identifier: Apache-2.0
// What observing costs services: a client and a server of Node.js with observed and unobserved connections side by side.
import type { Benchmark, Mode, Row } from './bench.js';
import { row } from './bench.js';
import { BUDGETS } from './budgets.js';
import { workCpuUs } from './cpu.js';
import type { HttpRun } from './http-load.js';
import { availableCollector, Mesh } from './mesh.js';
import { startNodeServer, type Way, WaysClient } from './node-http.js';
import { measureRounds, overRounds, type Round } from './rounds.js';
import { median, noiseFloor } from './statistics.js';
import { loadNamespace, type Testbed, withTestbed } from './testbed.js';
import { untilItAnswers } from './until.js';

const ADDRESS = '127.0.0.1';
const FIRST_PORT = 9002;
/** The ways of a request. */
const ARMS = ['plain', 'observed', 'plain again'] as const;
type Arm = (typeof ARMS)[number];
/** Short, so that all ways of a round meet the same machine, whatever else it does. */
const SLICE_SECONDS = 0.025;
const MESH_SLICE_SECONDS = 3;

interface Size {
  /** Clients and servers, one after another. */
  readonly pairs: number;
  /** Rounds of each. */
  readonly rounds: number;
  /** Until everything of the first is compiled, agent and collector included, and then of each. */
  readonly warmSeconds: { readonly first: number; readonly each: number };
}

const FULL: Size = { pairs: 9, rounds: 350, warmSeconds: { first: 30, each: 4 } };
const QUICK: Size = { pairs: 3, rounds: 100, warmSeconds: { first: 10, each: 2 } };

interface Bed {
  readonly testbed: Testbed;
  readonly app: string;
  readonly observed: string;
  readonly plain: string;
  readonly namespace: string;
  readonly mesh: Mesh;
}

/** What a client and a server gave, microseconds of CPU per request: of both of them in each round, and of the mesh. */
interface Taken {
  readonly rounds: readonly Round<Arm, number>[];
  readonly mesh: number;
}

/** A client and a server of their own. Which way comes first, in their memory and in the rounds, depends on `turn`. */
async function take(bed: Bed, turn: number, size: Size): Promise<Taken> {
  const { testbed, app, namespace } = bed;
  const arms = ARMS.map((_, i) => ARMS[(i + turn) % ARMS.length] ?? 'plain');
  const ways: Way[] = arms.map((arm, i) => ({
    port: FIRST_PORT + i,
    cgroup: arm === 'observed' ? bed.observed : bed.plain,
  }));
  const place = { namespace, cgroup: bed.plain };
  const server = startNodeServer(testbed, ADDRESS, ways, place);
  const client = new WaysClient(testbed, ADDRESS, ways, place);
  try {
    for (const way of ways.keys()) await untilItAnswers(() => client.run(way, 0.1));
    const { first, each } = size.warmSeconds;
    for (const way of ways.keys()) await client.run(way, (turn === 0 ? first : each) / ways.length);
    const mesh = await meshPerRequest(bed, () => client.run(arms.indexOf('observed'), MESH_SLICE_SECONDS));
    const rounds = await measureRounds({ arms, rounds: size.rounds }, async (arm) => {
      const before = workCpuUs(app);
      const { requests } = await client.run(arms.indexOf(arm), SLICE_SECONDS);
      return (workCpuUs(app) - before) / requests;
    });
    return { rounds, mesh };
  } finally {
    await client.stop();
    await server.stop();
  }
}

/** CPU of agent and collector per request while nothing but observed connections is asked over, microseconds. */
async function meshPerRequest({ mesh }: Bed, run: () => Promise<HttpRun>): Promise<number> {
  const before = mesh.cpuUs();
  const { requests } = await run();
  const after = mesh.cpuUs();
  return (after.agent - before.agent + after.collector - before.collector) / requests;
}

async function measure(testbed: Testbed, mode: Mode, http: boolean): Promise<Row[]> {
  const app = testbed.cgroup('app');
  const [observed, plain] = [testbed.cgroup('app/observed'), testbed.cgroup('app/plain')];
  const namespace = await loadNamespace(testbed);
  const size = mode.quick ? QUICK : FULL;
  const mesh = await Mesh.start(testbed, { observed, collector: availableCollector(), agent: { http } });
  try {
    await mesh.attach();
    const taken: Taken[] = [];
    for (let turn = 0; turn < size.pairs; turn++) {
      mode.say(`${http ? 'with HTTP' : 'without HTTP'}: client and server ${turn + 1} of ${size.pairs}`);
      taken.push(await take({ testbed, app, observed, plain, namespace, mesh }, turn, size));
    }
    return rowsOf(taken, size, http);
  } finally {
    await mesh.stop();
  }
}

/**
 * Two processes of the same program differ by some percent for as long as they run, and connections of one by as much: what
 * varies is the median of a client and a server, not a round.
 */
function rowsOf(taken: readonly Taken[], { pairs, rounds }: Size, http: boolean): Row[] {
  const what = http ? 'request between services, with HTTP' : 'request between services';
  const mesh = overRounds(taken, (of) => of.mesh);
  const over = (figure: (round: Round<Arm, number>) => number) =>
    overRounds(taken, (of) => median(of.rounds.map(figure)));
  const floor = over((round) => round['plain again'] / round.plain);
  const whole = over(({ plain, observed }) => (observed + mesh.value) / plain);
  const noise = noiseFloor(floor);
  const shown = Math.abs(whole.value - 1) > noise ? '' : '; no larger than the noise';
  return [
    row(`CPU per ${what}, not observed ÷ not observed (A/A)`, '×', floor, { note: 'the noise floor' }),
    row(`CPU per ${what}, observed ÷ not observed`, '×', whole, {
      noise,
      budget: http ? BUDGETS.keepAliveHttp : BUDGETS.keepAlive,
      note: `${pairs} clients and servers, ${rounds} rounds each${shown}`,
    }),
    row(
      `${what}: CPU of the services, observed ÷ not observed`,
      '×',
      over(({ plain, observed }) => observed / plain),
      {
        noise,
      },
    ),
    row(
      `${what}: CPU of the services, not observed`,
      'µs',
      over(({ plain }) => plain),
    ),
    row(`${what}: agent and collector`, 'µs', mesh, { note: 'while all requests are observed' }),
  ];
}

/** Budget row 1 of the design, on programs as services are. */
export const observeServices: Benchmark = {
  name: 'observe-services',
  title: 'CPU of observing services: observed ÷ not observed connections of the same processes',
  run: async (mode) => {
    const rows: Row[] = [];
    for (const http of [false, true])
      rows.push(...(await withTestbed('services', (testbed) => measure(testbed, mode, http))));
    return rows;
  },
};
