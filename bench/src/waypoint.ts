// SPDX-License-Identifier: Apache-2.0
// Requests that an L7 proxy routes: by way of the dual engine and a waypoint, and by way of a proxy beside the client, the
// same waypoint, and a proxy beside the server. Arrivals at a fixed rate, whether or not answers keep up.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCgroup2Mount } from '@undermesh/libbpf-ts';
import { type Benchmark, type Mode, type Row, row } from './bench.js';
import { BUDGETS } from './budgets.js';
import { workCpuUs } from './cpu.js';
import { startL4Proxy } from './l4-proxy.js';
import { type Address, ROUTE_HEADER, startNginx } from './nginx.js';
import { type OpenLoop, runOpenLoop } from './open-loop.js';
import { measureRounds, overRounds, type Round } from './rounds.js';
import { noiseFloor } from './statistics.js';
import { loadNamespace, type Place, type Road, type Testbed, withRoad, withTestbed } from './testbed.js';
import { untilItAnswers } from './until.js';
import { ROUTE_VALUE, waypointMesh } from './waypoint-mesh.js';

const NODE = 'here';
const PER_SECOND = 1_024;
const PREFIX = '10.99.0.0/24';
const WAYPOINT = { address: '10.99.0.1', optionPort: 15008, proxyPort: 15009 };
/** Ours: an enrolled client and server. Theirs: proxies beside both, nobody enrolled. */
const OURS = { name: 'ours', address: '10.98.0.1', server: { address: '10.99.0.2', port: 8080 } };
const THEIRS = {
  name: 'theirs',
  address: '10.98.0.2',
  server: { address: '10.99.0.3', port: 8080 },
  beside: { address: '10.99.0.3', port: 15006 },
};

/** Arms, by where their client connects to. `again`: the proxies once more, for the noise floor. */
const TARGETS = {
  direct: THEIRS.server,
  proxies: { address: THEIRS.address, port: 80 },
  waypoint: { address: OURS.address, port: 80 },
  again: { address: THEIRS.address, port: 80 },
} as const;
type Arm = keyof typeof TARGETS;
const ARMS = ['direct', 'proxies', 'waypoint', 'again'] as const satisfies readonly Arm[];

/** How much is measured. */
export interface WaypointSize {
  readonly rounds: number;
  readonly seconds: number;
}

/** One arm in one round: its latencies, and CPU of everything on the bed per request, microseconds. */
interface Slice extends OpenLoop {
  readonly cpuUs: number;
}

interface Bed {
  readonly testbed: Testbed;
  readonly namespace: string;
}

/** Who asks: enrolled where the engine is to steer, elsewhere out of the agent's sight. */
const clientOf = ({ testbed, namespace }: Bed, arm: Arm): Place => ({
  namespace,
  cgroup: testbed.cgroup(arm === 'waypoint' ? `${NODE}/shop/client` : 'plain/client'),
});

async function slice(bed: Bed, arm: Arm, seconds: number, seed: number): Promise<Slice> {
  const load = { kind: 'keep-alive', perSecond: PER_SECOND, seconds, seed } as const;
  const before = workCpuUs(bed.testbed.root);
  const result = await runOpenLoop(bed.testbed, { ...TARGETS[arm], ...load }, clientOf(bed, arm));
  return { ...result, cpuUs: (workCpuUs(bed.testbed.root) - before) / result.requests };
}

/** What a request met, by the header that the waypoint's route adds. */
async function met(bed: Bed, arm: Arm): Promise<string> {
  const { address, port } = TARGETS[arm] satisfies Address;
  const words = ['-sSf', '-m', '2', '-D', '-', '-o', '/dev/null', `http://${address}:${port}/`];
  const { code, stdout, stderr } = await bed.testbed.run('curl', words, clientOf(bed, arm));
  if (code !== 0) throw new Error(`a request to ${address}:${port} failed: ${stderr.trim()}`);
  return new RegExp(`^${ROUTE_HEADER}: (\\S+)`, 'im').exec(stdout)?.[1] ?? 'none';
}

async function startAgent(road: Road, { testbed, namespace }: Bed): Promise<void> {
  const mount = findCgroup2Mount();
  const manifests = join(road.state, 'mesh');
  mkdirSync(manifests);
  const services = [
    { ...OURS, endpoint: OURS.server },
    { ...THEIRS, endpoint: THEIRS.beside },
  ];
  writeFileSync(join(manifests, 'mesh.yaml'), waypointMesh(NODE, WAYPOINT, services));
  await road.startAgent(NODE, {
    engine: { default: 'dual-engine', directory: join(road.state, 'engine') },
    mesh: {
      manifests,
      enrol: [testbed.cgroup(`${NODE}/shop`).slice(mount.length)],
      waypoints: {
        run: ['shop/*'],
        cgroup: testbed.cgroup(`${NODE}/way`).slice(mount.length),
        networkNamespace: `/run/netns/${namespace}`,
        trusted: [PREFIX],
      },
    },
  });
}

