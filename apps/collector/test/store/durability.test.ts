// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DuckdbStore } from '../../src/store/duckdb/duckdb-store.js';
import { OrderGuard } from '../../src/store/duckdb/order-guard.js';
import { batchOf, CLOCK_OFFSET_NS, httpBatchOf, record, STREAM, workload } from './traffic.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CHILD = fileURLToPath(new URL('./crash-child.mjs', import.meta.url));
const KEEP_ALL = { retentionSeconds: 1_000_000_000 };
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'undermesh-durable-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const rowsFrame = (sequence: bigint, rows: number, timeNs = 5_000_000_000n) =>
  batchOf(
    Array.from({ length: rows }, (_, at) => ({
      value: record({
        socketCookie: sequence * 100_000n + BigInt(at),
        clientIsn: Number(sequence),
        serverIsn: at + 1,
        timeNs,
      }),
      local: 1,
      peer: 2,
    })),
    { sequence },
  );

interface Crash {
  /** Of a frame. */
  readonly rows: number;
  readonly flight: number;
  /** Killed so many milliseconds after so many acknowledgements. */
  readonly acks: number;
  readonly after: number;
}

/** Runs the writer and kills it. Resolves with the last sequence it was told is durable. */
async function crash({ rows, flight, acks, after }: Crash): Promise<bigint> {
  const child = spawn(process.execPath, [CHILD, directory, String(rows), String(flight)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let armed = false;
  child.stdout.on('data', (data: Buffer) => {
    output += data;
    if (armed || output.split('\n').length - 2 < acks) return;
    armed = true;
    setTimeout(() => child.kill('SIGKILL'), after);
  });
  await new Promise((resolve) => child.on('close', resolve));
  // The last line may be cut off.
  const lines = output.split('\n').slice(0, -1);
  return BigInt(lines.at(-1)?.replace('opened ', '') ?? 0);
}

describe('a killed collector', () => {
  it('loses nothing that was acknowledged, in six kills', async () => {
    const crashes: Crash[] = [
      { rows: 200, flight: 4, acks: 3, after: 3 },
      { rows: 1360, flight: 200, acks: 100, after: 60 },
      { rows: 200, flight: 40, acks: 90, after: 11 },
      { rows: 1360, flight: 200, acks: 250, after: 130 },
      { rows: 1360, flight: 200, acks: 100, after: 5 },
      { rows: 200, flight: 4, acks: 30, after: 7 },
    ];
    let rows = 0;
    let before = 0n;
    for (const one of crashes) {
      const acknowledged = await crash(one);
      const store = new DuckdbStore({ directory, ...KEEP_ALL });
      await store.open();
      const [position] = await store.positions();
      expect(position?.sequence).toBeGreaterThanOrEqual(acknowledged);
      const sequence = position?.sequence ?? 0n;
      rows += Number(sequence - before) * one.rows;
      before = sequence;
      expect(position?.stored).toBe(rows);
      expect(store.stats().rows).toBe(rows);
      await store.close();
    }
    expect(rows).toBeGreaterThan(400_000);
  }, 240_000);
});

describe('retention', () => {
  it('drops whole segments that are too old, and gives their disk back', async () => {
    const store = new DuckdbStore({
      directory,
      retentionSeconds: 3600,
      segmentSeconds: 1,
      maintenanceMs: 50,
      lingerMs: 0,
    });
    await store.open();
    store.putWorkloads([workload(1)]);
    const now = BigInt(Date.now()) * 1_000_000n - CLOCK_OFFSET_NS;
    await store.append(rowsFrame(1n, 2000, now - 7_200_000_000_000n));
    await expect
      .poll(() => readdirSync(directory).filter((file) => file.endsWith('.duckdb')), { timeout: 60_000 })
      .toEqual(['records-000002.duckdb']);
    await store.append(rowsFrame(2n, 5, now));
    expect(store.stats()).toMatchObject({ rows: 5, oldestMs: expect.closeTo(Date.now(), -5) });
    expect((await store.connections({ limit: 1000 })).items).toHaveLength(5);
    // Positions and names outlive the records.
    expect(await store.positions()).toMatchObject([{ sequence: 2n, stored: 2005 }]);
    expect(await store.workloads()).toHaveLength(1);
    await store.close();
  });

  it('keeps below the byte cap by dropping the oldest', async () => {
    const maxBytes = 6_000_000;
    const store = new DuckdbStore({
      directory,
      ...KEEP_ALL,
      maxBytes,
      segmentBytes: 1_500_000,
      maintenanceMs: 50,
      lingerMs: 0,
    });
    await store.open();
    for (let sequence = 1n; sequence <= 30n; sequence++)
      await store.append(rowsFrame(sequence, 1300, sequence * 1_000_000_000n));
    await expect.poll(() => store.stats().bytes ?? 0, { timeout: 60_000 }).toBeLessThanOrEqual(maxBytes);
    const newest = (await store.connections({ limit: 1 })).items[0];
    expect(newest?.endedAt).toBe(
      new Date(Number((CLOCK_OFFSET_NS + 30_000_000_000n) / 1_000_000n)).toISOString(),
    );
    expect(store.stats().rows).toBeLessThan(30 * 1300);
    expect(store.stats().memoryBytes).toBeGreaterThan(0);
    expect(store.stats().oldestMs).toBeGreaterThan(Number(CLOCK_OFFSET_NS / 1_000_000n) + 1000);
    await store.close();
  });
});

describe('a store of an earlier format', () => {
  it('is brought up to date when it is opened, with all its records', async () => {
    const first = new DuckdbStore({ directory, ...KEEP_ALL, lingerMs: 0 });
    await first.open();
    await first.append(rowsFrame(1n, 30));
    await first.close();
    const instance = await DuckDBInstance.create(join(directory, 'records-000001.duckdb'));
    const connection = await instance.connect();
    for (const table of ['http', 'http_tail', 'http_long', 'http_long_tail'])
      await connection.run(`DROP TABLE ${table}`);
    await connection.run('ALTER TABLE streams DROP COLUMN requests');
    await connection.run('UPDATE segment SET format = 1');
    connection.closeSync();
    instance.closeSync();
    const second = new DuckdbStore({ directory, ...KEEP_ALL, lingerMs: 0 });
    await second.open();
    const requests = httpBatchOf([{ value: record(), local: 1, peer: 2, samples: [{}] }], { sequence: 2n });
    expect(await second.append(requests)).toBe('stored');
    expect(second.stats()).toMatchObject({ rows: 30, httpRows: 1 });
    expect(await second.positions()).toMatchObject([{ sequence: 2n, stored: 30, requests: 1 }]);
    await second.close();
  });

  it('gets the routes of requests, and room for long records', async () => {
    const first = new DuckdbStore({ directory, ...KEEP_ALL, lingerMs: 0 });
    await first.open();
    const one = { value: record(), local: 1, peer: 2 };
    const before = httpBatchOf([{ ...one, samples: [{}, { status: 404 }] }]);
    await first.append(before);
    await first.close();
    const instance = await DuckDBInstance.create(join(directory, 'records-000001.duckdb'));
    const connection = await instance.connect();
    for (const table of ['http_long', 'http_long_tail']) await connection.run(`DROP TABLE ${table}`);
    for (const table of ['http', 'http_tail'])
      for (let n = 0; n < 8; n++) await connection.run(`ALTER TABLE ${table} DROP COLUMN route_${n}`);
    await connection.run('UPDATE segment SET format = 4');
    connection.closeSync();
    instance.closeSync();
    const second = new DuckdbStore({ directory, ...KEEP_ALL, lingerMs: 0 });
    await second.open();
    const batches = [
      before,
      httpBatchOf([{ ...one, samples: [{ route: 5 }, { route: 2 ** 32 - 1 }] }], { sequence: 2n }),
      httpBatchOf([{ ...one, samples: Array(9).fill({ route: 7 }) }], { sequence: 3n }),
    ];
    for (const batch of batches.slice(1)) expect(await second.append(batch)).toBe('stored');
    const seen: unknown[] = [];
    await second.replay({}, (batch) => seen.push(batch));
    expect(seen).toEqual(batches);
    await second.close();
  });

  it('counts the requests that it did not count then', async () => {
    const first = new DuckdbStore({ directory, ...KEEP_ALL, lingerMs: 0 });
    await first.open();
    const end = { value: record(), local: 1, peer: 2 };
    await first.append(
      httpBatchOf(
        [
          { ...end, samples: [{}, {}] },
          { ...end, samples: [{}] },
        ],
        { sequence: 1n },
      ),
    );
    await first.close();
    const instance = await DuckDBInstance.create(join(directory, 'records-000001.duckdb'));
    const connection = await instance.connect();
    await connection.run('ALTER TABLE streams DROP COLUMN requests');
    await connection.run('UPDATE segment SET format = 2');
    connection.closeSync();
    instance.closeSync();
    const second = new DuckdbStore({ directory, ...KEEP_ALL, lingerMs: 0 });
    await second.open();
    expect(await second.positions()).toMatchObject([{ sequence: 1n, stored: 0, requests: 3 }]);
    await second.close();
  });
});

describe('a damaged journal', () => {
  /** Frames of 1,000 rows that are not filed yet, as a collector leaves them that loses its power. */
  async function leaveJournal(frames: number): Promise<string> {
    const store = new DuckdbStore({ directory: join(directory, 'lived'), ...KEEP_ALL, lingerMs: 0 });
    await store.open();
    for (let sequence = 1n; sequence <= frames; sequence++) await store.append(rowsFrame(sequence, 1000));
    cpSync(join(directory, 'lived'), join(directory, 'left'), { recursive: true });
    await store.close();
    return join(directory, 'left', 'journal-000001.log');
  }
  const reopened = () => new DuckdbStore({ directory: join(directory, 'left'), ...KEEP_ALL, lingerMs: 0 });

  it('ends where it was cut off: what was whole is kept, and the next frame is stored again', async () => {
    const journal = await leaveJournal(4);
    truncateSync(journal, statSync(journal).size - 777);
    const store = reopened();
    await store.open();
    expect(await store.positions()).toMatchObject([{ sequence: 3n, stored: 3000 }]);
    expect(await store.append(rowsFrame(4n, 1000))).toBe('stored');
    expect(store.stats().rows).toBe(4000);
    await store.close();
  });

  it('is refused when a bit of it has flipped, and nothing is changed', async () => {
    const journal = await leaveJournal(4);
    const bytes = readFileSync(journal);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] ?? 0) ^ 16;
    writeFileSync(journal, bytes);
    const store = reopened();
    await expect(store.open()).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringMatching(/journal-000001\.log.*checksum.*move it/s),
    });
    await store.close();
    expect(readFileSync(journal).equals(bytes)).toBe(true);
  });
});

