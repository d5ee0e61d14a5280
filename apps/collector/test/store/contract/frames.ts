// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import type { RecordBatch } from '../../../src/store/store.js';
import { batchOf, CLOCK_OFFSET_NS, httpBatchOf, record, STREAM } from '../traffic.js';
import { AGENT, GUESS, ORDERS, PAYMENTS, type StoreBed } from './bed.js';

/** What becomes of frames: each is stored once, as it was, with the position of its stream. */
export function describeFrames(bed: StoreBed): void {
  it('stores a frame once, however often it comes', async () => {
    const batch = batchOf([{ value: record(), local: 1, peer: 3 }]);
    expect(await bed.store.append(batch)).toBe('stored');
    expect(await bed.store.append(batch)).toBe('duplicate');
    const again = await Promise.all([
      bed.store.append(
        batchOf([{ value: record({ socketCookie: 78n }), local: 1, peer: 3 }], { sequence: 2n }),
      ),
      bed.store.append(
        batchOf([{ value: record({ socketCookie: 78n }), local: 1, peer: 3 }], { sequence: 2n }),
      ),
    ]);
    expect(again.sort()).toEqual(['duplicate', 'stored']);
    expect((await bed.store.connections({})).matched).toBe(2);
    expect(await bed.store.positions()).toEqual([
      { node: 'shop-1', streamId: STREAM, sequence: 2n, stored: 2, requests: 0 },
    ]);
    expect(bed.store.stats()).toMatchObject({ rows: 2, state: 'ok' });
  });

  it('moves the position for a frame without ends', async () => {
    await bed.store.append(batchOf([], { sequence: 41n }));
    expect(await bed.store.positions()).toEqual([
      { node: 'shop-1', streamId: STREAM, sequence: 41n, stored: 0, requests: 0 },
    ]);
    expect((await bed.store.connections({})).items).toEqual([]);
  });

  it('does not keep hold of the arrays it was given', async () => {
    const batch = batchOf([{ value: record(), local: 1, peer: 3 }]);
    const appended = bed.store.append(batch);
    batch.records.fill(0);
    batch.localWorkload.fill(9);
    await appended;
    expect((await bed.store.connections({})).items[0]).toMatchObject({
      sentBytes: 1104,
      source: { workload: 'orders' },
    });
  });

  it.each([8, 48])(
    'stores http records of %i requests in the same stream, and replays both kinds in their order',
    async (most) => {
      const at = (second: number) => ({ timeNs: BigInt(second) * 1_000_000_000n });
      const requests = httpBatchOf(
        [
          {
            value: record(at(11)),
            local: 1,
            peer: 2,
            requestBytes: 2n ** 40n,
            responseBytes: 17n,
            lostRequests: 3,
            samples: Array.from({ length: most }, (_, n) => ({
              firstByteUs: 2 ** (n % 31),
              status: 200 + n,
              route: 7 * n,
            })),
          },
          { value: record(at(12)), local: 2, peer: 3, lostRequests: 9, samples: [] },
        ],
        { sequence: 2n },
      );
      const batches = [
        batchOf([{ value: record(at(10)), local: 1, peer: 3 }]),
        requests,
        batchOf([{ value: record(at(13)), local: 1, peer: 3 }], { sequence: 3n }),
      ];
      for (const batch of batches) expect(await bed.store.append(batch)).toBe('stored');
      expect(await bed.store.append(requests)).toBe('duplicate');
      expect(bed.store.stats()).toMatchObject({ rows: 2, httpRows: 2 });
      // What a stream has stored is counted in ends, and in requests beside them.
      expect(await bed.store.positions()).toMatchObject([{ sequence: 3n, stored: 2, requests: most }]);
      expect((await bed.store.connections({})).matched).toBe(2);
      const seen: RecordBatch[] = [];
      await bed.store.replay({}, (batch) => seen.push(batch));
      expect(seen).toEqual(batches);
      seen.length = 0;
      await bed.store.replay({ sinceMs: Number((CLOCK_OFFSET_NS + 11_500_000_000n) / 1_000_000n) }, (batch) =>
        seen.push(batch),
      );
      expect(seen.map(({ sequence, count }) => [sequence, count])).toEqual([
        [2n, 1],
        [3n, 1],
      ]);
    },
  );

  it('knows its workloads', async () => {
    await bed.store.append(batchOf([]));
    bed.store.putWorkloads([{ ...ORDERS, version: 'v2' }]);
    await bed.store.append(batchOf([], { sequence: 2n }));
    const known = await bed.store.workloads();
    expect(known.sort((a, b) => a.id - b.id)).toEqual([{ ...ORDERS, version: 'v2' }, PAYMENTS, GUESS, AGENT]);
  });
}
