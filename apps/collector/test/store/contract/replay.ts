// SPDX-License-Identifier: Apache-2.0
import { Reporter } from '@undermesh/bpf-abi';
import { expect, it } from 'vitest';
import type { RecordBatch } from '../../../src/store/store.js';
import { batchOf, CLOCK_OFFSET_NS, record } from '../traffic.js';
import type { StoreBed } from './bed.js';

/** What a collector reads again when it starts. */
export function describeReplay(bed: StoreBed): void {
  it('replays records as they came, oldest first', async () => {
    const batches: RecordBatch[] = [1n, 2n].map((sequence) =>
      batchOf(
        [
          {
            value: record({
              timeNs: sequence * 10_000_000_000n,
              reporter: Reporter.DESTINATION,
              process: 'fifteen-letters',
            }),
            local: 2,
            peer: 1,
          },
          {
            value: record({ timeNs: sequence * 10_000_000_000n + 1n, socketCookie: 2n ** 64n - 1n }),
            local: 1,
            peer: 3,
          },
        ],
        { sequence, realtimeOffsetNs: CLOCK_OFFSET_NS + sequence },
      ),
    );
    for (const batch of batches) await bed.store.append(batch);
    const seen: RecordBatch[] = [];
    const keep = (batch: RecordBatch): void => {
      seen.push({
        ...batch,
        records: batch.records.slice(),
        localWorkload: batch.localWorkload.slice(),
        peerWorkload: batch.peerWorkload.slice(),
      });
    };
    await bed.store.replay({}, keep);
    expect(seen).toEqual(batches);
    seen.length = 0;
    await bed.store.replay({ sinceMs: Number((CLOCK_OFFSET_NS + 15_000_000_000n) / 1_000_000n) }, keep);
    expect(seen).toEqual(batches.slice(1));
  });

  it('replays what was stored after a frame, whatever its time', async () => {
    const at = (second: number, sequence: bigint) =>
      batchOf([{ value: record({ timeNs: BigInt(second) * 1_000_000_000n }), local: 1, peer: 3 }], {
        sequence,
      });
    await bed.store.append(at(500, 1n));
    const { lastFrame } = bed.store.stats();
    const later = [at(100, 2n), at(900, 3n)];
    for (const batch of later) await bed.store.append(batch);
    const seen: RecordBatch[] = [];
    await bed.store.replay({ afterFrame: lastFrame }, (batch) => seen.push(batch));
    expect(seen.map(({ sequence }) => sequence)).toEqual([2n, 3n]);
    seen.length = 0;
    await bed.store.replay({ afterFrame: bed.store.stats().lastFrame }, (batch) => seen.push(batch));
    expect(seen).toEqual([]);
  });

  it('keeps roll-ups and their state, one change after the other', async () => {
    const rollup = (start: number, ...bytes: number[]) => ({
      widthMs: 60_000,
      start,
      bytes: Uint8Array.from(bytes),
    });
    const read = async () => {
      const found: [number, number, number[]][] = [];
      const state = await bed.store.rollups(({ widthMs, start, bytes }) =>
        found.push([widthMs, start, [...bytes]]),
      );
      return { state: state === null ? null : [...state], found: found.sort((a, b) => a[1] - b[1]) };
    };
    expect(await read()).toEqual({ state: null, found: [] });
    await bed.store.putRollups({
      put: [rollup(60_000, 1), rollup(120_000, 2, 3)],
      remove: [],
      state: Uint8Array.of(7),
    });
    await bed.store.putRollups({
      put: [rollup(120_000, 4), rollup(180_000)],
      remove: [{ widthMs: 60_000, start: 60_000 }],
      state: Uint8Array.of(8, 9),
    });
    expect(await read()).toEqual({
      state: [8, 9],
      found: [
        [60_000, 120_000, [4]],
        [60_000, 180_000, []],
      ],
    });
    expect(bed.store.stats().rollups).toEqual({ count: 2, bytes: 1, damaged: 0 });
  });
}
