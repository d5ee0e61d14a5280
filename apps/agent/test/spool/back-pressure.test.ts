// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordEvent } from '@undermesh/bpf-abi';
import { createLogger, setLogLevel } from '@undermesh/core';
import { FRAME_TYPES } from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Identity } from '../../src/identity/identity.js';
import { Workloads } from '../../src/identity/workloads.js';
import { ServiceNames } from '../../src/mesh/index.js';
import { Backlog } from '../../src/records/backlog.js';
import { Drain } from '../../src/records/drain.js';
import { FrameBuilder, FrameMemory } from '../../src/records/frame-builder.js';
import { balance } from '../../src/records/ledger.js';
import { namesCursor } from '../../src/spool/dictionary-cursor.js';
import { SpoolSpace } from '../../src/spool/space.js';
import { Spooler } from '../../src/spool/spooler.js';
import { type SpoolPlace, StreamSpool } from '../../src/spool/stream-spool.js';
import { Uplink } from '../../src/uplink/uplink.js';
import { TestRing } from '../records/test-ring.js';
import { TestCollector } from '../test-collector.js';
import { STREAM_ID } from './frames.js';

const MIB = 1 << 20;
const clock = () => ({ boottime: 1n, realtime: 2n });
const log = createLogger('test');
const hello = { node: 'n', cluster: 'default', agentVersion: '0', instance: 'i', bootId: 'b', abiVersion: 1 };

describe('a collector that gives no credits', () => {
  let directory: string;
  let collector: TestCollector;
  let uplink: Uplink;

  beforeEach(async () => {
    setLogLevel('silent');
    directory = mkdtempSync(join(tmpdir(), 'undermesh-pressure-'));
    collector = await new TestCollector({ credits: 0 }).start();
  });
  afterEach(async () => {
    await uplink.stop();
    await collector.stop();
    rmSync(directory, { recursive: true });
  });

  it('fills memory, then the disk, then the count of what is lost; all that was kept arrives once it gives some', async () => {
    const source = new TestRing();
    const workloads = new Workloads();
    const identity = new Identity(workloads, {
      rules: [],
      systemCgroups: [],
      mount: '/nowhere',
      scope: '/',
      tail: () => undefined,
      processes: '/nowhere',
    });
    const spool = new StreamSpool(join(directory, 'ab'.repeat(16)), new SpoolSpace(3 * MIB));
    const memory = new FrameMemory();
    const builder = new FrameBuilder(STREAM_ID, { memory });
    const backlog: Backlog = new Backlog(2 * MIB, {
      onFree: (message) => memory.give(message),
      onRelease: (place) => spool.release(place as SpoolPlace),
      onStarved: () => spooler.load(() => uplink.pump()),
    });
    const dictionary = namesCursor(
      { workloads, services: new ServiceNames() },
      { streamId: STREAM_ID, clock },
    );
    const spooler = new Spooler({ backlog, spool, delayMs: 60_000, dictionary, log });
    const overflow = () => (spooler.problem === undefined ? 'agent_memory' : 'spool_full');
    const drain = new Drain({ source, builder, backlog, identity, clock, overflow });
    uplink = new Uplink({
      url: collector.url,
      access: () => ({ credential: 'secret' }),
      hello: () => hello,
      streamId: STREAM_ID,
      backlog,
      dictionary: { whole: () => [], changes: () => [] },
      clock,
      onNewCollector: () => {},
      onCommand: () => {},
      maxBackoffMs: 50,
      log,
    });
    let made = 0;
    const books = () =>
      balance(
        { endsEmitted: made, endsLostRingFull: 0 },
        { acknowledged: backlog.acknowledgedEnds, held: backlog.ends + builder.ends, lost: drain.endsLost },
      );
    const turn = async (ends: number): Promise<void> => {
      source.write(RecordEvent.CLOSED, ends);
      made += ends;
      drain.run(performance.now());
      uplink.pump();
      spooler.tick(performance.now());
      await new Promise((resolve) => setTimeout(resolve, 2));
      const { lost, ...ledger } = books();
      const counted = Object.values(lost).reduce((sum, count) => sum + count, 0);
      expect(ledger.made).toBe(ledger.acknowledged + ledger.waiting + counted);
      expect(backlog.bytes).toBeLessThanOrEqual(2 * MIB);
    };
    uplink.start();
    await collector.until(() => uplink.state === 'welcomed', 'a welcome');

    await turn(2_000);
    expect(backlog.spooledFrames).toBe(0);
    for (let i = 0; i < 200 && drain.endsLost.spool_full === 0; i++) await turn(1_000);
    expect(backlog.spooledFrames).toBeGreaterThan(5);
    expect(drain.endsLost.spool_full).toBeGreaterThan(0);
    expect(collector.frames(FRAME_TYPES.records)).toEqual([]);

    drain.cut();
    collector.options = { credits: 8 };
    collector.ack(0n, 8);
    await collector.until(() => backlog.frames === 0, 'all of it');
    const { spool_full, agent_memory } = drain.endsLost;
    const arrived = collector.frames(FRAME_TYPES.records).reduce((sum, frame) => sum + frame.recordCount, 0);
    expect(arrived).toBe(made - spool_full - agent_memory);
    expect(books()).toMatchObject({ made, waiting: 0, acknowledged: arrived });
    await expect
      .poll(() => {
        spooler.tick(performance.now());
        return spooler.problem;
      })
      .toBeUndefined();
  });
});
