// SPDX-License-Identifier: Apache-2.0
import { CloseReason, RecordEvent, RecordFlag } from '@undermesh/bpf-abi';
import type { Connection } from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LiveBody, LiveTopics } from '../../src/api/live.js';
import { registerConnectionsTopic } from '../../src/api/live-connections.js';
import type { RecordBatch } from '../../src/store/store.js';
import { batchOf, partnerOf, record, workload } from '../store/traffic.js';

const WORKLOADS = [workload(1, { name: 'orders' }), workload(2, { name: 'payments' })];

let listeners: Set<(batch: RecordBatch) => void>;
let topics: LiveTopics;
beforeEach(() => {
  vi.useFakeTimers();
  listeners = new Set();
  topics = new LiveTopics();
  registerConnectionsTopic(topics, {
    feed: {
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    workloads: (id) => WORKLOADS.find((one) => one.id === id),
  });
});
afterEach(() => vi.useRealTimers());

class Client {
  readonly sent: Extract<LiveBody, { type: 'connections' }>[] = [];
  congested = false;
  readonly end: () => void;
  constructor(query = {}) {
    const topic = topics.get('connections');
    if (topic === undefined) throw new Error('not registered');
    this.end = topic.subscribe({ type: 'subscribe', id: '1', topic: 'connections', query }, this);
  }
  send(body: LiveBody): void {
    if (body.type === 'connections') this.sent.push(body);
  }
  get items(): Connection[] {
    return this.sent.flatMap(({ items }) => items);
  }
  get skipped(): number {
    return this.sent.reduce((sum, { skipped }) => sum + skipped, 0);
  }
}

const feed = (batch: RecordBatch): void => {
  for (const listener of listeners) listener(batch);
};
const one = (over = {}, local = 1, peer = 2) => batchOf([{ value: record(over), local, peer }]);

describe('the live topic connections', () => {
  it('listens only while somebody does', () => {
    expect(listeners.size).toBe(0);
    const [a, b] = [new Client(), new Client()];
    expect(a.sent).toEqual([{ type: 'connections', items: [], skipped: 0 }]);
    expect(listeners.size).toBe(1);
    a.end();
    b.end();
    expect(listeners.size).toBe(0);
  });

  it('holds an end for its partner, and sends both as one', () => {
    const client = new Client();
    feed(one());
    vi.advanceTimersByTime(500);
    expect(client.items).toEqual([]);
    feed(batchOf([{ value: partnerOf(record()), local: 2, peer: 0 }], { node: 'shop-3' }));
    vi.advanceTimersByTime(250);
    expect(client.items).toMatchObject([
      {
        state: 'closed',
        seenBy: 'both',
        source: { workload: 'orders' },
        destination: { workload: 'payments', node: 'shop-3' },
      },
    ]);
  });

  it('sends an end alone after a second, and again when its partner comes', () => {
    const client = new Client();
    feed(one());
    vi.advanceTimersByTime(1300);
    expect(client.items).toMatchObject([{ seenBy: 'source' }]);
    feed(batchOf([{ value: partnerOf(record()), local: 2, peer: 0 }]));
    vi.advanceTimersByTime(250);
    expect(client.items).toMatchObject([{ seenBy: 'source' }, { seenBy: 'both', id: client.items[0]?.id }]);
  });

  it('sends openings and failures, but no progress and nothing announced again', () => {
    const client = new Client();
    feed(one({ event: RecordEvent.FAILED, reason: CloseReason.REFUSED, clientIsn: 0, serverIsn: 0 }));
    feed(one({ event: RecordEvent.PROGRESS, reason: 0 }));
    feed(
      one({ event: RecordEvent.OPENED, reason: 0, flags: RecordFlag.ESTABLISHED | RecordFlag.REANNOUNCED }),
    );
    feed(one({ event: RecordEvent.OPENED, reason: 0 }));
    vi.advanceTimersByTime(1500);
    expect(client.items.map(({ state }) => state)).toEqual(['failed', 'open']);
  });

  it('sends what matches the query', () => {
    const [failed, orders, nobody] = [
      new Client({ state: 'failed' }),
      new Client({ source: 'orders' }),
      new Client({ source: 'payments' }),
    ];
    feed(one());
    vi.advanceTimersByTime(1500);
    expect([failed.items.length, orders.items.length, nobody.items.length]).toEqual([0, 1, 0]);
    expect(() => new Client({ address: 'nowhere' })).toThrow(
      expect.objectContaining({ code: 'request_invalid' }),
    );
  });

  it('sends at most 200 a second and counts the rest', () => {
    const client = new Client();
    const flood = (n: number) =>
      batchOf(
        Array.from({ length: n }, (_, at) => ({
          value: record({ socketCookie: BigInt(at), clientIsn: 0, serverIsn: 0 }),
          local: 1,
          peer: 2,
        })),
      );
    feed(flood(1000));
    vi.advanceTimersByTime(1000);
    expect(client.items.length).toBeLessThanOrEqual(200);
    expect(client.items.length + client.skipped).toBe(1000);
    feed(flood(20_000));
    vi.advanceTimersByTime(1000);
    expect(client.items.length + client.skipped).toBe(21_000);
  });

  it('waits for a client that does not keep up', () => {
    const client = new Client();
    client.congested = true;
    feed(one({ clientIsn: 0, serverIsn: 0 }));
    vi.advanceTimersByTime(1000);
    expect(client.items).toEqual([]);
    client.congested = false;
    vi.advanceTimersByTime(250);
    expect(client.items).toHaveLength(1);
  });
});
