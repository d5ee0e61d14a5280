// SPDX-License-Identifier: Apache-2.0
// Ingest rate, CPU, disk and page latency of the embedded store. Build first; run: node bench/store.bench.mjs [rows]
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConnectionRecord as Field } from '@undermesh/bpf-abi';
import { DuckdbStore } from '../dist/store/duckdb/duckdb-store.js';

const ROWS = Number(process.argv[2] ?? 5_000_000);
const FRAME_ROWS = 1360;
const WINDOW = 400;
const directory = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'undermesh-bench-'));
const out = (text) => process.stdout.write(`${text}\n`);
const store = new DuckdbStore({ directory, maxBytes: 64 * 1024 ** 3, retentionSeconds: 10 ** 9 });
await store.open();
store.putWorkloads(
  Array.from({ length: 40 }, (_, i) => ({
    id: i + 1,
    cluster: 'default',
    namespace: i < 20 ? 'shop' : 'bank',
    name: `w${i + 1}`,
    version: null,
    kind: 'kubernetes',
    system: i === 39,
    external: false,
  })),
);

/** A frame of pairs of ends; identities and times are rewritten for each use. */
function template() {
  const records = new Uint8Array(FRAME_ROWS * Field.BYTES);
  const view = new DataView(records.buffer);
  const local = new Uint32Array(FRAME_ROWS);
  const peer = new Uint32Array(FRAME_ROWS);
  for (let row = 0; row < FRAME_ROWS; row += 2) {
    const [a, b] = [1 + Math.floor(Math.random() * 39), 1 + Math.floor(Math.random() * 39)];
    const [sent, received] = [
      BigInt(Math.floor(Math.random() * 5000)),
      BigInt(Math.floor(Math.random() * 50_000)),
    ];
    const port = 32_768 + Math.floor(Math.random() * 28_000);
    for (const side of [0, 1]) {
      const at = (row + side) * Field.BYTES;
      view.setUint8(at, 1);
      view.setUint8(at + Field.event, 3);
      view.setUint8(at + Field.reporter, 1 + side);
      view.setUint8(at + Field.family, 1);
      view.setUint8(at + Field.reason, 1 + side);
      view.setUint8(at + Field.engine, 1);
      view.setUint16(at + Field.flags, 1, true);
      view.setBigUint64(at + Field.cgroupId, BigInt(1000 + (side ? b : a)), true);
      view.setBigUint64(at + Field.netnsCookie, 3n, true);
      view.setBigUint64(at + Field.sentBytes, side ? received : sent, true);
      view.setBigUint64(at + Field.receivedBytes, side ? sent : received, true);
      view.setUint32(at + Field.localAddress, 0x0a000000 + (side ? b : a));
      view.setUint32(at + Field.peerAddress, 0x0a000000 + (side ? a : b));
      view.setUint32(at + Field.originalAddress, 0x0a000000 + (side ? a : b));
      records.set(Buffer.from(side ? 'payd' : 'node'), at + Field.process);
      view.setUint32(at + Field.connectUs, side ? 0 : Math.floor(Math.random() * 1000), true);
      view.setUint32(at + Field.pid, 1000 + (side ? b : a), true);
      for (const [member, limit] of [
        ['srttUs', 1000],
        ['minRttUs', 300],
        ['segmentsSent', 20],
        ['segmentsReceived', 20],
        ['deliveredSegments', 20],
      ]) {
        view.setUint32(at + Field[member], Math.floor(Math.random() * limit), true);
      }
      view.setUint16(at + Field.localPort, side ? 8443 : port, true);
      view.setUint16(at + Field.peerPort, side ? port : 8443, true);
      view.setUint16(at + Field.originalPort, side ? port : 8443, true);
      local[row + side] = side ? b : a;
      peer[row + side] = side ? a : b;
    }
  }
  return { records, local, peer };
}

const templates = Array.from({ length: 32 }, template);
const nodes = Array.from({ length: 4 }, (_, i) => ({
  node: `n${i}`,
  streamId: String(i).repeat(32),
  sequence: 0n,
}));
const offset = BigInt(Date.now()) * 1_000_000n;
const isns = new Uint32Array(FRAME_ROWS);
let clock = 0n;
let cookie = 0;
/** Spreads rows over the time a real mesh would take: 5 M rows = 15 minutes. */
const NS_PER_ROW = 180_000;

