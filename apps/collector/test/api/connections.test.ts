// SPDX-License-Identifier: Apache-2.0
import {
  type ConnectionRecordValue,
  encodeConnectionRecord,
  RecordEvent,
  RecordFlag,
} from '@undermesh/bpf-abi';
import type { Connection, ConnectionDetail, Connections } from '@undermesh/schema';
import { ROUTES } from '@undermesh/schema';
import fastify, { type FastifyInstance } from 'fastify';
import Value from 'typebox/value';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenEnd } from '../../src/aggregate/open-connections.js';
import { csvCell } from '../../src/api/connection-csv.js';
import { connectionsRoutes } from '../../src/api/connections.js';
import { answerProblem } from '../../src/api/problem.js';
import { typeboxValidator } from '../../src/api/validator.js';
import { NativeBook } from '../../src/native/native-book.js';
import { StoreError } from '../../src/store/duckdb/store-failure.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import { address, batchOf, CLOCK_OFFSET_NS, partnerOf, record, STREAM, workload } from '../store/traffic.js';

const WORKLOADS = [
  workload(1, { name: 'orders' }),
  workload(2, { name: 'payments' }),
  workload(3, { name: '=cmd|calc', namespace: 'evil, "corp"' }),
  workload(4, { name: 'undermesh-agent', system: true }),
];
const names = (id: number) => WORKLOADS.find((one) => one.id === id);

let store: MemoryStore;
let openEnds: OpenEnd[];
let app: FastifyInstance;

beforeEach(async () => {
  store = new MemoryStore({ retentionSeconds: 1_000_000_000 });
  store.putWorkloads(WORKLOADS);
  openEnds = [];
  app = fastify();
  app.setValidatorCompiler(typeboxValidator);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler(answerProblem);
  const open = {
    list: () => openEnds,
    get size() {
      return openEnds.length;
    },
  };
  await app.register(async (routes) =>
    connectionsRoutes(routes, { store, open, workloads: names, exportLimit: 3000, native: new NativeBook() }),
  );
});
afterEach(() => app.close());

function openEnd(value: ConnectionRecordValue, over: Partial<OpenEnd> = {}): OpenEnd {
  const opened = { ...value, event: RecordEvent.OPENED, reason: 0 };
  return {
    node: 'shop-1',
    cluster: 'default',
    streamId: STREAM,
    frameSequence: 9n,
    recordBytes: 192,
    record: encodeConnectionRecord(opened),
    realtimeOffsetNs: CLOCK_OFFSET_NS,
    localWorkload: 1,
    peerWorkload: 2,
    updatedAtMs: Date.now(),
    partner: null,
    ...over,
  };
}

const nth = (n: number, over: Partial<ConnectionRecordValue> = {}): ConnectionRecordValue =>
  record({
    socketCookie: BigInt(n),
    clientIsn: n,
    serverIsn: n,
    timeNs: 9_000_000_000n + BigInt(n) * 1_000_000n,
    openedNs: 8_000_000_000n + BigInt(n) * 1_000_000n,
    ...over,
  });

async function get<T = Connections>(query: string): Promise<T> {
  const answer = await app.inject(`/api/v1/connections${query}`);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<T>();
}

async function problem(query: string): Promise<{ status: number; code: string }> {
  const answer = await app.inject(`/api/v1/connections${query}`);
  expect(answer.headers['content-type']).toContain('application/problem+json');
  return { status: answer.statusCode, code: answer.json<{ code: string }>().code };
}

const endedFrame = (count: number) =>
  batchOf(Array.from({ length: count }, (_, at) => ({ value: nth(at + 1), local: 1, peer: 2 })));

