// SPDX-License-Identifier: Apache-2.0
import { HttpLongRecord } from '@undermesh/bpf-abi';
import { describe, expect, it } from 'vitest';
import { batchOf, CLOCK_OFFSET_NS, httpBatchOf, partnerOf, record } from '../traffic.js';
import { OTHER_STREAM, type StoreBed } from './bed.js';

/** Who is behind a region of the latencies that were recorded. */
export function describeLatency(bed: StoreBed): void {
  describe('a region of latency', () => {
    const second = 1_000_000_000n;
    const at = (n: number): string =>
      new Date(Number((CLOCK_OFFSET_NS + BigInt(n) * second) / 1_000_000n)).toISOString();
    const region = { from: at(10), to: at(20), minUs: 5_000, maxUs: 100_000 };
    /** One connection seen by both ends, each of which timed the same requests; the source a little longer. */
    const connection = (n: number, over: { us: number[]; resent?: number; status?: number }) => {
      const source = record({
        timeNs: BigInt(10 + (n % 10)) * second,
        socketCookie: BigInt(n),
        clientIsn: n,
        serverIsn: n + 1000,
        retransmittedSegments: over.resent ?? 0,
      });
      const samples = over.us.map((us) => ({
        firstByteUs: us,
        lastByteUs: us + 7,
        status: over.status ?? 200,
      }));
      return {
        source: { value: source, local: 1, peer: 2, samples },
        destination: {
          value: partnerOf(source),
          local: 2,
          peer: 1,
          samples: samples.map((sample) => ({ ...sample, firstByteUs: sample.firstByteUs - 100 })),
        },
      };
    };

    it('finds who is in it, slowest first, and how they differ', async () => {
      const slow = connection(1, { us: [40_000, 900], resent: 2, status: 503 });
      const slower = connection(2, { us: [60_000, 50_000], resent: 1 });
      const fast = [3, 4, 5, 6].map((n) => connection(n, { us: [700, 800, 900] }));
      const all = [slow, slower, ...fast];
      await bed.store.append(httpBatchOf(all.map(({ source }) => source)));
      await bed.store.append(
        httpBatchOf(
          all.map(({ destination }) => destination),
          { streamId: OTHER_STREAM, node: 'shop-3' },
        ),
      );
      // One of them has ended since.
      const ended = batchOf([{ value: { ...slow.source.value, timeNs: 90n * second }, local: 1, peer: 2 }], {
        sequence: 2n,
      });
      await bed.store.append(ended);
      const found = await bed.store.latencyConnections(region);
      expect(found.items).toMatchObject([
        {
          connection: {
            state: 'open',
            seenBy: 'both',
            source: { node: 'shop-1' },
            destination: { node: 'shop-3' },
          },
          requests: 2,
          slowestUs: 60_000,
          statusClasses: ['2xx'],
        },
        { connection: { state: 'closed' }, requests: 1, slowestUs: 40_000, statusClasses: ['5xx'] },
      ]);
      expect(found).toMatchObject({ inside: 3, outside: 13, more: 0 });
      expect(found.contrasts[0]).toEqual({
        attribute: 'retransmits',
        value: 'no',
        inside: 0,
        outside: 12 / 13,
      });
      expect(found.contrasts).toContainEqual({
        attribute: 'status',
        value: '5xx',
        inside: 1 / 3,
        outside: 1 / 13,
      });
      expect(found.contrasts.map(({ attribute }) => attribute)).not.toContain('source_node');
      const id = found.items[1]?.connection.id ?? '';
      expect((await bed.store.connection(id))?.connection).toMatchObject({ id, state: 'closed' });
      expect(await bed.store.latencyConnections({ ...region, limit: 1 })).toMatchObject({ more: 1 });
    });

    it('takes every filter', async () => {
      const all = [connection(1, { us: [40_000, 900], status: 503 }), connection(2, { us: [6_000] })];
      const [short, long] = all.map(({ source }) => source);
      if (short === undefined || long === undefined) throw new Error('there are two');
      await bed.store.append(httpBatchOf([short]));
      await bed.store.append(httpBatchOf([long], { sequence: 2n, recordBytes: HttpLongRecord.BYTES }));
      await bed.store.append(
        httpBatchOf(
          all.map(({ destination }) => destination),
          { streamId: OTHER_STREAM, node: 'shop-3', recordBytes: HttpLongRecord.BYTES },
        ),
      );
      const found = async (query: object): Promise<number[]> => {
        const { items } = await bed.store.latencyConnections({ ...region, ...query });
        return items.map(({ slowestUs }) => slowestUs);
      };
      expect(await found({})).toEqual([40_000, 6_000]);
      expect(await found({ reporter: 'destination' })).toEqual([39_900, 5_900]);
      expect(await found({ node: 'shop-3' })).toEqual([39_900, 5_900]);
      expect(await found({ node: 'shop-9' })).toEqual([]);
      expect(await found({ measure: 'last_byte' })).toEqual([40_007, 6_007]);
      expect(await found({ status: '5xx' })).toEqual([40_000]);
      expect(await found({ status: '4xx,none' })).toEqual([]);
      expect(await found({ source: 'shop/orders', destination: 'payments' })).toEqual([40_000, 6_000]);
      expect(await found({ source: 'payments' })).toEqual([]);
      expect(await found({ level: 'namespace', source: 'shop' })).toEqual([40_000, 6_000]);
      expect(await found({ level: 'workload', source: 'workload:default/shop/orders' })).toHaveLength(2);
      expect(
        await found({ level: 'node', source: 'shop-1', destination: 'node:default/shop-3' }),
      ).toHaveLength(2);
      expect(await found({ level: 'node', source: 'shop-3' })).toEqual([]);
      expect(await found({ to: at(12) })).toEqual([40_000]);
      expect(await found({ minUs: 6_000 })).toEqual([40_000]);
      expect(await found({ maxUs: 6_000 })).toEqual([6_000]);
    });

    it('knows the times of connections that have ended', async () => {
      const source = record({ timeNs: 15n * second, openedNs: 14n * second, connectUs: 7_000, srttUs: 50 });
      await bed.store.append(
        batchOf([
          { value: source, local: 1, peer: 2 },
          { value: partnerOf(source), local: 2, peer: 1 },
        ]),
      );
      const found = async (measure: string, query: object = {}): Promise<number[]> => {
        const { items } = await bed.store.latencyConnections({ ...region, measure, ...query } as never);
        return items.map(({ slowestUs }) => slowestUs);
      };
      expect(await found('connect')).toEqual([7_000]);
      // By when it was opened.
      expect(await found('connect', { to: at(15) })).toEqual([7_000]);
      expect(await found('connect', { from: at(15) })).toEqual([]);
      expect(await found('round_trip')).toEqual([]);
      expect(await found('round_trip', { minUs: 0 })).toEqual([50]);
      expect(await found('lifetime', { maxUs: 2_000_000 })).toEqual([1_000_000]);
    });

    it('refuses what cannot be meant', async () => {
      for (const query of [
        { from: at(20), to: at(10) },
        { minUs: 10, maxUs: 5 },
        { status: '6xx' },
        { status: '2xx', measure: 'connect' as const },
      ]) {
        await expect(bed.store.latencyConnections({ ...region, ...query })).rejects.toMatchObject({
          code: 'request_invalid',
        });
      }
    });
  });
}
