// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, setLogLevel } from '@undermesh/core';
import { FRAME_TYPES, type Hello, type Report } from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Workloads } from '../../src/identity/workloads.js';
import { ServiceNames } from '../../src/mesh/index.js';
import { namesCursor } from '../../src/spool/dictionary-cursor.js';
import { EarlierRuns } from '../../src/spool/earlier-runs.js';
import { Spool } from '../../src/spool/spool.js';
import { Uplink } from '../../src/uplink/uplink.js';
import { TestCollector } from '../test-collector.js';
import { frameOf } from './frames.js';

const clock = () => ({ boottime: 1n, realtime: 2n });
const log = createLogger('spool');
const hello: Hello = {
  node: 'n',
  cluster: 'default',
  agentVersion: '0',
  instance: 'i',
  bootId: 'b',
  abiVersion: 1,
};
const origin = (made: number) => ({ bootId: 'b', totalsId: 7, made, ringFull: 0, requests: 0 });
const hex = (id: Uint8Array): string => Buffer.from(id).toString('hex');

describe('what earlier runs left', () => {
  let directory: string;
  let collector: TestCollector;
  let runs: EarlierRuns | undefined;

  beforeEach(async () => {
    setLogLevel('silent');
    directory = mkdtempSync(join(tmpdir(), 'undermesh-earlier-'));
    collector = await new TestCollector().start();
  });
  afterEach(async () => {
    await runs?.stop();
    await collector.stop();
    rmSync(directory, { recursive: true });
  });

  const open = () => new Spool(directory, { limitBytes: 1 << 26, log });
  /** A run that wrote frames of 10, 11, 12 ... ends and was killed. */
  const leave = async (streamId: Uint8Array, frames: number, madeBefore: number) => {
    const spool = open();
    const stream = spool.stream(streamId);
    const state = { startedAtMs: madeBefore, origin: origin(madeBefore) };
    spool.settle(state.origin);
    spool.note(stream, state);
    await stream.explain(
      namesCursor(
        { workloads: new Workloads(), services: new ServiceNames() },
        { streamId, clock },
      ).pending(),
    );
    for (let i = 0; i < frames; i++) {
      const { header, ...frame } = frameOf(BigInt(i + 1), 10 + i);
      await stream.append({ ...frame, header: { ...header, streamId } });
    }
    await stream.close();
  };
  const send = async (spool: Spool): Promise<void> => {
    let succeeded = false;
    runs = new EarlierRuns({
      streams: spool.earlier,
      uplink: ({ unfinished, ...own }) =>
        new Uplink({
          ...own,
          url: collector.url,
          access: () => ({ credential: 'secret' }),
          hello: () => ({ ...hello, unfinished: [...unfinished] }),
          clock,
          onNewCollector: () => {},
          onCommand: () => {},
          maxBackoffMs: 50,
          log,
        }),
      report: (books) => books as Report,
      succeeded: () => succeeded,
      memoryBytes: 1 << 20,
      log,
    });
    await new Promise<void>((resolve) => runs?.start(resolve));
    succeeded = true;
  };

  it('is sent stream by stream under its own id, with its books, and is gone afterwards', async () => {
    const [first, second] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)];
    await leave(first, 3, 0);
    await leave(second, 2, 40);
    const spool = open();
    spool.settle(origin(70));
    await send(spool);
    const hellos = collector.received.filter(({ frame }) => frame.type === FRAME_TYPES.hello);
    expect(hellos.map(({ frame }) => hex(frame.streamId))).toEqual([hex(first), hex(second)]);
    const unfinished = hellos.map(
      ({ frame }) => JSON.parse(new TextDecoder().decode(frame.payload)).unfinished,
    );
    expect(unfinished).toEqual([[hex(second)], []]);
    const frames = collector.frames(FRAME_TYPES.records);
    expect(frames.map(({ sequence, recordCount }) => [sequence, recordCount])).toEqual([
      [1n, 10],
      [2n, 11],
      [3n, 12],
      [1n, 10],
      [2n, 11],
    ]);
    expect(collector.dictionaries().map(({ workloads }) => workloads.length)).toEqual([1, 1]);
    const reports = collector.frames(FRAME_TYPES.report).map((frame) => ({
      stream: hex(frame.streamId),
      ...(JSON.parse(new TextDecoder().decode(frame.payload)) as Report).records,
    }));
    // Forty ends were made of the first, thirty of the second: more than was written, the rest died with its run.
    expect(reports.filter(({ stream }) => stream === hex(first)).at(-1)).toMatchObject({
      made: 40,
      waiting: 0,
    });
    expect(reports.at(-1)).toMatchObject({ stream: hex(second), made: 30, waiting: 0 });
    await expect.poll(() => readdirSync(directory)).toEqual([]);
    expect(spool.space.usedBytes).toBe(0);
  });

  it('says which ends were in damaged frames, also when it has to say so again', async () => {
    const stream = new Uint8Array(16).fill(3);
    await leave(stream, 4, 0);
    const path = join(directory, hex(stream));
    const [name = ''] = readdirSync(path).filter((file) => file.endsWith('.frames'));
    const file = readFileSync(join(path, name));
    file[300] = (file[300] ?? 0) ^ 2;
    writeFileSync(join(path, name), file);
    const lost = () => collector.reports().at(-1)?.records.lost;
    await send(open());
    expect(lost()).toEqual({ invalid: 10 });
    expect(collector.frames(FRAME_TYPES.records).map(({ sequence }) => sequence)).toEqual([2n, 3n, 4n]);
    // Killed before its own stream was welcomed: nothing but the state is left.
    expect(open().earlier[0]?.state).toMatchObject({ damagedEnds: 10 });
  });

  it('stays when it is stopped before it was taken', async () => {
    await leave(new Uint8Array(16).fill(4), 2, 0);
    collector.options = { acknowledge: false };
    const sending = send(open());
    await collector.until(() => collector.frames(FRAME_TYPES.records).length === 2, 'the frames');
    await runs?.stop();
    void sending;
    expect((await open().earlier[0]?.recover())?.frames).toHaveLength(2);
  });
});
