// SPDX-License-Identifier: Apache-2.0
import { CloseReason, RecordEvent, RecordFlag } from '@undermesh/bpf-abi';
import { expect, it } from 'vitest';
import { address, batchOf, CLOCK_OFFSET_NS, partnerOf, record, STREAM } from '../traffic.js';
import { OTHER_STREAM, type StoreBed } from './bed.js';

/** Both ends of a connection, and one alone. */
export function describeEnds(bed: StoreBed): void {
  it('joins both ends; each speaks for itself', async () => {
    const source = record({
      originalAddress: address(10, 96, 0, 31),
      originalPort: 443,
      peerAddress: address(10, 4, 3, 8),
    });
    await bed.store.append(batchOf([{ value: source, local: 1, peer: 3 }]));
    const destination = partnerOf(source, { timeNs: source.timeNs + 900_000n, retransmittedSegments: 2 });
    await bed.store.append(
      batchOf([{ value: destination, local: 2, peer: 3 }], { streamId: OTHER_STREAM, node: 'shop-3' }),
    );
    const { items, matched, next } = await bed.store.connections({});
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
    await bed.store.append(batchOf([{ value: destination, local: 2, peer: 1 }]));
    expect((await bed.store.connections({})).items[0]).toMatchObject({
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
    await bed.store.append(batchOf([{ value: failed, local: 1, peer: 0 }]));
    expect((await bed.store.connections({ state: 'failed' })).items[0]).toMatchObject({
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
    expect(await bed.ids({ state: 'closed' })).toEqual([]);
    expect(await bed.ids({ destination: 'unknown' })).toHaveLength(1);
  });

  it('does not join ends that lie more than two minutes apart', async () => {
    const source = record();
    const late = partnerOf(source, { timeNs: source.timeNs + 121_000_000_000n });
    await bed.store.append(
      batchOf([
        { value: source, local: 1, peer: 2 },
        { value: late, local: 2, peer: 1 },
      ]),
    );
    const { items, matched } = await bed.store.connections({});
    expect(items.map(({ seenBy }) => seenBy)).toEqual(['destination', 'source']);
    expect(matched).toBe(2);
  });

  it('finds a connection by the id of either end, with both records and whether they agree', async () => {
    const source = record({ flags: RecordFlag.ESTABLISHED | RecordFlag.ANNOUNCED });
    const destination = partnerOf(source, { receivedBytes: 1100n });
    await bed.store.append(
      batchOf([{ value: destination, local: 2, peer: 3 }], { streamId: OTHER_STREAM, node: 'shop-3' }),
    );
    const lone = (await bed.store.connections({})).items[0];
    await bed.store.append(batchOf([{ value: source, local: 1, peer: 3 }]));
    const joined = (await bed.store.connections({})).items[0];
    const detail = await bed.store.connection(lone?.id ?? '');
    expect(detail).toEqual(await bed.store.connection(joined?.id ?? ''));
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
    expect(await bed.store.connection('A'.repeat(32))).toBeNull();
    expect(await bed.store.connection("x' OR 1=1 --")).toBeNull();
  });

  it('says that both ends agree', async () => {
    const source = record();
    await bed.store.append(
      batchOf([
        { value: source, local: 1, peer: 2 },
        { value: partnerOf(source), local: 2, peer: 1 },
      ]),
    );
    const { items } = await bed.store.connections({});
    expect((await bed.store.connection(items[0]?.id ?? ''))?.agreement).toMatchObject({ bytes: true });
  });
}
