// SPDX-License-Identifier: Apache-2.0
// Records per second and core through decode, checks, join and edges: everything between the socket and the store.
// node apps/collector/bench/aggregate.bench.mjs [connections per frame] [frames] [edges]
import { randomBytes } from 'node:crypto';
import { ConnectionRecord } from '@undermesh/bpf-abi';
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
const header = {
  type: FRAME_TYPES.records,
  flags: 0,
  streamId: new Uint8Array(16),
  abiVersion: 1,
  recordBytes: ConnectionRecord.BYTES,
  recordCount: perFrame * 2,
};
// CPU time, not wall time: other processes on the machine do not count.
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
let spent = 0;
let decode = 0;
let counted = 0;
for (let frame = 0; frame < frames; frame++) {
  renew();
  const boottimeNs = process.hrtime.bigint();
  const message = encodeFrame(
    { ...header, sequence: BigInt(frame + 1), boottimeNs, realtimeNs: BigInt(Date.now()) * 1_000_000n },
    payload,
  );
  const before = cpu();
  const decoded = decodeFrame(message);
  const between = cpu();
  intake.take(decoded, stream, Date.now());
  if (frame >= frames / 10) {
    spent += cpu() - before;
    decode += between - before;
    counted += perFrame * 2;
  }
  if (frame % 50 === 0) aggregator.tick(Date.now());
}
const perRecord = (spent * 1000) / counted;
console.log(
  JSON.stringify({
    records: counted,
    nsPerRecord: Math.round(perRecord),
    crcNsPerRecord: Math.round((decode * 1000) / counted),
    millionRecordsPerSecond: Math.round(1e5 / perRecord) / 100,
    edges: aggregator.edges.size,
    joins: aggregator.join.size,
    open: aggregator.open.size,
    alone: aggregator.alone,
    rssMb: Math.round(process.memoryUsage.rss() / 1e6),
  }),
);
