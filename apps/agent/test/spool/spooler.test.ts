// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, setLogLevel } from '@undermesh/core';
import { decodeFrame } from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Workloads } from '../../src/identity/workloads.js';
import { ServiceNames } from '../../src/mesh/index.js';
import { Backlog } from '../../src/records/backlog.js';
import { namesCursor } from '../../src/spool/dictionary-cursor.js';
import { SpoolSpace } from '../../src/spool/space.js';
import { Spooler } from '../../src/spool/spooler.js';
import { type SpoolPlace, StreamSpool } from '../../src/spool/stream-spool.js';
import { frameOf, STREAM_ID } from './frames.js';

const MIB = 1 << 20;

describe('spooler', () => {
  let directory: string;
  const undo: (() => void)[] = [];

  beforeEach(() => {
    setLogLevel('silent');
    directory = mkdtempSync(join(tmpdir(), 'undermesh-spooler-'));
    undo.push(() => rmSync(directory, { recursive: true }));
  });
  afterEach(() => {
    for (const step of undo.splice(0).reverse()) step();
  });

  const setUp = (of: { memoryBytes: number; spoolBytes: number; delayMs?: number }) => {
    const space = new SpoolSpace(of.spoolBytes);
    const spool = new StreamSpool(join(directory, Buffer.from(STREAM_ID).toString('hex')), space);
    const backlog: Backlog = new Backlog(of.memoryBytes, {
      onRelease: (place) => spool.release(place as SpoolPlace),
      onStarved: () => spooler.load(() => {}),
    });
    const clock = () => ({ boottime: 1n, realtime: 2n });
    const dictionary = namesCursor(
      { workloads: new Workloads(), services: new ServiceNames() },
      { streamId: STREAM_ID, clock },
    );
    const log = createLogger('spool');
    const spooler = new Spooler({ backlog, spool, delayMs: of.delayMs ?? 0, dictionary, log });
    let sequence = 0n;
    const push = (count: number, ends = 1000): number => {
      for (let i = 0; i < count; i++) {
        const frame = frameOf(sequence + 1n, ends);
        if (!backlog.hasRoomFor(frame.message.byteLength)) return i;
        backlog.push(frame);
        sequence++;
      }
      return count;
    };
    const sendAll = async (): Promise<bigint[]> => {
      const sent: bigint[] = [];
      for (let idle = 0; backlog.frames > 0 && idle < 2000; ) {
        const message = backlog.take();
        if (message === undefined) {
          idle++;
          await new Promise((resolve) => setTimeout(resolve, 1));
          continue;
        }
        const { sequence: one } = decodeFrame(message);
        sent.push(one);
        backlog.acknowledge(one);
      }
      return sent;
    };
    return { space, spool, backlog, spooler, push, sendAll };
  };
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => BigInt(i + 1));

  it('holds far more than memory does, and gives it back in order', async () => {
    const { spooler, backlog, push, sendAll, space } = setUp({ memoryBytes: 2 * MIB, spoolBytes: 64 * MIB });
    let pushed = 0;
    for (let round = 0; round < 400 && pushed < 100; round++) {
      pushed += push(2);
      spooler.tick(performance.now());
      await new Promise((resolve) => setTimeout(resolve, 2));
      expect(backlog.bytes).toBeLessThanOrEqual(2 * MIB);
    }
    expect(await spooler.flush()).toBe(true);
    expect(backlog.spooledFrames).toBe(pushed);
    expect(backlog.ends).toBe(pushed * 1000);
    expect(await sendAll()).toEqual(upTo(pushed));
    expect(backlog.acknowledgedEnds).toBe(pushed * 1000);
    await expect.poll(() => space.usedBytes).toBeLessThan(1000);
  });

  it('leaves room for what is made while it sends what waits on disk to a collector that is slow to acknowledge', async () => {
    const { spooler, backlog, push, sendAll } = setUp({ memoryBytes: 8 * MIB, spoolBytes: 64 * MIB });
    for (let pushed = 0; pushed < 100; ) {
      pushed += push(2);
      spooler.tick(performance.now());
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(await spooler.flush()).toBe(true);
    let sent = 0;
    for (let turn = 0; turn < 200; turn++) {
      while (backlog.take() !== undefined) sent++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(sent).toBeGreaterThan(10);
    expect(sent).toBeLessThan(50);
    expect(backlog.hasRoomFor(MIB / 4)).toBe(true);
    backlog.rewind();
    expect(await sendAll()).toEqual(upTo(100));
  });

  it('reads ahead as far as leaves room for what is made meanwhile', async () => {
    const { spooler, backlog, push } = setUp({ memoryBytes: MIB, spoolBytes: 64 * MIB });
    for (let frame = 0; frame < 12; frame++) {
      push(1);
      await spooler.flush();
    }
    const ahead = backlog.toLoad(16).reduce((sum, { place }) => sum + place.bytes, 0);
    expect(ahead).toBeGreaterThan(0);
    expect(backlog.bytes + ahead).toBeLessThanOrEqual((3 / 4) * MIB);
  });

  it('writes nothing that is acknowledged in time', async () => {
    const { spooler, backlog, push } = setUp({ memoryBytes: 8 * MIB, spoolBytes: 8 * MIB, delayMs: 60_000 });
    push(4);
    spooler.tick(performance.now());
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(backlog.spooledFrames).toBe(0);
  });

  it('says so when it is full, and goes on when there is room', async () => {
    const { spooler, backlog, push, sendAll } = setUp({ memoryBytes: 2 * MIB, spoolBytes: 2 * MIB });
    for (let round = 0; round < 60; round++) {
      push(1);
      spooler.tick(performance.now());
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await spooler.flush();
    expect(spooler.problem).toBe('the spool is full');
    expect(push(1)).toBe(0);
    const { frames } = backlog;
    expect(await sendAll()).toEqual(upTo(frames));
    push(1);
    // Files that are no longer needed go one by one.
    await vi.waitFor(async () => expect(await spooler.flush()).toBe(true), 60_000);
    expect(spooler.problem).toBeUndefined();
  });

  it('gives up a frame that the disk changed, and counts its ends', async () => {
    const { spooler, backlog, push, sendAll } = setUp({ memoryBytes: 2 * MIB, spoolBytes: 64 * MIB });
    push(6);
    await spooler.flush();
    push(3);
    await spooler.flush();
    const [onDisk] = backlog.toLoad(100).slice(-1);
    if (onDisk === undefined) throw new Error('all of it is in memory');
    const { segment, offset } = onDisk.place as SpoolPlace;
    const file = readFileSync(segment.path);
    file[offset + 1000] = (file[offset + 1000] ?? 0) ^ 1;
    writeFileSync(segment.path, file);
    expect(await sendAll()).toEqual(upTo(9).filter((sequence) => sequence !== onDisk.sequence));
    expect(backlog.damagedEnds).toBe(1000);
    expect(backlog.acknowledgedEnds).toBe(8000);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'survives a full disk, and recovers (needs root for a tmpfs)',
    async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory]);
      undo.push(() => execFileSync('umount', ['-l', directory]));
      const { bavail, bsize } = statfsSync(directory);
      const filler = join(directory, 'filler');
      writeFileSync(filler, Buffer.alloc(bavail * bsize - 500_000));
      const { spooler, backlog, push, sendAll } = setUp({ memoryBytes: 4 * MIB, spoolBytes: 64 * MIB });
      push(8);
      expect(await spooler.flush()).toBe(false);
      expect(spooler.problem).toMatch(/space/i);
      expect(backlog.spooledFrames).toBeLessThan(8);
      rmSync(filler);
      expect(await spooler.flush()).toBe(true);
      expect(backlog.spooledFrames).toBe(8);
      expect(await sendAll()).toEqual(upTo(8));
    },
  );
});
