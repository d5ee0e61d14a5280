// SPDX-License-Identifier: Apache-2.0
import { AddressFamily, CloseReason, RecordEvent, RecordFlag, Reporter } from '@undermesh/bpf-abi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordBatch, RecordStore } from '../../src/store/store.js';
import {
  address,
  batchOf,
  CLOCK_OFFSET_NS,
  httpBatchOf,
  partnerOf,
  record,
  STREAM,
  workload,
} from './traffic.js';

export interface StoreUnderTest {
  open(): Promise<RecordStore>;
  /** Frees what open made. */
  dispose(): Promise<void>;
}

const OTHER_STREAM = 'a07b00000000000000000000000000f9';
const ORDERS = workload(1, { name: 'orders' });
const PAYMENTS = workload(2, { name: 'payments' });
const GUESS = workload(3, { name: '10.4.3.8', namespace: 'outside', kind: 'address', external: true });
const AGENT = workload(4, { name: 'undermesh-agent', namespace: 'host', system: true });

/** What every driver must do. */
export function describeStore(name: string, make: () => StoreUnderTest): void {
  describe(`store contract: ${name}`, () => {
    let made: StoreUnderTest;
    let store: RecordStore;
    beforeEach(async () => {
      made = make();
      store = await made.open();
      store.putWorkloads([ORDERS, PAYMENTS, GUESS, AGENT]);
    });
    afterEach(() => made.dispose());

    const ids = async (query = {}): Promise<string[]> =>
      (await store.connections(query)).items.map(({ id }) => id);

    it('stores a frame once, however often it comes', async () => {
      const batch = batchOf([{ value: record(), local: 1, peer: 3 }]);
      expect(await store.append(batch)).toBe('stored');
      expect(await store.append(batch)).toBe('duplicate');
      const again = await Promise.all([
        store.append(
          batchOf([{ value: record({ socketCookie: 78n }), local: 1, peer: 3 }], { sequence: 2n }),
        ),
        store.append(
          batchOf([{ value: record({ socketCookie: 78n }), local: 1, peer: 3 }], { sequence: 2n }),
        ),
      ]);
      expect(again.sort()).toEqual(['duplicate', 'stored']);
      expect((await store.connections({})).matched).toBe(2);
      expect(await store.positions()).toEqual([
        { node: 'shop-1', streamId: STREAM, sequence: 2n, stored: 2, requests: 0 },
      ]);
      expect(store.stats()).toMatchObject({ rows: 2, state: 'ok' });
    });

    it('moves the position for a frame without ends', async () => {
      await store.append(batchOf([], { sequence: 41n }));
      expect(await store.positions()).toEqual([
        { node: 'shop-1', streamId: STREAM, sequence: 41n, stored: 0, requests: 0 },
      ]);
      expect((await store.connections({})).items).toEqual([]);
    });

    it('does not keep hold of the arrays it was given', async () => {
      const batch = batchOf([{ value: record(), local: 1, peer: 3 }]);
      const appended = store.append(batch);
      batch.records.fill(0);
      batch.localWorkload.fill(9);
      await appended;
      expect((await store.connections({})).items[0]).toMatchObject({
        sentBytes: 1104,
        source: { workload: 'orders' },
      });
    });

    it('joins both ends; each speaks for itself', async () => {
      const source = record({
        originalAddress: address(10, 96, 0, 31),
        originalPort: 443,
        peerAddress: address(10, 4, 3, 8),
      });
      await store.append(batchOf([{ value: source, local: 1, peer: 3 }]));
      const destination = partnerOf(source, { timeNs: source.timeNs + 900_000n, retransmittedSegments: 2 });
      await store.append(
        batchOf([{ value: destination, local: 2, peer: 3 }], { streamId: OTHER_STREAM, node: 'shop-3' }),
      );
      const { items, matched, next } = await store.connections({});
      expect({ matched, next }).toEqual({ matched: 1, next: null });
      expect(items).toEqual([
        {
          id: expect.stringMatching(/^[A-Za-z0-9_-]{32}$/),
          state: 'closed',
          reason: 'local_fin',
          openedAt: new Date(Number((CLOCK_OFFSET_NS + source.openedNs) / 1_000_000n)).toISOString(),
          endedAt: new Date(Number((CLOCK_OFFSET_NS + source.timeNs) / 1_000_000n)).toISOString(),
          lifetimeUs: 19_000,
          connectUs: 310,
          roundTripUs: 240,
          source: {
            workload: 'orders',
            namespace: 'shop',
            version: null,
            kind: 'kubernetes',
            node: 'shop-1',
            address: '10.4.1.17',
            port: 41_385,
            process: 'node',
            pid: 2214,
            system: false,
          },
          destination: {
            workload: 'payments',
            namespace: 'shop',
            version: null,
            kind: 'kubernetes',
            node: 'shop-3',
            address: '10.4.3.8',
            port: 8443,
            process: 'payd',
            pid: 4471,
            system: false,
          },
          askedFor: { address: '10.96.0.31', port: 443 },
          service: null,
          sentBytes: 1104,
          receivedBytes: 4219,
          retransmittedSegments: 3,
          engine: 'dual-engine',
          seenBy: 'both',
          protocol: null,
        },
      ]);
    });

    it('shows a lone destination from the side of the source', async () => {
      const destination = partnerOf(record(), { reason: CloseReason.PEER_RESET });
      await store.append(batchOf([{ value: destination, local: 2, peer: 1 }]));
      expect((await store.connections({})).items[0]).toMatchObject({
        seenBy: 'destination',
        reason: 'local_reset',
        sentBytes: 1104,
        receivedBytes: 4219,
        connectUs: null,
        askedFor: null,
        source: { workload: 'orders', node: null, address: '10.4.1.17', port: 41_385, process: null },
        destination: { workload: 'payments', node: 'shop-1', port: 8443 },
      });
    });

    it('shows a failed connect, and a peer that nobody could name', async () => {
      const failed = record({
        event: RecordEvent.FAILED,
        reason: CloseReason.REFUSED,
        flags: 0,
        clientIsn: 0,
        serverIsn: 0,
        sentBytes: 0n,
        receivedBytes: 0n,
        srttUs: 0,
      });
      await store.append(batchOf([{ value: failed, local: 1, peer: 0 }]));
      expect((await store.connections({ state: 'failed' })).items[0]).toMatchObject({
        state: 'failed',
        reason: 'refused',
        sentBytes: null,
        receivedBytes: null,
        retransmittedSegments: null,
        connectUs: null,
        roundTripUs: null,
        seenBy: 'source',
        destination: { workload: 'unknown', kind: 'unknown', namespace: '' },
      });
      expect(await ids({ state: 'closed' })).toEqual([]);
      expect(await ids({ destination: 'unknown' })).toHaveLength(1);
    });

    it('does not join ends that lie more than two minutes apart', async () => {
      const source = record();
      const late = partnerOf(source, { timeNs: source.timeNs + 121_000_000_000n });
      await store.append(
        batchOf([
          { value: source, local: 1, peer: 2 },
          { value: late, local: 2, peer: 1 },
        ]),
      );
      const { items, matched } = await store.connections({});
      expect(items.map(({ seenBy }) => seenBy)).toEqual(['destination', 'source']);
      expect(matched).toBe(2);
    });

    it('leaves out what belongs to Undermesh unless asked', async () => {
      await store.append(batchOf([{ value: record({ clientIsn: 0, serverIsn: 0 }), local: 4, peer: 4 }]));
      expect(await ids()).toEqual([]);
      expect(await ids({ system: true })).toHaveLength(1);
    });

    it('writes addresses as people do', async () => {
      const v6 = (...groups: number[]): Uint8Array =>
        address(...groups.flatMap((group) => [group >> 8, group & 255]));
      const ends = [
        {
          family: AddressFamily.IPV6,
          localAddress: v6(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1),
          peerAddress: v6(0, 0, 0, 0, 0, 0, 0, 1),
        },
        {
          family: AddressFamily.V4_MAPPED,
          localAddress: address(192, 0, 2, 1),
          peerAddress: address(192, 0, 2, 2),
        },
      ].map((over, at) => ({
        value: record({
          ...over,
          clientIsn: 0,
          serverIsn: 0,
          timeNs: 9_000_000_000n - BigInt(at),
          originalAddress: over.peerAddress,
          originalPort: 8443,
        }),
        local: 1,
        peer: 2,
      }));
      await store.append(batchOf(ends));
      const { items } = await store.connections({});
      expect(items.map(({ source, destination }) => [source.address, destination.address])).toEqual([
        ['2001:db8::1:0:0:1', '::1'],
        ['192.0.2.1', '192.0.2.2'],
      ]);
      expect(await ids({ address: '2001:DB8:0:0:1::1' })).toHaveLength(1);
      expect(await ids({ address: '::ffff:192.0.2.2' })).toHaveLength(1);
      expect(await ids({ address: '192.0.2.3' })).toEqual([]);
    });

    it('finds a connection by the id of either end, with both records and whether they agree', async () => {
      const source = record({ flags: RecordFlag.ESTABLISHED | RecordFlag.ANNOUNCED });
      const destination = partnerOf(source, { receivedBytes: 1100n });
      await store.append(
        batchOf([{ value: destination, local: 2, peer: 3 }], { streamId: OTHER_STREAM, node: 'shop-3' }),
      );
      const lone = (await store.connections({})).items[0];
      await store.append(batchOf([{ value: source, local: 1, peer: 3 }]));
      const joined = (await store.connections({})).items[0];
      const detail = await store.connection(lone?.id ?? '');
      expect(detail).toEqual(await store.connection(joined?.id ?? ''));
      expect(detail?.connection).toEqual(joined);
      expect(detail?.ends.source).toMatchObject({
        node: 'shop-1',
        event: 'closed',
        reason: 'local_fin',
        family: 'ipv4',
        flags: ['established', 'announced'],
        socketCookie: '77',
        cgroupId: '1042',
        clientIsn: '9c41e07a',
        serverIsn: '2f80b5d3',
        streamId: STREAM,
        frameSequence: '1',
        minimumRoundTripUs: 190,
        retransmittedBytes: 48,
      });
      expect(detail?.ends.destination).toMatchObject({ node: 'shop-3', process: 'payd', connectUs: null });
      expect(detail?.agreement).toEqual({
        bytes: false,
        detail: 'The source sent 1104 bytes and the destination received 1100.',
      });
      expect(await store.connection('A'.repeat(32))).toBeNull();
      expect(await store.connection("x' OR 1=1 --")).toBeNull();
    });

    it('says that both ends agree', async () => {
      const source = record();
      await store.append(
        batchOf([
          { value: source, local: 1, peer: 2 },
          { value: partnerOf(source), local: 2, peer: 1 },
        ]),
      );
      const { items } = await store.connections({});
      expect((await store.connection(items[0]?.id ?? ''))?.agreement).toMatchObject({ bytes: true });
    });

    it('pages through exactly what the first page saw, while records keep coming', async () => {
      const at = (n: number) =>
        record({
          socketCookie: BigInt(n),
          clientIsn: n,
          serverIsn: n,
          timeNs: 50_000_000_000n + BigInt(n % 7) * 1_000n,
        });
      const sources = Array.from({ length: 40 }, (_, n) => ({ value: at(n + 1), local: 1, peer: 2 }));
      await store.append(batchOf(sources));
      const expected = await ids({ limit: 1000 });
      const seen: string[] = [];
      let sequence = 2n;
      for (let cursor: string | undefined; ; ) {
        const page = await store.connections({ limit: 7, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.items.map(({ id }) => id));
        // Newer ones, older ones, and partners of those already shown.
        await store.append(
          batchOf(
            [
              { value: at(1000 + Number(sequence)), local: 1, peer: 2 },
              { value: partnerOf(at(Number(sequence)), { timeNs: 49_000_000_000n }), local: 2, peer: 1 },
            ],
            { sequence: sequence++ },
          ),
        );
        if (page.next === null) break;
        cursor = page.next;
      }
      expect(seen).toEqual(expected);
      expect(new Set(seen).size).toBe(40);
    });

    it('counts ended and failed connections over the window', async () => {
      const second = 1_000_000_000n;
      const at = (n: number, over = {}) => ({
        value: record({
          timeNs: 100n * second + BigInt(n) * second,
          socketCookie: BigInt(n),
          clientIsn: n + 1,
          serverIsn: 5,
          ...over,
        }),
        local: 1,
        peer: 2,
      });
      const ends = [
        at(0),
        at(1),
        at(1, {
          socketCookie: 9n,
          clientIsn: 0,
          serverIsn: 0,
          event: RecordEvent.FAILED,
          reason: CloseReason.REFUSED,
        }),
        at(59),
      ];
      ends.push({ value: partnerOf(at(0).value), local: 2, peer: 1 });
      await store.append(batchOf(ends));
      const from = new Date(Number((CLOCK_OFFSET_NS + 100n * second) / 1_000_000n)).toISOString();
      const to = new Date(Number((CLOCK_OFFSET_NS + 160n * second) / 1_000_000n)).toISOString();
      const { histogram, matched } = await store.connections({ histogram: true, from, to });
      expect(matched).toBe(4);
      expect(histogram).toMatchObject({ from, stepSeconds: 1 });
      expect(histogram?.ended).toHaveLength(60);
      expect(histogram?.ended.slice(0, 3)).toEqual([1, 1, 0]);
      expect(histogram?.ended[59]).toBe(1);
      expect(histogram?.failed.slice(0, 3)).toEqual([0, 1, 0]);
    });

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
      for (const batch of batches) await store.append(batch);
      const seen: RecordBatch[] = [];
      const keep = (batch: RecordBatch): void => {
        seen.push({
          ...batch,
          records: batch.records.slice(),
          localWorkload: batch.localWorkload.slice(),
          peerWorkload: batch.peerWorkload.slice(),
        });
      };
      await store.replay({}, keep);
      expect(seen).toEqual(batches);
      seen.length = 0;
      await store.replay({ sinceMs: Number((CLOCK_OFFSET_NS + 15_000_000_000n) / 1_000_000n) }, keep);
      expect(seen).toEqual(batches.slice(1));
    });

    it('stores http records in the same stream, and replays both kinds in their order', async () => {
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
            samples: Array.from({ length: 8 }, (_, n) => ({ firstByteUs: 2 ** n, status: 200 + n })),
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
      for (const batch of batches) expect(await store.append(batch)).toBe('stored');
      expect(await store.append(requests)).toBe('duplicate');
      expect(store.stats()).toMatchObject({ rows: 2, httpRows: 2 });
      // What a stream has stored is counted in ends, and in requests beside them.
      expect(await store.positions()).toMatchObject([{ sequence: 3n, stored: 2, requests: 8 }]);
      expect((await store.connections({})).matched).toBe(2);
      const seen: RecordBatch[] = [];
      await store.replay({}, (batch) => seen.push(batch));
      expect(seen).toEqual(batches);
      seen.length = 0;
      await store.replay({ sinceMs: Number((CLOCK_OFFSET_NS + 11_500_000_000n) / 1_000_000n) }, (batch) =>
        seen.push(batch),
      );
      expect(seen.map(({ sequence, count }) => [sequence, count])).toEqual([
        [2n, 1],
        [3n, 1],
      ]);
    });

    it('replays what was stored after a frame, whatever its time', async () => {
      const at = (second: number, sequence: bigint) =>
        batchOf([{ value: record({ timeNs: BigInt(second) * 1_000_000_000n }), local: 1, peer: 3 }], {
          sequence,
        });
      await store.append(at(500, 1n));
      const { lastFrame } = store.stats();
      const later = [at(100, 2n), at(900, 3n)];
      for (const batch of later) await store.append(batch);
      const seen: RecordBatch[] = [];
      await store.replay({ afterFrame: lastFrame }, (batch) => seen.push(batch));
      expect(seen.map(({ sequence }) => sequence)).toEqual([2n, 3n]);
      seen.length = 0;
      await store.replay({ afterFrame: store.stats().lastFrame }, (batch) => seen.push(batch));
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
        const state = await store.rollups(({ widthMs, start, bytes }) =>
          found.push([widthMs, start, [...bytes]]),
        );
        return { state: state === null ? null : [...state], found: found.sort((a, b) => a[1] - b[1]) };
      };
      expect(await read()).toEqual({ state: null, found: [] });
      await store.putRollups({
        put: [rollup(60_000, 1), rollup(120_000, 2, 3)],
        remove: [],
        state: Uint8Array.of(7),
      });
      await store.putRollups({
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
      expect(store.stats().rollups).toEqual({ count: 2, bytes: 1, damaged: 0 });
    });

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
        await store.append(httpBatchOf(all.map(({ source }) => source)));
        await store.append(
          httpBatchOf(
            all.map(({ destination }) => destination),
            { streamId: OTHER_STREAM, node: 'shop-3' },
          ),
        );
        // One of them has ended since.
        const ended = batchOf(
          [{ value: { ...slow.source.value, timeNs: 90n * second }, local: 1, peer: 2 }],
          {
            sequence: 2n,
          },
        );
        await store.append(ended);
        const found = await store.latencyConnections(region);
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
        expect((await store.connection(id))?.connection).toMatchObject({ id, state: 'closed' });
        expect(await store.latencyConnections({ ...region, limit: 1 })).toMatchObject({ more: 1 });
      });

      it('takes every filter', async () => {
        const all = [connection(1, { us: [40_000, 900], status: 503 }), connection(2, { us: [6_000] })];
        await store.append(httpBatchOf(all.map(({ source }) => source)));
        await store.append(
          httpBatchOf(
            all.map(({ destination }) => destination),
            { streamId: OTHER_STREAM, node: 'shop-3' },
          ),
        );
        const found = async (query: object): Promise<number[]> => {
          const { items } = await store.latencyConnections({ ...region, ...query });
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
        await store.append(
          batchOf([
            { value: source, local: 1, peer: 2 },
            { value: partnerOf(source), local: 2, peer: 1 },
          ]),
        );
        const found = async (measure: string, query: object = {}): Promise<number[]> => {
          const { items } = await store.latencyConnections({ ...region, measure, ...query } as never);
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
          await expect(store.latencyConnections({ ...region, ...query })).rejects.toMatchObject({
            code: 'request_invalid',
          });
        }
      });
    });

    it('refuses a query that cannot be meant', async () => {
      for (const query of [
        { address: '10.0.0' },
        { port: '70000' },
        { reason: 'bored' },
        { from: 'yesterday' },
      ]) {
        await expect(store.connections(query)).rejects.toMatchObject({ code: 'request_invalid' });
      }
      await expect(store.connections({ cursor: 'AAAA' })).rejects.toMatchObject({ code: 'cursor_invalid' });
    });

    it('knows its workloads', async () => {
      await store.append(batchOf([]));
      store.putWorkloads([{ ...ORDERS, version: 'v2' }]);
      await store.append(batchOf([], { sequence: 2n }));
      const known = await store.workloads();
      expect(known.sort((a, b) => a.id - b.id)).toEqual([
        { ...ORDERS, version: 'v2' },
        PAYMENTS,
        GUESS,
        AGENT,
      ]);
    });
  });
}
