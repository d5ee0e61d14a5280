// SPDX-License-Identifier: Apache-2.0
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Journal, type JournalPlace, type JournalWrite } from '../../src/store/duckdb/journal.js';
import type { JournalHead } from '../../src/store/duckdb/journal-entry.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'undermesh-journal-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const BODY_BYTES = 301; // no multiple of 8
const entry = (sequence: bigint): JournalWrite => ({
  head: {
    frame: {
      node: 'shop-1',
      cluster: 'default',
      streamId: 'a'.repeat(32),
      stream: 1,
      batch: Number(sequence),
      sequence,
      realtimeOffsetNs: 2n ** 60n + 1n,
      recordBytes: 192,
      count: 1,
    },
  },
  body: new Uint8Array(BODY_BYTES).fill(Number(sequence)),
});

async function written(...groups: bigint[][]): Promise<{ file: string; places: JournalPlace[] }> {
  const journal = new Journal(directory);
  const places: JournalPlace[] = [];
  for (const group of groups) places.push(...(await journal.append(group.map(entry))));
  await journal.close();
  return { file: join(directory, 'journal-000001.log'), places };
}

/** What a later run finds: sequences, or -1n for other entries. */
function restored(): { found: bigint[]; heads: JournalHead[]; journal: Journal } {
  const journal = new Journal(directory);
  const found: bigint[] = [];
  const heads: JournalHead[] = [];
  journal.restore((head, _, body) => {
    const sequence = 'frame' in head ? head.frame.sequence : -1n;
    if (sequence > 0n) expect(body).toEqual(Buffer.alloc(BODY_BYTES, Number(sequence)));
    found.push(sequence);
    heads.push(head);
  });
  return { found, heads, journal };
}

it('gives back what was written, names among it', async () => {
  const journal = new Journal(directory);
  const workload = {
    id: 1,
    cluster: 'default',
    namespace: 'shop',
    name: 'cart',
    version: null,
    kind: 'unit' as const,
    system: false,
    external: false,
  };
  const [, place] = await journal.append([
    { head: { workloads: [workload] }, body: new Uint8Array(0) },
    entry(1n),
  ]);
  await journal.turn();
  await journal.append([entry(2n)]);
  const memory = Buffer.alloc(4096);
  if (place === undefined) throw new Error('two entries have two places');
  expect(journal.read(place, memory)).toEqual(Buffer.alloc(BODY_BYTES, 1));
  await journal.close();
  const { found, heads } = restored();
  expect(found).toEqual([-1n, 1n, 2n]);
  expect(heads).toEqual([{ workloads: [workload] }, entry(1n).head, entry(2n).head]);
});

it('gives up whole files, and never the one that is written to', async () => {
  const journal = new Journal(directory);
  await journal.append([entry(1n)]);
  const next = await journal.turn();
  await journal.append([entry(2n)]);
  journal.release(next);
  expect(readdirSync(directory)).toEqual(['journal-000002.log']);
  expect(journal.bytes).toBe(statSync(join(directory, 'journal-000002.log')).size);
  await journal.close();
  expect(restored().found).toEqual([2n]);
});

it('cuts off what was not written whole, and goes on in another file', async () => {
  const { file, places } = await written([1n], [2n], [3n]);
  truncateSync(file, statSync(file).size - 9);
  const { found, journal } = restored();
  expect(found).toEqual([1n, 2n]);
  expect(statSync(file).size).toBe(places[2]?.at);
  await journal.append([entry(3n)]);
  await journal.close();
  expect(restored().found).toEqual([1n, 2n, 3n]);
});

it('cuts off a group of which nobody was told, though its last entry reached the disk', async () => {
  const { file, places } = await written([1n], [2n, 3n, 4n]);
  const bytes = readFileSync(file);
  bytes.fill(0, places[1]?.at, (places[1]?.at ?? 0) + 64);
  writeFileSync(file, bytes);
  expect(restored().found).toEqual([1n]);
  expect(statSync(file).size).toBe(places[1]?.at);
});

it('refuses damage that something acknowledged lies behind, and changes nothing', async () => {
  const { file, places } = await written([1n], [2n, 3n], [4n]);
  const bytes = readFileSync(file);
  const at = (places[1]?.at ?? 0) + 60;
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  writeFileSync(file, bytes);
  expect(restored).toThrow(
    expect.objectContaining({ code: 'store_corrupt', message: expect.stringContaining(file) }),
  );
  expect(readFileSync(file).equals(bytes)).toBe(true);
});
