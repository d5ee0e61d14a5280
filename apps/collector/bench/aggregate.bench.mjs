// SPDX-License-Identifier: Apache-2.0
// Records and requests per second and core through decode, checks, join and edges: everything between the socket and the store.
// node apps/collector/bench/aggregate.bench.mjs [connections per frame] [frames] [edges]
import { randomBytes } from 'node:crypto';
import { ABI_VERSION, ConnectionRecord, HTTP_RECORD_SIZES, sampleRoom } from '@undermesh/bpf-abi';
import { decodeFrame, encodeFrame, FRAME_TYPES } from '@undermesh/schema';
import { parseAddress } from '../dist/aggregate/address.js';
import { Aggregator } from '../dist/aggregate/aggregator.js';
import { Placements } from '../dist/aggregate/placements.js';
import { Streams } from '../dist/aggregate/streams.js';
import { Intake } from '../dist/ingest/intake.js';
import { FakeConnection } from '../dist/test-support/index.js';

const [perFrame = 680, frames = 1000, workloads = 40] = process.argv.slice(2).map(Number);
const placements = new Placements(() => {});
const streams = new Streams(placements, 1000);
const limits = { edges: 100_000, openEnds: 500_000, joins: 1_000_000, cells: 1_000_000, series: 20_000 };
const aggregator = new Aggregator(streams, placements, limits);
const intake = new Intake(aggregator, placements);
const stream = streams.get({ id: 'a'.repeat(32), node: 'node-a', cluster: 'default' });
for (let id = 1; id <= workloads; id++) {
  const identity = { cluster: 'default', namespace: 'shop', name: `w${id}`, version: null };
  const workload = placements.workload(identity, { kind: 'process', system: false, external: false });
  stream.placements.set(id, placements.placement(workload, stream.node));
  const namespace = stream.cluster.directory.namespace(stream.node, id, 0);
  stream.cluster.directory.own(parseAddress(`10.0.0.${id}`), stream.node, namespace);
  stream.cluster.directory.listen({
    address: parseAddress('0.0.0.0'),
    port: 8080,
    namespace,
    placement: stream.placements.get(id),
    open: true,
  });
}
// One frame is made and given new sequence numbers, cookies and sizes each time: making is not what is measured.
const records = [];
for (let i = 0; i < perFrame; i++) {
  const at = (n) => 1 + (n % workloads);
  const one = new FakeConnection({
    client: { address: `10.0.0.${at(i)}`, port: 30000 + i, workload: at(i), netns: BigInt(at(i)) },
    server: {
      address: `10.0.0.${at(i * 7 + 3)}`,
      port: 8080,
      workload: at(i * 7 + 3),
      netns: BigInt(at(i * 7 + 3)),
    },
  });
  records.push(one.closed('source'), one.closed('destination'));
}
const payload = Buffer.concat(records);
const words = new Uint32Array(payload.buffer, payload.byteOffset, payload.byteLength / 4);
let cookie = 1;
function renew() {
  const entropy = new Uint32Array(new Uint8Array(randomBytes(perFrame * 8)).buffer);
  for (let i = 0; i < perFrame; i++) {
    for (let end = 0; end < 2; end++) {
      const at = ((i * 2 + end) * ConnectionRecord.BYTES) / 4;
      words[at + ConnectionRecord.clientIsn / 4] = entropy[i * 2];
      words[at + ConnectionRecord.serverIsn / 4] = entropy[i * 2 + 1];
      words[at + ConnectionRecord.socketCookie / 4] = cookie++;
      words[at + ConnectionRecord.sentBytes / 4] = end === 0 ? entropy[i * 2] & 0xffff : 2000;
      words[at + ConnectionRecord.srttUs / 4] = 100 + (entropy[i * 2] & 0x3ff);
    }
  }
}
const headerOf = (recordBytes, recordCount) => ({
  type: FRAME_TYPES.records,
  flags: 0,
  streamId: new Uint8Array(16),
  abiVersion: ABI_VERSION,
  recordBytes,
  recordCount,
});
// CPU time, not wall time: other processes on the machine do not count.
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
let sequence = 0n;
const spent = { all: 0, decode: 0 };
/** Takes one frame; its CPU time counts once the warm-up is over. */
function take(header, bytes, measured) {
  const boottimeNs = process.hrtime.bigint();
  const realtimeNs = BigInt(Date.now()) * 1_000_000n;
  const message = encodeFrame({ ...header, sequence: ++sequence, boottimeNs, realtimeNs }, bytes);
  const before = cpu();
  const decoded = decodeFrame(message);
  const between = cpu();
  intake.take(decoded, stream, Date.now());
  if (!measured) return;
  spent.all += cpu() - before;
  spent.decode += between - before;
}
function report(name, counted, of) {
  const nanoseconds = (spent.all * 1000) / counted;
  console.log(
    JSON.stringify({
      name,
      [of]: counted,
      nsEach: Math.round(nanoseconds),
      crcNsEach: Math.round((spent.decode * 1000) / counted),
      millionPerSecond: Math.round(1e5 / nanoseconds) / 100,
      edges: aggregator.edges.size,
      joins: aggregator.join.size,
      open: aggregator.open.size,
      alone: aggregator.alone,
      held: aggregator.requests.held,
      rssMb: Math.round(process.memoryUsage.rss() / 1e6),
    }),
  );
  spent.all = 0;
  spent.decode = 0;
}

const ends = headerOf(ConnectionRecord.BYTES, perFrame * 2);
for (let frame = 0; frame < frames; frame++) {
  renew();
  take(ends, payload, frame >= frames / 10);
  if (frame % 50 === 0) aggregator.tick(Date.now());
}
report('connections, whole', Math.floor(frames * 0.9) * perFrame * 2, 'records');

// Requests of connections that stay open and are seen from both ends, in records of either size, all of them full.
const random = (below) => Math.floor(Math.random() * below);
const samples = (count) =>
  Array.from({ length: count }, () => ({
    firstByteUs: 200 + random(5_000),
    lastByteUs: 400 + random(9_000),
    status: random(50) === 0 ? 503 : 200,
  }));
const peer = (n, port) => {
  const workload = 1 + (n % workloads);
  return { address: `10.0.0.${workload}`, port, workload, netns: BigInt(workload) };
};
for (const [at, recordBytes] of HTTP_RECORD_SIZES.entries()) {
  const room = sampleRoom(recordBytes);
  const openings = [];
  const requests = [];
  for (let i = 0; i < 133; i++) {
    const one = new FakeConnection({
      client: peer(i, 50_000 + 1_000 * at + i),
      server: peer(i * 7 + 3, 8080),
    });
    for (const side of ['source', 'destination']) {
      openings.push(one.opened(side));
      requests.push(one.http(side, samples(room)));
    }
  }
  take(headerOf(ConnectionRecord.BYTES, openings.length), Buffer.concat(openings), false);
  const httpPayload = Buffer.concat(requests);
  const http = headerOf(recordBytes, requests.length);
  for (let frame = 0; frame < frames; frame++) {
    take(http, httpPayload, frame >= frames / 10);
    if (frame % 50 === 0) aggregator.tick(Date.now());
  }
  report(
    `requests, keep-alive, ${room} in a record`,
    Math.floor(frames * 0.9) * requests.length * room,
    'requests',
  );
}
