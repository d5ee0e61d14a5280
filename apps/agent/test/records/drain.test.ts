// SPDX-License-Identifier: Apache-2.0
import {
  ConnectionRecord,
  HTTP_RECORD_SIZES,
  HttpLongRecord,
  HttpRecord,
  RecordColumns,
  RecordEvent,
  RecordFlag,
} from '@undermesh/bpf-abi';
import { AGENT_PAYLOAD_BYTES, decodeFrame } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import { Identity } from '../../src/identity/identity.js';
import { Workloads } from '../../src/identity/workloads.js';
import { Backlog } from '../../src/records/backlog.js';
import { Drain } from '../../src/records/drain.js';
import { FrameBuilder, FrameMemory } from '../../src/records/frame-builder.js';
import { balance } from '../../src/records/ledger.js';
import { TestRing } from './test-ring.js';

const HTTP_PER_FRAME = Math.floor(AGENT_PAYLOAD_BYTES / HttpRecord.BYTES);
const PER_FRAME = Math.floor(AGENT_PAYLOAD_BYTES / ConnectionRecord.BYTES);
const { OPENED, PROGRESS, CLOSED, FAILED } = RecordEvent;

function setUp(memoryBytes = 1 << 30) {
  const source = new TestRing();
  const workloads = new Workloads();
  const options = { rules: [], systemCgroups: [], mount: '/nowhere', scope: '/', tail: () => undefined };
  const identity = new Identity(workloads, { ...options, processes: '/nowhere' });
  const memory = new FrameMemory();
  const builder = new FrameBuilder(new Uint8Array(16).fill(7), { memory });
  const backlog = new Backlog(memoryBytes, { onFree: (message) => memory.give(message) });
  const clock = () => ({ boottime: 5_000_000_000n, realtime: 6_000_000_000n });
  const requests = HTTP_RECORD_SIZES.map(
    (recordBytes) => new FrameBuilder(new Uint8Array(16).fill(7), { memory, recordBytes }),
  );
  /** Sample counts of http records in the order that they were named in. */
  const seen: number[] = [];
  const onRecord = (words: Uint32Array, at: number, http: boolean) => {
    if (http) seen.push((words[at + (HttpRecord.sampleCount >> 2)] ?? 0) & 0xff);
  };
  const drain = new Drain({ source, builder, requests, backlog, identity, clock, onRecord });
  return { source, workloads, backlog, builder, drain, seen };
}

