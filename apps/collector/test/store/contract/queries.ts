// SPDX-License-Identifier: Apache-2.0
import { AddressFamily, CloseReason, RecordEvent } from '@undermesh/bpf-abi';
import { expect, it } from 'vitest';
import { address, batchOf, CLOCK_OFFSET_NS, partnerOf, record } from '../traffic.js';
import type { StoreBed } from './bed.js';

/** Lists of connections: what is in them, in which order, over which window. */
export function describeQueries(bed: StoreBed): void {
  it('leaves out what belongs to Undermesh unless asked', async () => {
    await bed.store.append(batchOf([{ value: record({ clientIsn: 0, serverIsn: 0 }), local: 4, peer: 4 }]));
    expect(await bed.ids()).toEqual([]);
    expect(await bed.ids({ system: true })).toHaveLength(1);
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
    await bed.store.append(batchOf(ends));
    const { items } = await bed.store.connections({});
    expect(items.map(({ source, destination }) => [source.address, destination.address])).toEqual([
      ['2001:db8::1:0:0:1', '::1'],
      ['192.0.2.1', '192.0.2.2'],
    ]);
    expect(await bed.ids({ address: '2001:DB8:0:0:1::1' })).toHaveLength(1);
    expect(await bed.ids({ address: '::ffff:192.0.2.2' })).toHaveLength(1);
    expect(await bed.ids({ address: '192.0.2.3' })).toEqual([]);
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
    await bed.store.append(batchOf(sources));
    const expected = await bed.ids({ limit: 1000 });
    const seen: string[] = [];
    let sequence = 2n;
    for (let cursor: string | undefined; ; ) {
      const page = await bed.store.connections({ limit: 7, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      // Newer ones, older ones, and partners of those already shown.
      await bed.store.append(
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
    await bed.store.append(batchOf(ends));
    const from = new Date(Number((CLOCK_OFFSET_NS + 100n * second) / 1_000_000n)).toISOString();
    const to = new Date(Number((CLOCK_OFFSET_NS + 160n * second) / 1_000_000n)).toISOString();
    const { histogram, matched } = await bed.store.connections({ histogram: true, from, to });
    expect(matched).toBe(4);
    expect(histogram).toMatchObject({ from, stepSeconds: 1 });
    expect(histogram?.ended).toHaveLength(60);
    expect(histogram?.ended.slice(0, 3)).toEqual([1, 1, 0]);
    expect(histogram?.ended[59]).toBe(1);
    expect(histogram?.failed.slice(0, 3)).toEqual([0, 1, 0]);
  });

  it('refuses a query that cannot be meant', async () => {
    for (const query of [
      { address: '10.0.0' },
      { port: '70000' },
      { reason: 'bored' },
      { from: 'yesterday' },
    ]) {
      await expect(bed.store.connections(query)).rejects.toMatchObject({ code: 'request_invalid' });
    }
    await expect(bed.store.connections({ cursor: 'AAAA' })).rejects.toMatchObject({ code: 'cursor_invalid' });
  });
}
