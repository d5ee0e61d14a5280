// SPDX-License-Identifier: Apache-2.0
// How fast records leave a ring: read and nothing else, and on the agent's way, named and in sealed frames.
import { ConnectionRecord, encodeConnectionRecord, RecordEvent, Reporter } from '@undermesh/bpf-abi';
import { clockPairNs, openObject, RingBuffer } from '@undermesh/libbpf-ts';
// The agent's own parts: nobody's API, measured here as they are.
import { Identity } from '../../apps/agent/dist/identity/identity.js';
import { Workloads } from '../../apps/agent/dist/identity/workloads.js';
import { Backlog } from '../../apps/agent/dist/records/backlog.js';
import { Drain } from '../../apps/agent/dist/records/drain.js';
import { FrameBuilder } from '../../apps/agent/dist/records/frame-builder.js';
import { ownCpuNs } from './cpu.js';
import { compileObject } from './objects.js';
import { sampleRecord } from './sample-records.js';
import { bootstrapMedian, type Estimate } from './statistics.js';

const TEMPLATES = 64;
/** What a ring of 8 MiB holds when it is three quarters full. */
const BATCH = 30_000;
const RING_BYTES = 1 << 23;

/** ns of CPU per record. */
export interface DrainRate {
  readonly read: Estimate;
  readonly drained: Estimate;
}

/** Fills a real ring from a test program and empties it, by both ways in turn. */
export function measureDrain(rounds: number): DrainRate {
  const object = openObject(compileObject('fill'));
  try {
    object.setMaxEntries('records', RING_BYTES);
    object.load();
    const key = new Uint8Array(4);
    for (let i = 0; i < TEMPLATES; i++) {
      new DataView(key.buffer).setUint32(0, i, true);
      object.map('templates').update(key, encodeConnectionRecord(template(i)));
    }
    const ring = new RingBuffer(object.map('records'));
    const wanted = new DataView(object.map('.bss').mmap().buffer);
    const fill = () => {
      wanted.setUint32(0, BATCH, true);
      object.program('fill').testRun();
    };
    const ways = { read: readOnly(ring), drained: agentsWay(ring) };
    const times = { read: [] as number[], drained: [] as number[] };
    for (let round = -10; round < rounds; round++) {
      for (const way of ['read', 'drained'] as const) {
        fill();
        const start = ownCpuNs();
        const records = ways[way]();
        const ns = ownCpuNs() - start;
        if (records !== BATCH) throw new Error(`${records} of ${BATCH} records were read`);
        if (round >= 0) times[way].push(ns / BATCH);
      }
    }
    ring.close();
    return { read: bootstrapMedian(times.read), drained: bootstrapMedian(times.drained) };
  } finally {
    object.close();
  }
}

function readOnly(ring: RingBuffer): () => number {
  const target = new Uint8Array(BATCH * ConnectionRecord.BYTES);
  return () => ring.readRecords(target, ConnectionRecord.BYTES).records;
}

function agentsWay(ring: RingBuffer): () => number {
  const identity = new Identity(new Workloads(), {
    rules: [{ cgroup: '**/:namespace/:workload' }],
    systemCgroups: [],
    mount: '/',
    scope: '/',
    tail: (cgroupId: number) => ({ parent: 'shop', name: `workload-${cgroupId}` }),
  });
  const backlog = new Backlog(1 << 28);
  const builder = new FrameBuilder(new Uint8Array(16));
  const drain = new Drain({ source: ring, builder, backlog, identity, clock: clockPairNs });
  return () => {
    const records = drain.run(performance.now());
    drain.cut();
    while (backlog.take() !== undefined); // as the uplink takes them
    backlog.acknowledge(backlog.lastSequence);
    return records;
  };
}

const template = (i: number) =>
  sampleRecord({
    event: RecordEvent.CLOSED,
    reporter: i % 2 === 0 ? Reporter.SOURCE : Reporter.DESTINATION,
    cgroupId: BigInt(1_000_000 + (i % 8)),
    pid: 900_000 + (i % 8),
    connection: i >> 1,
    client: i % 8,
    server: i % 8,
  });