async function prepare(bed: Bed): Promise<void> {
  const { testbed, namespace } = bed;
  const addresses = [WAYPOINT.address, OURS.server.address, THEIRS.server.address, THEIRS.address];
  for (const address of addresses)
    await testbed.run('ip', ['address', 'add', `${address}/32`, 'dev', 'lo'], { namespace });
  await testbed.run('ip', ['route', 'add', 'unreachable', `${OURS.address}/32`], { namespace });
}

function resultRows(rounds: readonly Round<Arm, Slice>[], seconds: number): Row[] {
  const ratio = (on: Arm, off: Arm, member: keyof Slice) =>
    overRounds(rounds, (round) => round[on][member] / round[off][member]);
  const floors = {
    p50: ratio('again', 'proxies', 'p50'),
    p99: ratio('again', 'proxies', 'p99'),
    cpuUs: ratio('again', 'proxies', 'cpuUs'),
  };
  const judged = (what: string, member: keyof typeof floors, more: Partial<Row> = {}): Row =>
    row(`${what}, waypoint ÷ two proxies + the same waypoint`, '×', ratio('waypoint', 'proxies', member), {
      noise: noiseFloor(floors[member]),
      ...more,
    });
  const names = { direct: 'direct', proxies: 'two proxies + waypoint', waypoint: 'waypoint' } as const;
  return [
    row('p99, two proxies ÷ two proxies (A/A)', '×', floors.p99, { note: 'the noise floor' }),
    judged('p99', 'p99', {
      budget: BUDGETS.waypointTail,
      note:
        `${rounds.length} rounds of ${seconds} s at ${PER_SECOND.toLocaleString('en-US')}/s, the same arrivals in each arm; ` +
        'one HAProxy process is both waypoints, the proxies are HAProxies with the same threads and timeouts, all ' +
        'connections are kept; no TLS; only our ends are observed',
    }),
    judged('p50', 'p50'),
    row(
      'p50 added to direct, waypoint ÷ two proxies + the same waypoint',
      '×',
      overRounds(
        rounds,
        ({ direct, proxies, waypoint }) => (waypoint.p50 - direct.p50) / (proxies.p50 - direct.p50),
      ),
    ),
    judged('CPU per request', 'cpuUs', { note: 'everything there is, agent and collector included' }),
    ...(['direct', 'waypoint', 'proxies'] as const).flatMap((arm) => [
      row(
        `p50, ${names[arm]}`,
        'µs',
        overRounds(rounds, (round) => round[arm].p50),
      ),
      row(
        `p99, ${names[arm]}`,
        'µs',
        overRounds(rounds, (round) => round[arm].p99),
      ),
    ]),
  ];
}

/** Rows of all arms. */
export async function measureWaypoint(
  testbed: Testbed,
  size: WaypointSize,
  say: Mode['say'],
): Promise<Row[]> {
  const bed: Bed = { testbed, namespace: await loadNamespace(testbed) };
  const { namespace } = bed;
  const place = (cgroup: string): Place => ({ namespace, cgroup: testbed.cgroup(cgroup) });
  await prepare(bed);
  const { address, proxyPort: port } = WAYPOINT;
  const running = [
    startNginx(testbed, OURS.server, place(`${NODE}/shop/server`)),
    startNginx(testbed, THEIRS.server, place('plain/server')),
    startL4Proxy(
      testbed,
      { listen: TARGETS.proxies, to: { address, port }, prefaced: true },
      place('plain/proxies'),
    ),
    startL4Proxy(testbed, { listen: THEIRS.beside, to: THEIRS.server }, place('plain/proxies')),
  ];
  try {
    return await withRoad(testbed, NODE, async (road) => {
      await startAgent(road, bed);
      for (const arm of ARMS) {
        const way = arm === 'direct' ? 'none' : ROUTE_VALUE;
        await untilItAnswers(async () => {
          const found = await met(bed, arm);
          if (found !== way) throw new Error(`a request of the arm ${arm} met ${found} instead of ${way}`);
        });
      }
      const { rounds, seconds } = size;
      say(`${ARMS.length} arms, ${rounds} rounds of ${seconds} s each at ${PER_SECOND}/s`);
      const done = await measureRounds({ arms: ARMS, rounds }, (arm, round) =>
        slice(bed, arm, seconds, round),
      );
      return resultRows(done, seconds);
    });
  } finally {
    for (const program of running) await program.stop();
  }
}

/** Budget row 5 of the design. */
export const waypoint: Benchmark = {
  name: 'waypoint',
  title: 'Latency by way of a waypoint, and of two proxies and the same waypoint',
  run: ({ quick, say }) =>
    withTestbed('waypoint', (testbed) =>
      measureWaypoint(testbed, quick ? { rounds: 5, seconds: 1 } : { rounds: 16, seconds: 2 }, say),
    ),
};
