// SPDX-License-Identifier: Apache-2.0
// How long the pages' questions take, over a quarter of an hour, a day and a month, with five million records stored.
import { join } from 'node:path';
import { Aggregator } from '../../apps/collector/dist/aggregate/aggregator.js';
import { Checkpoints } from '../../apps/collector/dist/aggregate/checkpoints.js';
import { MeshView } from '../../apps/collector/dist/aggregate/mesh-view.js';
import { Placements } from '../../apps/collector/dist/aggregate/placements.js';
import { Streams } from '../../apps/collector/dist/aggregate/streams.js';
import { edgesAnswer } from '../../apps/collector/dist/api/edges.js';
import { latencyAnswer } from '../../apps/collector/dist/api/latency-answer.js';
import { DuckdbStore } from '../../apps/collector/dist/store/duckdb/duckdb-store.js';
import type { RecordStore } from '../../apps/collector/dist/store/store.js';
import { type Benchmark, type Budget, type Mode, type Row, row } from './bench.js';
import { BUDGETS } from './budgets.js';
import { ownCpuNs } from './cpu.js';
import { DAYS, EDGES, Month } from './month.js';
import { makeScratch } from './scratch.js';
import { bootstrapMedian, type Estimate } from './statistics.js';

const LIMITS = { edges: 100_000, openEnds: 500_000, joins: 1_000_000, cells: 3_000_000, series: 20_000 };
const ADDRESSES = 1_000;

interface Window {
  readonly name: string;
  readonly seconds: number;
  readonly budget: Budget;
}
const WINDOWS: readonly Window[] = [
  { name: '15 minutes', seconds: 900, budget: BUDGETS.quarterHour },
  { name: '24 hours', seconds: 86_400, budget: BUDGETS.day },
  { name: '30 days', seconds: DAYS * 86_400, budget: BUDGETS.month },
];

interface Mesh {
  readonly aggregator: Aggregator;
  readonly placements: Placements;
  readonly streams: Streams;
  readonly view: MeshView;
}

function makeMesh(store: RecordStore): Mesh {
  const placements = new Placements((workload) => store.putWorkloads([workload]));
  const streams = new Streams(placements, ADDRESSES);
  const aggregator = new Aggregator(streams, placements, LIMITS);
  return {
    aggregator,
    placements,
    streams,
    view: new MeshView(aggregator, placements, { silentNodes: () => new Set<string>() }),
  };
}

function checkpointsOf(store: RecordStore, { aggregator, placements, streams }: Mesh): Checkpoints {
  const nobody = new Set<string>();
  const nothing = { marks: () => [], heard: () => nobody, isDurable: () => true };
  return new Checkpoints({ store, aggregator, placements, streams, ...nothing });
}

/** Each answer as the API sends it, text included. */
function questions({ aggregator, placements, view }: Mesh, { seconds }: Window, now: number) {
  const query = { window: seconds };
  const viewQuery = {
    level: 'workload' as const,
    windowSeconds: seconds,
    namespaces: new Set<string>(),
    system: false,
  };
  const latency = { view, aggregator, placements, grouping: view.grouping };
  return {
    topology: () => view.topology({ ...viewQuery, maxVertices: 300, maxEdges: 1_000 }, now),
    'top talkers': () => edgesAnswer(view, { ...query, level: 'workload', order: 'busiest', limit: 20 }, now),
    'heat map': () => latencyAnswer(latency, { ...query, level: 'workload' }, now),
    'heat map of one edge': () =>
      latencyAnswer(
        latency,
        { ...query, level: 'workload', source: 'client-1', destination: 'server-3' },
        now,
      ),
  };
}

/** Wall-clock and CPU time, ms: on a machine that does other things too, only the latter says what an answer costs. */
function timed(answer: () => unknown, runs: number): { readonly wall: Estimate; readonly cpu: Estimate } {
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let run = -3; run < runs; run++) {
    const start = { ms: performance.now(), cpuNs: ownCpuNs() };
    JSON.stringify(answer());
    if (run < 0) continue;
    wall.push(performance.now() - start.ms);
    cpu.push((ownCpuNs() - start.cpuNs) / 1e6);
  }
  return { wall: bootstrapMedian(wall), cpu: bootstrapMedian(cpu) };
}

async function regionRow(store: RecordStore, now: number, runs: number): Promise<Row> {
  const time = (ms: number): string => new Date(ms).toISOString();
  const region = { from: time(now - 900_000), to: time(now), minUs: 20_000, maxUs: 1e9 };
  const ms: number[] = [];
  for (let run = -1; run < runs; run++) {
    const start = performance.now();
    await store.latencyConnections(region);
    if (run >= 0) ms.push(performance.now() - start);
  }
  return row('connections of a region, 15 minutes', 'ms', bootstrapMedian(ms), {
    note: 'from the records themselves: the slowest of 15 minutes against the rest',
  });
}

async function measure(mode: Mode): Promise<Row[]> {
  const scratch = makeScratch();
  const directory = join(scratch.path, 'records');
  const store = new DuckdbStore({ directory, retentionSeconds: 10 ** 9, maxBytes: 64 * 1024 ** 3 });
  try {
    await store.open();
    const mesh = makeMesh(store);
    const { timeline } = mesh.aggregator;
    const month = new Month({ ...mesh, store });
    const now = Math.floor(Date.now() / 60_000) * 60_000;
    await month.feed(now, mode.say);
    mesh.view.judgeNow(now);
    const stored = `${(month.records / 1e6).toFixed(1)} M records stored, ${EDGES} edges`;
    const runs = mode.quick ? 7 : 25;
    const rows: Row[] = [];
    for (const window of WINDOWS) {
      mode.say(`the questions of ${window.name}`);
      for (const [name, answer] of Object.entries(questions(mesh, window, now))) {
        const { budget } = window;
        const { wall, cpu } = timed(answer, runs);
        const note = `${cpu.value.toFixed(1)} ms of CPU; ${stored}`;
        rows.push(row(`${name}, ${window.name}`, 'ms', wall, { budget, note }));
      }
    }
    rows.push(await regionRow(store, now, mode.quick ? 3 : 10));
    mode.say('writing the roll-ups down and taking them up again');
    const writer = checkpointsOf(store, mesh);
    writer.begin();
    let start = performance.now();
    await writer.close();
    const written = performance.now() - start;
    const again = makeMesh(store);
    again.placements.restore(await store.workloads());
    start = performance.now();
    await checkpointsOf(store, again).restore(now);
    const restored = performance.now() - start;
    const edgeHours = `${EDGES} edges: 10 s for an hour, minutes for a day, hours for ${DAYS} days`;
    return [
      ...rows,
      { what: 'roll-ups in memory', value: timeline.sealedBytes / 1e6, unit: 'MB', note: edgeHours },
      {
        what: 'in memory, per edge and bucket',
        value: timeline.sealedBytes / timeline.sealedCells,
        unit: 'bytes',
        note: `${(timeline.sealedCells / 1e6).toFixed(2)} M of them`,
      },
      { what: 'roll-ups on disk', value: store.stats().rollups.bytes / 1e6, unit: 'MB' },
      {
        what: 'all of them written down',
        value: written,
        unit: 'ms',
        note: 'once; after that what changes in a minute',
      },
      { what: 'taken up again by a restart', value: restored, unit: 'ms' },
    ];
  } finally {
    await store.close();
    scratch.remove();
  }
}

/** Line 6 of the issue on latency, and row 12 of the design's budgets. */
export const queries: Benchmark = {
  name: 'queries',
  title: 'Questions: topology, top talkers and heat map over three windows',
  run: measure,
};