function nextBatch(number) {
  const { records, local, peer } = templates[number % templates.length];
  const words = new Uint32Array(records.buffer);
  randomFillSync(isns);
  for (let row = 0; row < FRAME_ROWS; row++) {
    const at = (row * Field.BYTES) >> 2;
    const time = Number(clock) + row * NS_PER_ROW;
    words[at + 2] = time % 4294967296;
    words[at + 3] = Math.floor(time / 4294967296);
    const opened = Math.max(0, time - 20_000_000 - (isns[row] % 10_000_000));
    words[at + 4] = opened % 4294967296;
    words[at + 5] = Math.floor(opened / 4294967296);
    words[at + 6] = ++cookie;
    words[at + 33] = isns[row & ~1];
    words[at + 34] = isns[row | 1];
  }
  clock += BigInt(FRAME_ROWS * NS_PER_ROW);
  const stream = nodes[number % nodes.length];
  stream.sequence++;
  return {
    node: stream.node,
    cluster: 'default',
    streamId: stream.streamId,
    sequence: stream.sequence,
    abiVersion: 1,
    recordBytes: Field.BYTES,
    count: FRAME_ROWS,
    records,
    realtimeOffsetNs: offset,
    localWorkload: local,
    peerWorkload: peer,
  };
}

const latencies = [];
const queries = [];
let stored = 0;
let done = false;
let lag = 0;
const started = performance.now();
const cpu = process.cpuUsage();
const asking = (async () => {
  while (!done) {
    const from = performance.now();
    const since = new Date(Number((offset + clock) / 1_000_000n) - 60_000).toISOString();
    await store.connections({ limit: 50, histogram: true, from: since });
    queries.push(performance.now() - from);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
})();
let tick = performance.now();
const lagTimer = setInterval(() => {
  lag = Math.max(lag, performance.now() - tick - 10);
  tick = performance.now();
}, 10);
let waiting = 0;
let wake = () => {};
for (let number = 0; number * FRAME_ROWS < ROWS; number++) {
  if (waiting >= WINDOW)
    await new Promise((resolve) => {
      wake = resolve;
    });
  waiting++;
  const from = performance.now();
  void store.append(nextBatch(number)).then(() => {
    waiting--;
    stored += FRAME_ROWS;
    latencies.push(performance.now() - from);
    wake();
  });
  if (number % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
}
while (waiting > 0) await new Promise((resolve) => setTimeout(resolve, 1));
const seconds = (performance.now() - started) / 1000;
const used = process.cpuUsage(cpu);
done = true;
clearInterval(lagTimer);
await asking;
const quantile = (list, q) =>
  [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) * q)] ?? Number.NaN;
const ms = (list) =>
  `p50 ${quantile(list, 0.5).toFixed(0)} ms, p95 ${quantile(list, 0.95).toFixed(0)} ms, worst ${quantile(list, 1).toFixed(0)} ms`;
out(
  `rows ${stored}, ${Math.round(stored / seconds)} rows/s, ${((used.user + used.system) / 1e6 / (stored / 1e6)).toFixed(2)} CPU-s per M rows (making them included)`,
);
out(
  `append ${ms(latencies)}; main thread held up at most ${lag.toFixed(0)} ms; memory ${(process.memoryUsage().rss / 1048576).toFixed(0)} MiB`,
);
out(`queries meanwhile: ${ms(queries)} (${queries.length})`);

async function page(name, query) {
  const times = [];
  let answer;
  for (let i = 0; i < 7; i++) {
    const from = performance.now();
    answer = await store.connections(query);
    times.push(performance.now() - from);
  }
  out(
    `page ${name}: p50 ${quantile(times, 0.5).toFixed(1)} ms, worst ${quantile(times, 1).toFixed(1)} ms, ${answer.items.length} items, matched ${answer.matched}`,
  );
  return answer;
}
const recent = { from: new Date(Number((offset + clock) / 1_000_000n) - 60_000).toISOString() };
const first = await page('newest 100, last minute', { limit: 100, ...recent });
await page('next 100', { limit: 100, ...recent, cursor: first.next });
await page('newest 100, one destination, last minute, histogram', {
  limit: 100,
  ...recent,
  destination: 'shop/w7',
  histogram: true,
});
await page('newest 100, everything', { limit: 100 });
await page('newest 100, everything, histogram', { limit: 100, histogram: true });
await page('source and destination, everything', { limit: 100, source: 'w3', destination: 'w9' });
await page('nothing matches', { limit: 100, process: 'nobody' });
await page('address', { limit: 100, address: '10.0.0.9' });
const someId = first.items[50].id;
const from = performance.now();
const detail = await store.connection(someId);
out(`detail: ${(performance.now() - from).toFixed(1)} ms, ${detail.agreement?.detail}`);
await store.close();
const bytes = readdirSync(directory).reduce(
  (sum, file) => sum + (statSync(join(directory, file)).isFile() ? statSync(join(directory, file)).size : 0),
  0,
);
out(`disk ${(bytes / stored).toFixed(1)} bytes per row`);
rmSync(directory, { recursive: true });
