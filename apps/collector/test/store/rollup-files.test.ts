// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RollupFiles } from '../../src/store/duckdb/rollup-files.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'undermesh-rollups-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const rollup = (start: number, text: string) => ({ widthMs: 10_000, start, bytes: Buffer.from(text) });

async function opened(): Promise<RollupFiles> {
  const files = new RollupFiles(directory);
  await files.open();
  return files;
}

async function content(files: RollupFiles): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const state = await files.read(({ start, bytes }) => {
    found[start] = Buffer.from(bytes).toString();
  });
  if (state !== null) found.state = Buffer.from(state).toString();
  return found;
}

describe('RollupFiles', () => {
  it('has what the last change left, and no file beside it', async () => {
    const files = await opened();
    await files.put({
      put: [rollup(10_000, 'a'), rollup(20_000, 'b')],
      remove: [],
      state: Buffer.from('one'),
    });
    await files.put({
      put: [rollup(20_000, 'c')],
      remove: [{ widthMs: 10_000, start: 10_000 }],
      state: Buffer.from('two'),
    });
    expect(await content(await opened())).toEqual({ 20000: 'c', state: 'two' });
    expect(readdirSync(directory).sort()).toEqual(['10s-20-2.rollup', 'manifest.json', 'state-2']);
  });

  it('knows nothing of a change that was cut off before its manifest', async () => {
    const files = await opened();
    await files.put({ put: [rollup(10_000, 'a')], remove: [], state: Buffer.from('one') });
    const manifest = readFileSync(join(directory, 'manifest.json'));
    // What a crash leaves: new files, and half of the next manifest under its draft's name.
    writeFileSync(join(directory, '10s-10-2.rollup'), 'newer');
    writeFileSync(join(directory, 'state-2'), 'newer');
    writeFileSync(join(directory, 'manifest-2'), manifest.subarray(0, 40));
    expect(await content(await opened())).toEqual({ 10000: 'a', state: 'one' });
    expect(readdirSync(directory).sort()).toEqual(['10s-10-1.rollup', 'manifest.json', 'state-1']);
  });

  it('sets a damaged file aside, counts it, and keeps the rest', async () => {
    const files = await opened();
    const texts = ['a'.repeat(100), 'b'.repeat(100), 'c'.repeat(100)];
    await files.put({
      put: texts.map((text, at) => rollup((at + 1) * 10_000, text)),
      remove: [],
      state: Buffer.from('one'),
    });
    const flipped = join(directory, '10s-10-1.rollup');
    const bytes = readFileSync(flipped);
    bytes[50] = (bytes[50] ?? 0) ^ 4;
    writeFileSync(flipped, bytes);
    truncateSync(join(directory, '10s-20-1.rollup'), 99);
    const again = await opened();
    expect(await content(again)).toEqual({ 30000: texts[2], state: 'one' });
    expect(again.stats).toEqual({ count: 1, bytes: 100, damaged: 2 });
    expect(readdirSync(directory).filter((name) => name.endsWith('.damaged'))).toHaveLength(2);
    await again.put({ put: [rollup(10_000, 'new')], remove: [], state: Buffer.from('two') });
    expect(await content(await opened())).toEqual({ 10000: 'new', 30000: texts[2], state: 'two' });
  });

  it('begins anew when its list is damaged, and deletes nothing', async () => {
    const files = await opened();
    await files.put({ put: [rollup(10_000, 'a')], remove: [], state: Buffer.from('one') });
    const path = join(directory, 'manifest.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"widthMs":10000', '"widthMs":70000'));
    const again = await opened();
    expect(await content(again)).toEqual({});
    expect(again.stats.damaged).toBe(1);
    expect(readdirSync(directory).sort()).toEqual([
      '10s-10-1.rollup.damaged',
      'manifest.json.damaged',
      'state-1.damaged',
    ]);
    await again.put({ put: [rollup(10_000, 'b')], remove: [], state: Buffer.from('two') });
    expect(await content(await opened())).toEqual({ 10000: 'b', state: 'two' });
  });
});
