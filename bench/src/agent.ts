// SPDX-License-Identifier: Apache-2.0
// What the agent itself takes: its drain rate, its CPU at 10,000 connections per second, and its CPU when idle.
import { setTimeout as pause } from 'node:timers/promises';
import { type Benchmark, type Mode, type Row, row } from './bench.js';
import { BUDGETS } from './budgets.js';
import { measureDrain } from './drain-rate.js';
import { Mesh } from './mesh.js';
import { bootstrapMedian, type Estimate } from './statistics.js';
import { loadNamespace, type Place, runLoad, startLoadServer, type Testbed, withTestbed } from './testbed.js';

const PORT = 9000;
const RATE = 10_000;
const ENDS = 2;

/** Holds all records of a full round while the agent is frozen. */
const RING_BYTES = 1 << 26;
const MEMORY_BYTES = 1 << 28;

interface Scene {
  readonly testbed: Testbed;
  readonly place: Place;
  readonly mesh: Mesh;
}

const perSecond = ({ value, low, high }: Estimate): Estimate => ({
  value: 1_000 / value,
  low: 1_000 / high,
  high: 1_000 / low,
});

function drainRows(rounds: number): Row[] {
  const { read, drained } = measureDrain(rounds);
  return [
    row('ring read, nothing else, per core', 'M records/s', perSecond(read)),
    row('ring read, named, framed, sealed, per core', 'M records/s', perSecond(drained), {
      note: 'in one thread, from a real ring filled by a test program; 30,000 records at a time',
    }),
  ];
}

/** CPU of the agent for records that pile up while it is stopped, until all are sent: microseconds per record. */
async function measureBacklog({ testbed, place, mesh }: Scene, connections: number): Promise<number> {
  mesh.freeze(true);
  await runLoad(testbed, { port: PORT, connections, concurrency: 32 }, place);
  const before = mesh.cpuUs().agent;
  mesh.freeze(false);
  await untilQuiet(mesh);
  return (mesh.cpuUs().agent - before) / (connections * ENDS);
}

/** Until the agent takes less than 2 % of a core over half a second. */
async function untilQuiet(mesh: Mesh): Promise<void> {
  for (let spent = Number.POSITIVE_INFINITY; spent > 10_000; ) {
    const before = mesh.cpuUs().agent;
    await pause(500);
    spent = mesh.cpuUs().agent - before;
  }
}

async function busyRows({ testbed, place, mesh }: Scene, seconds: number, idle: number): Promise<Row[]> {
  const load = (duration: number) =>
    runLoad(testbed, { port: PORT, connections: RATE * duration, concurrency: 256, rate: RATE }, place);
  await load(1); // warm-up
  const before = mesh.cpuUs();
  const start = performance.now();
  const { completed } = await load(seconds);
  const elapsed = (performance.now() - start) / 1_000;
  const after = mesh.cpuUs();
  const reached = completed / elapsed;
  const percent = (us: number) => us / elapsed / 10_000;
  const agent = percent(after.agent - before.agent);
  const held = reached >= RATE * 0.95;
  const note = held
    ? `${seconds} s at ${Math.round(reached)} connections/s, both ends recorded, sending included`
    : `scaled up from ${Math.round(reached)} connections/s, the most that was reached: what exceeds idle, in proportion`;
  return [
    {
      what: 'agent at 10,000 connections/s',
      value: held ? agent : idle + ((agent - idle) * RATE) / reached,
      unit: '% of a core',
      budget: BUDGETS.agentBusy,
      note,
    },
    { what: 'the same per connection', value: (after.agent - before.agent) / completed, unit: 'µs' },
  ];
}

async function idleRow(mesh: Mesh, what: string, seconds: number): Promise<Row> {
  await pause(3_000);
  const before = mesh.cpuUs().agent;
  await pause(seconds * 1_000);
  return {
    what,
    value: (mesh.cpuUs().agent - before) / seconds / 10_000,
    unit: '% of a core',
    budget: BUDGETS.agentIdle,
    note: `${seconds} s without a connection in its cgroup; it looks, reports and keeps in touch`,
  };
}

/** An agent with its default settings. */
async function ordinaryRows(scene: Scene, mode: Mode): Promise<Row[]> {
  const { testbed, place, mesh } = scene;
  const [idle, busy, after] = mode.quick ? [5, 4, 5] : [30, 20, 15];
  mode.say(`idle for ${idle} s`);
  const idling = await idleRow(mesh, 'agent, idle', idle);
  const stopServer = await startLoadServer(testbed, PORT, place);
  mode.say(`${RATE} connections/s for ${busy} s`);
  const rows = [idling, ...(await busyRows(scene, busy, idling.value))];
  await stopServer();
  mode.say(`idle again for ${after} s`);
  rows.push(await idleRow(mesh, 'agent, idle after that', after));
  return rows;
}

/** An agent with a ring that holds all records of a round. */
async function backlogRows(scene: Scene, mode: Mode): Promise<Row[]> {
  const { testbed, place } = scene;
  const stopServer = await startLoadServer(testbed, PORT, place);
  const [rounds, connections] = mode.quick ? [4, 15_000] : [7, 60_000];
  mode.say(`a backlog of ${connections} connections, ${rounds} times`);
  const costs: number[] = [];
  await measureBacklog(scene, connections / 4); // warm-up
  for (let round = 0; round < rounds; round++) costs.push(await measureBacklog(scene, connections));
  await stopServer();
  const cost = bootstrapMedian(costs.map((us) => us * 1_000));
  const note =
    'CPU time of its process for a ring that filled up while it was stopped; both ends, other threads included';
  return [row('whole agent, sending included, per core', 'M records/s', perSecond(cost), { note })];
}

async function measure(testbed: Testbed, mode: Mode): Promise<Row[]> {
  mode.say('draining a ring in one thread');
  const rows = drainRows(mode.quick ? 100 : 300);
  const observed = testbed.cgroup('app');
  const place = { namespace: await loadNamespace(testbed), cgroup: observed };
  const withMesh = async (agent: Record<string, unknown>, work: (scene: Scene) => Promise<Row[]>) => {
    const mesh = await Mesh.start(testbed, { observed, collector: 'stand-in', agent });
    try {
      await mesh.attach();
      rows.push(...(await work({ testbed, place, mesh })));
    } finally {
      await mesh.stop();
    }
  };
  await withMesh({ ringBytes: RING_BYTES, memoryBytes: MEMORY_BYTES }, (scene) => backlogRows(scene, mode));
  await withMesh({}, (scene) => ordinaryRows(scene, mode));
  return rows;
}

/** Budget row 9 of the design. */
export const agent: Benchmark = {
  name: 'agent',
  title: 'Agent: draining, 10,000 connections/s, idle',
  run: (mode) => withTestbed('agent', (testbed) => measure(testbed, mode)),
};