describe('drain', () => {
  it('packs records into sealed frames, named, in sequence, ends counted', () => {
    const { source, workloads, backlog, drain } = setUp();
    source.write(OPENED, 2);
    source.write(CLOSED, PER_FRAME);
    source.write(FAILED, 3);
    expect(drain.run(0)).toBe(PER_FRAME + 5);
    expect(backlog.frames).toBe(1);
    drain.cut();
    expect(backlog.frames).toBe(2);
    expect(backlog.ends).toBe(PER_FRAME + 3);
    const first = decodeFrame(backlog.take() ?? new Uint8Array());
    const second = decodeFrame(backlog.take() ?? new Uint8Array());
    expect([first.sequence, second.sequence]).toEqual([1n, 2n]);
    expect([first.recordCount, second.recordCount]).toEqual([PER_FRAME, 5]);
    expect(first.boottimeNs).toBe(5_000_000_000n);
    expect([...first.streamId]).toEqual(Array(16).fill(7));
    const columns = new RecordColumns(second.payload, second.recordBytes);
    expect(workloads.get(columns.u32(4, ConnectionRecord.workloadId))?.name).toBe('shop');
    expect(columns.u8(4, ConnectionRecord.event)).toBe(FAILED);
  });

  it('fills the memory of acknowledged frames again, and never that of waiting ones', () => {
    const { source, backlog, drain } = setUp();
    source.write(CLOSED, 3 * PER_FRAME);
    drain.run(0);
    const frames = [backlog.take(), backlog.take(), backlog.take()];
    backlog.acknowledge(1n);
    source.write(FAILED, 2 * PER_FRAME);
    drain.run(1);
    const [, second, third] = frames;
    for (const message of [second, third, backlog.take(), backlog.take()]) {
      expect(() => decodeFrame(message ?? new Uint8Array())).not.toThrow();
    }
    expect(new RecordColumns(decodeFrame(second ?? new Uint8Array()).payload, 192).u8(5, 1)).toBe(CLOSED);
  });

  it('puts http records into frames of their own, before the ends of their connections, and books their requests', () => {
    const { source, workloads, backlog, drain } = setUp();
    source.writeHttp(HTTP_PER_FRAME + 2, 8);
    source.write(CLOSED, 5);
    expect(drain.run(0)).toBe(HTTP_PER_FRAME + 7);
    drain.cut();
    const frames = [backlog.take(), backlog.take(), backlog.take()].map((message) =>
      decodeFrame(message ?? new Uint8Array()),
    );
    expect(
      frames.map(({ sequence, recordBytes, recordCount }) => [sequence, recordBytes, recordCount]),
    ).toEqual([
      [1n, HttpRecord.BYTES, HTTP_PER_FRAME],
      [2n, HttpRecord.BYTES, 2],
      [3n, ConnectionRecord.BYTES, 5],
    ]);
    const columns = new RecordColumns(frames[1]?.payload ?? new Uint8Array(), HttpRecord.BYTES);
    expect(workloads.get(columns.u32(1, ConnectionRecord.workloadId))?.name).toBe('shop');
    expect(backlog.ends).toBe(5);
    expect(drain.book.held).toBe(8 * (HTTP_PER_FRAME + 2));
    drain.book.settle(1n);
    expect([drain.book.held, drain.book.acknowledged]).toEqual([16, 8 * HTTP_PER_FRAME]);
  });

  it('takes http records of both sizes in the order that they were made in', () => {
    const { source, backlog, drain, seen } = setUp();
    for (const samples of [3, 48, 5, 9, 8]) source.writeHttp(1, samples);
    drain.run(0);
    drain.cut();
    expect(seen).toEqual([3, 48, 5, 9, 8]);
    const frames = [backlog.take(), backlog.take()].map((message) =>
      decodeFrame(message ?? new Uint8Array()),
    );
    expect(frames.map(({ recordBytes, recordCount }) => [recordBytes, recordCount])).toEqual([
      [HttpRecord.BYTES, 3],
      [HttpLongRecord.BYTES, 2],
    ]);
    expect(drain.book.held).toBe(73);
  });

  it('counts the requests of http records that find no room', () => {
    const { source, drain } = setUp(1000);
    source.writeHttp(3, 5);
    drain.run(0);
    drain.cut();
    expect(drain.book.lost.agent_memory).toBe(15);
    expect(drain.recordsLost).toBe(3);
  });

  it('keeps a frame open across runs until it is cut', () => {
    const { source, backlog, drain } = setUp();
    source.write(CLOSED, 10);
    drain.run(1_000);
    source.write(CLOSED, 10);
    drain.run(1_050);
    expect(backlog.frames).toBe(0);
    expect(drain.ageMs(1_100)).toBe(100);
    drain.cut();
    expect(backlog.frames).toBe(1);
    expect(drain.ageMs(1_200)).toBe(0);
    drain.cut();
    expect(backlog.frames).toBe(1);
  });

  it('drops the newest when memory is full and counts exactly the ends among them', () => {
    const frameBytes = 64 + PER_FRAME * ConnectionRecord.BYTES + 512;
    const { source, backlog, drain, builder } = setUp(2 * frameBytes);
    let made = 0;
    for (let round = 0; round < 40; round++) {
      source.write(CLOSED, 97);
      source.write(FAILED, 5);
      source.write(OPENED, 41);
      source.write(PROGRESS, 13);
      made += 102;
      drain.run(round);
      const ledger = balance(
        { endsEmitted: made, endsLostRingFull: 0 },
        {
          acknowledged: backlog.acknowledgedEnds,
          held: backlog.ends + builder.ends,
          lost: drain.endsLost,
        },
      );
      expect(ledger.waiting).toBe(backlog.ends + builder.ends);
      expect(ledger.made).toBe(ledger.acknowledged + ledger.waiting + (ledger.lost.agent_memory ?? 0));
    }
    expect(drain.endsLost.agent_memory).toBeGreaterThan(0);
    expect(backlog.bytes).toBeLessThanOrEqual(2 * frameBytes);
    // Room again: sequences go on without a gap.
    backlog.acknowledge(1n);
    source.write(CLOSED, 1);
    drain.run(99);
    drain.cut();
    expect(backlog.lastSequence).toBe(3n);
  });

  it('tells failed connects and older connections for the number of open ones', () => {
    const { source, drain } = setUp();
    const { ADOPTED, ANNOUNCED, REANNOUNCED } = RecordFlag;
    source.write(FAILED, 3);
    source.write(OPENED, 4, ADOPTED);
    source.write(OPENED, 4, ADOPTED | REANNOUNCED);
    source.write(CLOSED, 2, ADOPTED | ANNOUNCED);
    source.write(CLOSED, 5, ADOPTED);
    drain.run(0);
    expect(drain.failed).toBe(3);
    expect(drain.adopted).toBe(9);
  });
});