describe('a store that cannot be opened', () => {
  it('says which file is damaged and what to do, and deletes nothing', async () => {
    const first = new DuckdbStore({ directory, ...KEEP_ALL, lingerMs: 0 });
    await first.open();
    await first.append(rowsFrame(1n, 3000));
    await first.close();
    const file = join(directory, 'records-000001.duckdb');
    truncateSync(file, 5000);
    const files = readdirSync(directory);
    const second = new DuckdbStore({ directory, ...KEEP_ALL });
    await expect(second.open()).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringMatching(/records-000001\.duckdb.*move it/s),
    });
    await second.close();
    writeFileSync(
      file,
      'this is not a database at all, but some text that is long enough to be one'.repeat(200),
    );
    const third = new DuckdbStore({ directory, ...KEEP_ALL });
    await expect(third.open()).rejects.toMatchObject({ code: 'store_corrupt' });
    await third.close();
    expect(readdirSync(directory)).toEqual(files);
  });

  it('says that another process has it', async () => {
    const child = spawn(process.execPath, [CHILD, directory, '10', '1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const store = new DuckdbStore({ directory, ...KEEP_ALL });
    await expect(store.open()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('another process'),
    });
    await store.close();
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('close', resolve));
  });
});

describe.skipIf(process.getuid?.() !== 0)('a full disk (needs root for a small tmpfs)', () => {
  let mounted = false;
  beforeEach(() => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', directory]);
    mounted = true;
  });
  afterEach(() => {
    if (mounted) execFileSync('umount', ['-l', directory]);
    mounted = false;
  });

  async function fillAndFree(reserveBytes: number): Promise<void> {
    const store = new DuckdbStore({
      directory,
      ...KEEP_ALL,
      reserveBytes,
      maintenanceMs: 100,
      lingerMs: 0,
      walBytes: 4 * 1024 ** 2,
    });
    await store.open();
    await store.append(rowsFrame(1n, 1000));
    const filler = join(directory, 'filler');
    const { bavail, bsize } = statfsSync(directory);
    writeFileSync(filler, Buffer.alloc(bavail * bsize - reserveBytes - 600_000));
    let stored = 1n;
    let failure: unknown = null;
    for (let sequence = 2n; sequence < 60n && failure === null; sequence++) {
      await store.append(rowsFrame(sequence, 1000)).then(
        () => {
          stored = sequence;
        },
        (thrown: unknown) => {
          failure = thrown;
        },
      );
    }
    expect(failure).toMatchObject({ code: 'store_full' });
    expect(store.stats()).toMatchObject({ state: 'full', message: expect.stringMatching(/space/i) });
    rmSync(filler);
    await expect.poll(() => store.stats().state, { timeout: 60_000 }).toBe('ok');
    for (let sequence = stored + 1n; sequence <= stored + 3n; sequence++) {
      expect(await store.append(rowsFrame(sequence, 1000))).toBe('stored');
    }
    expect(await store.positions()).toMatchObject([
      { sequence: stored + 3n, stored: Number(stored + 3n) * 1000 },
    ]);
    expect(store.stats().rows).toBe(Number(stored + 3n) * 1000);
    expect((await store.connections({ limit: 1 })).matched).toBe(Number(stored + 3n) * 1000);
    await store.close();
  }

  it('is refused before it is reached, and goes on by itself', () => fillAndFree(8 * 1024 ** 2));
  it('is survived when somebody else fills it', () => fillAndFree(0));
});

describe('OrderGuard', () => {
  it('lets no frame overtake one that was refused', () => {
    const guard = new OrderGuard();
    for (const sequence of [4n, 5n, 6n]) guard.refuse(STREAM, sequence, 0);
    expect(guard.admit(STREAM, 7n, 1)).toBe(false);
    expect(guard.admit('another', 7n, 1)).toBe(true);
    expect(guard.admit(STREAM, 4n, 1)).toBe(true);
    expect(guard.admit(STREAM, 6n, 1)).toBe(false);
    guard.refuse(STREAM, 6n, 1);
    expect(guard.admit(STREAM, 5n, 1)).toBe(true);
    expect(guard.admit(STREAM, 6n, 1)).toBe(true);
    expect(guard.admit(STREAM, 7n, 1)).toBe(true);
    guard.refuse(STREAM, 8n, 1);
    expect(guard.admit(STREAM, 9n, 61_002)).toBe(true);
  });
});
