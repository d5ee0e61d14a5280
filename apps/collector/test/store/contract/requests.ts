// SPDX-License-Identifier: Apache-2.0
import { HttpLongRecord } from '@undermesh/bpf-abi';
import { describe, expect, it } from 'vitest';
import { endId } from '../../../src/store/connection-id.js';
import { CLOCK_OFFSET_NS, httpBatchOf, record, STREAM } from '../traffic.js';
import type { StoreBed } from './bed.js';

/** The requests of one connection. */
export function describeRequests(bed: StoreBed): void {
  describe('the requests of a connection', () => {
    const second = 1_000_000_000n;
    const value = (at: bigint, over: Partial<ReturnType<typeof record>> = {}) =>
      record({ timeNs: at * second, openedNs: 5n * second, socketCookie: 7n, ...over });
    const at = (seconds: bigint): number => Number((CLOCK_OFFSET_NS + seconds * second) / 1_000_000n);
    const id = endId({ streamId: STREAM, value: value(10n) } as Parameters<typeof endId>[0]);
    const whole = { id, fromMs: at(0n), toMs: at(100n), limit: 50 };
    const sample = (route: number, over = {}) => ({
      firstByteUs: route,
      lastByteUs: route + 1,
      route,
      ...over,
    });

    it('come newest first, with the route of each, and not those of another connection of its socket', async () => {
      const others = [value(12n, { socketCookie: 8n }), value(13n, { openedNs: 11n * second })];
      const rows = [
        { value: value(10n), local: 1, peer: 2, samples: [sample(1), sample(2)] },
        { value: value(20n), local: 1, peer: 2, samples: [sample(3, { status: 0 }), sample(0)] },
        ...others.map((other) => ({ value: other, local: 1, peer: 2, samples: [sample(99)] })),
      ];
      await bed.store.append(httpBatchOf(rows));
      const found = await bed.store.requests(whole);
      expect(found.map(({ route }) => route)).toEqual([0, 3, 2, 1]);
      expect(found[1]).toMatchObject({ reportedMs: at(20n), status: null, firstByteUs: 3, lastByteUs: 4 });
      expect(found[3]).toMatchObject({ reportedMs: at(10n), status: 200, method: 'GET' });
      expect((await bed.store.requests({ ...whole, limit: 3 })).map(({ route }) => route)).toEqual([0, 3, 2]);
      expect(await bed.store.requests({ ...whole, toMs: at(15n) })).toHaveLength(2);
    });

    it('are those of long records too', async () => {
      const samples = Array.from({ length: 20 }, (_, n) => sample(n + 1));
      await bed.store.append(
        httpBatchOf([{ value: value(10n), local: 1, peer: 2, samples }], {
          recordBytes: HttpLongRecord.BYTES,
        }),
      );
      const found = await bed.store.requests(whole);
      expect(found.map(({ route }) => route)).toEqual(Array.from({ length: 20 }, (_, n) => 20 - n));
    });

    it('are none where there are none, or the id is none of ours', async () => {
      expect(await bed.store.requests(whole)).toEqual([]);
      expect(await bed.store.requests({ ...whole, id: 'x' })).toEqual([]);
    });
  });
}