describe('GET /connections', () => {
  it('shows what is open first, then what has ended, page by page, each once', async () => {
    await store.append(endedFrame(12));
    openEnds = Array.from({ length: 7 }, (_, at) =>
      openEnd(nth(100 + Math.floor(at / 2), { socketCookie: BigInt(100 + at) })),
    );
    const ids: string[] = [];
    const states: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Connections = await get(`?limit=4${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(Value.Check(ROUTES.connections.answer, page)).toBe(true);
      if (cursor === '') expect(page.matched).toBe(19);
      else expect(page.matched).toBeNull();
      expect(page.items.length).toBeLessThanOrEqual(4);
      ids.push(...page.items.map(({ id }) => id));
      states.push(...page.items.map(({ state }) => state));
      cursor = page.next;
    }
    expect(new Set(ids).size).toBe(19);
    expect(states).toEqual([...Array<string>(7).fill('open'), ...Array<string>(12).fill('closed')]);
  });

  it('goes on to the ended when the open fill a page exactly', async () => {
    await store.append(endedFrame(1));
    openEnds = [openEnd(nth(100)), openEnd(nth(101))];
    const first = await get('?limit=2&histogram=true');
    expect(first.items.map(({ state }) => state)).toEqual(['open', 'open']);
    expect(first).toMatchObject({ matched: 3, histogram: { stepSeconds: expect.any(Number) } });
    const second = await get(`?limit=2&cursor=${first.next}`);
    expect(second.items.map(({ state }) => state)).toEqual(['closed']);
    expect(second.next).toBeNull();
  });

  it('joins both open ends and says how long they have lived', async () => {
    const source = nth(5, { timeNs: 10_000_000_000n, openedNs: 9_000_000_000n });
    const destination = partnerOf(source);
    const a = openEnd(source, { updatedAtMs: Date.now() - 2000 });
    const b = openEnd(destination, {
      node: 'shop-3',
      localWorkload: 2,
      peerWorkload: 0,
      streamId: '9'.repeat(32),
    });
    openEnds = [
      { ...b, partner: a },
      { ...a, partner: b },
    ];
    const { items, matched } = await get('?state=open');
    expect(matched).toBe(1);
    expect(items[0]).toMatchObject({
      state: 'open',
      seenBy: 'both',
      endedAt: null,
      reason: null,
      source: { workload: 'orders', node: 'shop-1' },
      destination: { workload: 'payments', node: 'shop-3' },
    });
    expect(items[0]?.lifetimeUs).toBeGreaterThan(2_900_000);
    expect(items[0]?.lifetimeUs).toBeLessThan(60_000_000);
  });

  it('filters what is open as it filters what has ended', async () => {
    const value = nth(5, {
      localAddress: address(10, 0, 0, 1),
      peerAddress: address(10, 0, 0, 2),
      process: 'curl',
    });
    openEnds = [openEnd(value), openEnd(nth(6), { localWorkload: 4, peerWorkload: 4 })];
    for (const query of [
      'source=orders',
      'destination=shop/payments',
      'workload=payments',
      'namespace=shop',
      'node=shop-1',
      'address=10.0.0.2',
      'port=8443',
      'process=curl',
      'to=2040-01-01T00:00:00Z',
    ]) {
      expect((await get(`?state=open&${query}`)).matched, query).toBe(1);
    }
    for (const query of [
      'source=payments',
      'destination=orders',
      'node=shop-3',
      'address=10.0.0.3',
      'port=41385',
      'process=node',
      'reason=refused',
      'to=1990-01-01T00:00:00Z',
    ]) {
      expect((await get(`?state=open&${query}`)).matched, query).toBe(0);
    }
    expect((await get('?state=open&system=true')).matched).toBe(2);
    expect((await get('?state=closed')).items).toEqual([]);
  });

  it('answers what cannot be meant with a problem', async () => {
    expect(await problem('?state=asleep')).toEqual({ status: 400, code: 'request_invalid' });
    expect(await problem('?limit=0')).toEqual({ status: 400, code: 'request_invalid' });
    expect(await problem('?limit=1001')).toEqual({ status: 400, code: 'request_invalid' });
    expect(await problem('?port=70000')).toEqual({ status: 400, code: 'request_invalid' });
    expect(await problem('?port=80;drop')).toEqual({ status: 400, code: 'request_invalid' });
    expect(await problem('?address=nowhere')).toEqual({ status: 400, code: 'request_invalid' });
    expect(await problem('?cursor=zzz')).toEqual({ status: 400, code: 'cursor_invalid' });
    expect(await problem('?cursor=ezzz')).toEqual({ status: 400, code: 'cursor_invalid' });
    expect(await problem('?format=csv&address=nowhere')).toEqual({ status: 400, code: 'request_invalid' });
  });
});

describe('GET /connections/{id}', () => {
  it('keeps the id of a connection when it ends', async () => {
    const value = nth(7, { flags: RecordFlag.ESTABLISHED });
    openEnds = [openEnd(value, { realtimeOffsetNs: CLOCK_OFFSET_NS - 55n })];
    const open = (await get('')).items[0];
    expect(await get<ConnectionDetail>(`/${open?.id}`)).toMatchObject({
      connection: { id: open?.id, state: 'open' },
      agreement: null,
    });
    openEnds = [];
    await store.append(batchOf([{ value, local: 1, peer: 2 }]));
    const ended = (await get('')).items[0];
    expect(ended).toMatchObject({ id: open?.id, state: 'closed' });
    const detail = await get<ConnectionDetail>(`/${open?.id}`);
    expect(Value.Check(ROUTES.connection.answer, detail)).toBe(true);
    expect(detail).toMatchObject({
      connection: { id: open?.id, state: 'closed' },
      ends: { destination: null },
    });
  });

  it('says that there is none', async () => {
    expect(await problem(`/${'A'.repeat(32)}`)).toEqual({ status: 404, code: 'not_found' });
    expect(await problem('/nonsense')).toEqual({ status: 404, code: 'not_found' });
  });
});

describe('export', () => {
  it('streams everything that matches as lines of JSON', async () => {
    const ends = (from: number) =>
      Array.from({ length: 1250 }, (_, at) => ({ value: nth(from + at), local: 1, peer: 2 }));
    await store.append(batchOf(ends(1)));
    await store.append(batchOf(ends(2001), { sequence: 2n }));
    openEnds = [openEnd(nth(9000))];
    const answer = await app.inject('/api/v1/connections?format=ndjson&limit=3');
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    expect(answer.headers['content-disposition']).toContain('connections.ndjson');
    const lines = answer.body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Connection);
    expect(lines).toHaveLength(2501);
    expect(new Set(lines.map(({ id }) => id)).size).toBe(2501);
  });

  it('stops after so many lines', async () => {
    const frame = (sequence: number) =>
      batchOf(
        Array.from({ length: 800 }, (_, at) => ({
          value: nth(sequence * 1000 + at, { clientIsn: 0, serverIsn: 0 }),
          local: 1,
          peer: 2,
        })),
        { sequence: BigInt(sequence) },
      );
    for (let sequence = 1; sequence <= 4; sequence++) await store.append(frame(sequence));
    const answer = await app.inject('/api/v1/connections?format=csv');
    expect(answer.body.split('\r\n')).toHaveLength(3002);
  });

  it('answers an export that cannot be read with a problem', async () => {
    const failure = new StoreError('store_unavailable', 'what came last is still being filed');
    store.connections = () => Promise.reject(failure);
    const answer = await app.inject('/api/v1/connections?format=csv&state=ended');
    expect(answer.statusCode).toBe(503);
    expect(answer.headers).not.toHaveProperty('content-disposition');
    expect(answer.json()).toMatchObject({ code: 'store_unavailable' });
  });

  it('writes CSV that no spreadsheet runs', async () => {
    await store.append(batchOf([{ value: nth(1, { process: '@SUM(A1)' }), local: 3, peer: 2 }]));
    const answer = await app.inject('/api/v1/connections?format=csv&state=ended');
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
    const [header = '', line = ''] = answer.body.split('\r\n');
    expect(header.split(',').slice(0, 3)).toEqual(['id', 'state', 'reason']);
    expect(line).toContain(`"evil, ""corp""",'=cmd|calc,`);
    expect(line).toContain(`,'@SUM(A1),`);
    expect(csvCell('-1+1')).toBe("'-1+1");
    expect(csvCell('\tx')).toBe("'\tx");
    expect(csvCell(-5)).toBe('-5');
    expect(csvCell(null)).toBe('');
  });
});
