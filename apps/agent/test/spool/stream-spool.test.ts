// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFrame, encodeFrame, encodeMessage, FRAME_TYPES } from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENTRY_HEAD_BYTES } from '../../src/spool/entry.js';
import { SpoolSpace } from '../../src/spool/space.js';
import { type SpoolPlace, StreamSpool } from '../../src/spool/stream-spool.js';
import { frameOf, STREAM_ID } from './frames.js';

const NAME = Buffer.from(STREAM_ID).toString('hex');
const MIB = 1 << 20;

describe('the files of a stream', () => {
  let directory: string;
  let space: SpoolSpace;

  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'undermesh-spool-')), NAME);
    space = new SpoolSpace(64 * MIB);
  });
  afterEach(() => rmSync(join(directory, '..'), { recursive: true }));

  const open = (): StreamSpool => {
    space = new SpoolSpace(64 * MIB);
    return new StreamSpool(directory, space);
  };
  const explain = (spool: StreamSpool, ...names: string[]) =>
    spool.explain(
      names.map((name, i) =>
        encodeFrame(
          {
            ...frameOf(1n, 1).header,
            type: FRAME_TYPES.dictionary,
            sequence: 0n,
            recordBytes: 0,
            recordCount: 0,
          },
          encodeMessage({
            full: i === 0,
            workloads: [{ id: i + 1, namespace: 'host', name, kind: 'process', system: false }],
            listeners: [],
            namespaces: [],
          }),
        ),
      ),
    );
  /** Writes frames of 10, 11, 12 ... ends. */
  const write = async (spool: StreamSpool, count: number): Promise<SpoolPlace[]> => {
    await explain(spool, 'shop');
    const places: SpoolPlace[] = [];
    for (let i = 0; i < count; i++) {
      const place = await spool.append(frameOf(BigInt(i + 1), 10 + i));
      if (place !== undefined) places.push(place);
    }
    return places;
  };
  const segments = () => readdirSync(directory).filter((name) => name.endsWith('.frames'));
  const sequences = (frames: readonly { sequence: bigint }[]) =>
    frames.map(({ sequence }) => Number(sequence));

  it('gives back what was written, to another run too, with the dictionary', async () => {
    const spool = open();
    const places = await write(spool, 5);
    const message = await spool.read(places[3] as SpoolPlace);
    expect(message).toEqual(frameOf(4n, 13).message);
    await spool.close();
    const again = open();
    expect(space.usedBytes).toBeGreaterThan(5 * 10 * 192);
    const { frames, dictionary, damaged, damagedEnds } = await again.recover();
    expect(frames.map(({ ends }) => ends)).toEqual([10, 11, 12, 13, 14]);
    expect(sequences(frames)).toEqual([1, 2, 3, 4, 5]);
    expect(dictionary.flatMap(({ workloads }) => workloads.map(({ name }) => name))).toEqual(['shop']);
    expect([damaged, damagedEnds]).toEqual([0, 0]);
    const read = await again.read(frames[4]?.place as SpoolPlace);
    expect(decodeFrame(read).sequence).toBe(5n);
    await again.remove();
    expect(space.usedBytes).toBe(0);
  });

  it('cuts a torn tail at every length', async () => {
    const spool = open();
    const places = await write(spool, 3);
    await spool.close();
    const path = (places[0] as SpoolPlace).segment.path;
    const whole = readFileSync(path);
    const last = (places[2] as SpoolPlace).offset - ENTRY_HEAD_BYTES;
    for (const length of [last + 1, last + 23, last + 24, last + 60, last + 88, whole.length - 1]) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      const { frames, damagedEnds } = await open().recover();
      expect(sequences(frames), `cut at ${length}`).toEqual([1, 2]);
      expect(damagedEnds).toBe(0);
    }
  });

  it('leaves a damaged frame out, alone, and knows its ends, wherever the bit is', async () => {
    const spool = open();
    const places = await write(spool, 4);
    await spool.close();
    const { segment, offset } = places[1] as SpoolPlace;
    const whole = readFileSync(segment.path);
    const head = offset - ENTRY_HEAD_BYTES;
    for (const at of [
      head,
      head + 5,
      head + 9,
      head + 17,
      head + 21,
      offset + 3,
      offset + 40,
      offset + 500,
    ]) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      writeFileSync(segment.path, flipped);
      const { frames, damaged, damagedEnds } = await open().recover();
      expect(sequences(frames), `flipped at ${at - head}`).toEqual([1, 3, 4]);
      expect([damaged, damagedEnds], `flipped at ${at - head}`).toEqual([1, 11]);
    }
  });

  it('deletes a segment once all in it is acknowledged, and refuses what exceeds its bound', async () => {
    space = new SpoolSpace(2 * MIB);
    const spool = new StreamSpool(directory, space);
    await explain(spool, 'shop');
    const places: SpoolPlace[] = [];
    for (let sequence = 1n; ; sequence++) {
      const place = await spool.append(frameOf(sequence, 1000));
      if (place === undefined) break;
      places.push(place);
    }
    expect(places).toHaveLength(10);
    expect(space.usedBytes).toBeLessThanOrEqual(2 * MIB);
    const before = segments().length;
    expect(before).toBe(10);
    for (const place of places.slice(0, 4)) spool.release(place);
    await expect.poll(() => segments().length).toBe(6);
    expect(await spool.append(frameOf(99n, 1000))).toBeDefined();
    await spool.remove();
    expect(space.usedBytes).toBe(0);
  });
});
