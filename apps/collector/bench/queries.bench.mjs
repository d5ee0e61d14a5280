// SPDX-License-Identifier: Apache-2.0
// How long /metrics and /topology take, and for how long they hold the event loop, with many edges.
// node apps/collector/bench/queries.bench.mjs [edges] [minutes of history]
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { RecordColumns } from '@undermesh/bpf-abi';
import { Aggregator } from '../dist/aggregate/aggregator.js';
import { MeshView } from '../dist/aggregate/mesh-view.js';
import { Placements } from '../dist/aggregate/placements.js';
import { Streams } from '../dist/aggregate/streams.js';
import { latencyAnswer } from '../dist/api/latency-answer.js';
import { RequestSeriesTable } from '../dist/export/istio-requests.js';
import { IstioSeriesTable } from '../dist/export/istio-series.js';
import { Prometheus } from '../dist/export/prometheus.js';
import { Ledger } from '../dist/ingest/ledger.js';
import { MemoryStore } from '../dist/store/memory-store.js';
import { boottimeNs, FakeConnection } from '../dist/test-support/index.js';

const [edges = 5000, minutes = 15] = process.argv.slice(2).map(Number);
const placements = new Placements(() => {});
const streams = new Streams(placements, 1000);
const aggregator = new Aggregator(streams, placements, {
  edges: 100_000,
  openEnds: 500_000,
  joins: 1_000_000,
  cells: 5_000_000,
  series: 20_000,
});
const stream = streams.get({ id: 'a'.repeat(32), node: 'node-a', cluster: 'default' });
const side = Math.ceil(Math.sqrt(edges));
const place = (name) =>
  placements.placement(
    placements.workload(
      { cluster: 'default', namespace: `ns-${name.slice(-1)}`, name, version: 'v1' },
      { kind: 'kubernetes', system: false, external: false },
    ),
    stream.node,
  );
const sources = Array.from({ length: side }, (_, i) => place(`client-${i}`));
const destinations = Array.from({ length: side }, (_, i) => place(`server-${i}`));
const now = Date.now();
/** Latencies of an edge wander, so that its histograms are as wide as real ones: factors of 0.5 to 4. */
const wander = (us) => Math.round(us * 2 ** (Math.random() * 3 - 1));
const TURNS = 16;
const locals = [];
for (let edge = 0; edge < edges; edge++) {
  locals.push(sources[edge % side], destinations[Math.floor(edge / side)]);
}
/** One connection with two requests for each edge, as both ends report it: http records, then the ends. */
function turn(number) {
  const http = [];
  const ends = [];
  for (let edge = 0; edge < edges; edge++) {
    const one = new FakeConnection({
      client: { address: '10.0.0.1', port: 1000, workload: 1 },
      server: { address: '10.0.0.2', port: 80, workload: 2 },
      clientIsn: number * edges + edge + 1,
      serverIsn: number * edges + edge + 1,
      lifetimeMs: wander(5 + (edge % 50)),
    });
    for (const side of ['source', 'destination']) {
      const samples = [200, edge % 9 === 0 ? 503 : 200].map((status) => {
        const firstByteUs = wander(1000 + 10 * (edge % 500));
        return { status, firstByteUs, lastByteUs: firstByteUs + wander(400) };
      });
      http.push(one.http(side, samples));
      ends.push(one.closed(side, { srttUs: wander(100 + (edge % 500)), connectUs: wander(120) }));
    }
  }
  return [http, ends].map(
    (records) => new RecordColumns(new Uint8Array(Buffer.concat(records)), records[0].byteLength),
  );
}
const turns = Array.from({ length: TURNS }, (_, number) => turn(number));
let sequence = 0n;
const offset = BigInt(now) * 1_000_000n - boottimeNs();
for (let step = minutes * 6; step >= 0; step--) {
  const at = now - step * 10_000;
  for (const columns of turns[step % TURNS]) {
    aggregator.take({
      columns,
      stream: stream.number,
      sequence: ++sequence,
      from: stream,
      replayed: false,
      arrivedAt: at,
      realtimeOffsetNs: offset - BigInt(step) * 10_000_000_000n,
      locals: Uint32Array.from(locals),
      peers: new Uint32Array(locals.length),
    });
  }
  aggregator.tick(at);
}
const series = new IstioSeriesTable(aggregator.edges.pairs, placements, 20_000);
const ingest = { totals: { rejected: new Map() }, sessions: 0, inFlightBytes: 0 };
const agents = { all: () => [], names: () => [] };
const { codes } = aggregator.requestTally;
const prometheus = new Prometheus({
  series,
  requestSeries: new RequestSeriesTable(codes, aggregator.edges.pairs, placements),
  aggregator,
  agents,
  ledger: new Ledger(null),
  requestLedger: new Ledger(null),
  ingest,
  store: new MemoryStore(),
});
const view = new MeshView(aggregator, placements, { silentNodes: () => new Set() });
view.judgeNow(now);

async function measured(name, work) {
  for (let run = 0; run < 5; run++) await work();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sleep(20);
  delay.reset();
  const before = performance.now();
  const cpu = process.cpuUsage();
  const size = await work();
  const { user, system } = process.cpuUsage(cpu);
  const wallMs = performance.now() - before;
  await sleep(5);
  delay.disable();
  console.log(
    JSON.stringify({
      name,
      edges,
      size,
      wallMs: Math.round(wallMs),
      cpuMs: Math.round((user + system) / 1000),
      longestBlockMs: Math.round(delay.max / 1e6),
    }),
  );
}
await measured('/metrics', async () => {
  let bytes = 0;
  for await (const text of prometheus.write()) bytes += text.length;
  return bytes;
});
const query = {
  level: 'workload',
  windowSeconds: minutes * 60,
  namespaces: new Set(),
  system: true,
  maxVertices: 300,
  maxEdges: 1000,
};
await measured('topology, workload', () => JSON.stringify(view.topology(query, now)).length);
await measured(
  'topology, namespace',
  () => JSON.stringify(view.topology({ ...query, level: 'namespace' }, now)).length,
);
const latency = { view, aggregator, placements, grouping: view.grouping };
const asked = { window: minutes * 60, system: true };
const answer = (query) => JSON.stringify(latencyAnswer(latency, { ...asked, ...query }, now)).length;
await measured('latency, all edges', () => answer({}));
await measured('latency, one service', () => answer({ destination: 'server-0', split: 'status' }));
await measured('verdicts on all levels', () => view.judgeNow(now));
console.log(
  JSON.stringify({
    cells: aggregator.timeline.sealedCells,
    rssMb: Math.round(process.memoryUsage.rss() / 1e6),
  }),
);
