// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord, RecordColumns, RecordEvent, RecordFlag } from '@undermesh/bpf-abi';
import { AGENT_PAYLOAD_BYTES, decodeFrame } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import { Identity } from '../../src/identity/identity.js';
import { Workloads } from '../../src/identity/workloads.js';
import { Backlog } from '../../src/records/backlog.js';
import { Drain } from '../../src/records/drain.js';
import { FrameBuilder } from '../../src/records/frame-builder.js';
import { balance } from '../../src/records/ledger.js';
import { TestRing } from './test-ring.js';

const PER_FRAME = Math.floor(AGENT_PAYLOAD_BYTES / ConnectionRecord.BYTES);
const { OPENED, PROGRESS, CLOSED, FAILED } = RecordEvent;

function setUp(memoryBytes = 1 << 30) {
  const source = new TestRing();
  const workloads = new Workloads();
  const options = { rules: [], systemCgroups: [], mount: '/nowhere', scope: '/', tail: () => undefined };
  const identity = new Identity(workloads, { ...options, processes: '/nowhere' });
  const builder = new FrameBuilder(new Uint8Array(16).fill(7));
  const backlog = new Backlog(memoryBytes, { onFree: (message) => builder.reuse(message) });
  const clock = () => ({ boottime: 5_000_000_000n, realtime: 6_000_000_000n });
  const drain = new Drain({ source, builder, backlog, identity, clock });
  return { source, workloads, backlog, builder, drain };
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
