// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, ConnectionsQuery } from '@undermesh/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DuckdbStore } from '../../src/store/duckdb/duckdb-store.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import type { RecordBatch, RecordStore } from '../../src/store/store.js';
import { NODES, randomBatches, WORKLOADS } from './mesh-of-records.js';
import { CLOCK_OFFSET_NS, randomFrom } from './traffic.js';

const KEEP_ALL = { retentionSeconds: 1_000_000_000 };
const CONNECTIONS = 600;

/** Frames of a stream stay in order; streams are mixed. */
const batches: RecordBatch[] = randomBatches(7, CONNECTIONS);
const directory = mkdtempSync(join(tmpdir(), 'undermesh-oracle-'));
const stores: Record<string, RecordStore> = {
  memory: new MemoryStore(KEEP_ALL),
  duckdb: new DuckdbStore({ directory, ...KEEP_ALL, lingerMs: 0, segmentBytes: 600_000 }),
};
let everything: Connection[] = [];

beforeAll(async () => {
  for (const store of Object.values(stores)) {
    await store.open();
    store.putWorkloads(WORKLOADS);
    const byStream = new Map<string, RecordBatch[]>();
    for (const batch of batches)
      byStream.set(batch.streamId, [...(byStream.get(batch.streamId) ?? []), batch]);
    for (const list of byStream.values()) {
      list.sort((a, b) => Number(a.sequence - b.sequence));
      await Promise.all(list.map((batch) => store.append(batch)));
    }
  }
  everything = await walk(stores.memory as RecordStore, { system: true, limit: 1000 });
}, 60_000);
afterAll(async () => {
  for (const store of Object.values(stores)) await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function walk(store: RecordStore, query: ConnectionsQuery): Promise<Connection[]> {
  const items: Connection[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await store.connections({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    items.push(...page.items);
    if (page.next === null) return items;
    cursor = page.next;
  }
}

/** Says once more, in the plainest way, what each filter means. */
function passes(connection: Connection, query: ConnectionsQuery): boolean {
  const { source, destination } = connection;
  const sides = [source, destination];
  const any = (text: string | undefined, values: readonly string[]): boolean =>
    text === undefined || text.split(',').some((wanted) => values.includes(wanted));
  const names = (side: Connection['source']): string[] => [
    side.workload,
    `${side.namespace}/${side.workload}`,
  ];
  const endedAt = Date.parse(connection.endedAt ?? '');
  return (
    (query.system === true || !sides.some(({ system }) => system)) &&
    (query.state === undefined || query.state === 'ended' || query.state === connection.state) &&
    any(query.source, names(source)) &&
    any(query.destination, names(destination)) &&
    any(query.workload, sides.flatMap(names)) &&
    any(
      query.namespace,
      sides.map(({ namespace }) => namespace),
    ) &&
    any(
      query.node,
      sides.flatMap(({ node }) => node ?? []),
    ) &&
    any(
      query.address,
      sides.map(({ address }) => address),
    ) &&
    any(query.port, [String(destination.port)]) &&
    any(
      query.process,
      sides.flatMap(({ process }) => process ?? []),
    ) &&
    any(query.reason, connection.reason === null ? [] : [connection.reason]) &&
    (query.from === undefined || endedAt >= Date.parse(query.from)) &&
    (query.to === undefined || endedAt < Date.parse(query.to))
  );
}

const time = (seconds: number): string =>
  new Date(Number((CLOCK_OFFSET_NS + BigInt(seconds) * 1_000_000_000n) / 1_000_000n)).toISOString();
const CHOICES: { [Name in keyof ConnectionsQuery]?: ReadonlyArray<ConnectionsQuery[Name]> } = {
  state: ['closed', 'failed', 'ended'],
  source: ['web', 'a/api', 'a/web,b/db', 'nobody', 'unknown'],
  destination: ['db', 'b/web', 'c/api,a/db', 'unknown'],
  workload: ['api', 'c/web'],
  namespace: ['a', 'b,c'],
  node: [...NODES, 'n1,n2', 'n9'],
  address: ['10.0.0.3', '2001:db8::4', '10.0.0.104,10.0.0.5'],
  port: ['443', '80,8443'],
  process: ['payd', 'postgres-writer,node', 'a-name-that-is-too-long'],
  reason: ['refused', 'peer_fin,timed_out'],
  from: [time(1200)],
  to: [time(1400)],
  system: [true],
};

const random = randomFrom(99);
const queries: ConnectionsQuery[] = [
  {},
  ...Object.entries(CHOICES).flatMap(([name, values]) =>
    values.map((value) => ({ [name]: value }) as ConnectionsQuery),
  ),
  ...Array.from({ length: 24 }, () => {
    const query: Record<string, unknown> = {};
    for (const [name, values] of Object.entries(CHOICES)) {
      if (random() < 0.25) query[name] = values[Math.floor(random() * values.length)];
    }
    return query as ConnectionsQuery;
  }),
];

describe.each(Object.keys(stores))('every filter finds what it should: %s', (driver) => {
  it('sees every connection, newest end first', async () => {
    const store = stores[driver] as RecordStore;
    const all = await walk(store, { system: true, limit: 97 });
    expect(all).toEqual(everything);
    expect(all.length).toBeGreaterThan(CONNECTIONS * 0.9);
    const kinds = new Set(all.map(({ seenBy, state }) => `${seenBy} ${state}`));
    expect(kinds).toEqual(new Set(['both closed', 'source closed', 'destination closed', 'source failed']));
  });

  it(`agrees with the oracle on ${queries.length} queries, and counts the same`, async () => {
    const store = stores[driver] as RecordStore;
    for (const query of queries) {
      const expected = everything.filter((connection) => passes(connection, query));
      const first = await store.connections({ ...query, histogram: true, limit: 50 });
      expect(first.items, JSON.stringify(query)).toEqual(expected.slice(0, 50));
      expect(first.matched, JSON.stringify(query)).toBe(expected.length);
      const sum = (figures: readonly (number | null)[] | undefined): number =>
        (figures ?? []).reduce<number>((a, b) => a + (b ?? 0), 0);
      const failed = expected.filter(({ state }) => state === 'failed').length;
      expect(sum(first.histogram?.failed), JSON.stringify(query)).toBe(failed);
      expect(sum(first.histogram?.ended), JSON.stringify(query)).toBe(expected.length - failed);
    }
    for (const query of queries.slice(0, 12)) {
      const expected = everything.filter((connection) => passes(connection, query));
      expect(await walk(store, { ...query, limit: 31 }), JSON.stringify(query)).toEqual(expected);
    }
  }, 60_000);
});
