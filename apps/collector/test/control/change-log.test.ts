// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Change } from '@undermesh/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChangeLog, type NewChange } from '../../src/control/change-log.js';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'undermesh-change-log-'));
  file = join(directory, 'change-log.jsonl');
});
afterEach(() => rmSync(directory, { recursive: true }));

const opened = (): ChangeLog => {
  const log = new ChangeLog(file);
  log.restore();
  return log;
};
const order = (generation: number, change: Partial<NewChange> = {}): NewChange => ({
  kind: 'engine_set',
  time: new Date(generation * 1000).toISOString(),
  subject: 'shop-1',
  before: null,
  after: 'dual-engine',
  order: { generation, setBy: 'api', who: 'operator', reason: 'why not' },
  ...change,
});
const lines = (): string[] => readFileSync(file, 'utf8').trimEnd().split('\n');
const kinds = (log: ChangeLog): Change['kind'][] => [...log.changes()].map(({ kind }) => kind).reverse();

/** Three orders, the last of which is in force. */
async function threeOrders(): Promise<void> {
  const log = opened();
  for (const generation of [1, 2, 3]) await log.record(order(generation));
  await log.flush();
}

describe('the change log', () => {
  it('gives back what was recorded, in one chain over all runs', async () => {
    await threeOrders();
    const log = opened();
    log.append([{ kind: 'node_joined', time: order(4).time, subject: 'shop-2', before: null, after: '1' }]);
    await log.record(order(4, { after: 'off' }));
    await log.flush();
    const again = opened();
    expect(kinds(again)).toEqual(['engine_set', 'engine_set', 'engine_set', 'node_joined', 'engine_set']);
    expect(again.chain).toEqual({ verifiedTo: 5, breaks: [] });
    expect(again.orders.of('shop-1')).toMatchObject({ generation: 4, order: { engine: 'off', change: 5 } });
  });

  it('cuts off a line that was never finished, at whatever byte', async () => {
    await threeOrders();
    const whole = readFileSync(file);
    const twoLines = `${lines().slice(0, 2).join('\n')}\n`.length;
    rmSync(`${file}.head`);
    for (const bytes of [twoLines + 1, twoLines + 40, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, bytes));
      const log = opened();
      expect(log.orders.of('shop-1').generation).toBe(2);
      expect(log.chain.breaks).toEqual([]);
      expect(readFileSync(file)).toHaveLength(twoLines);
    }
  });

  it.each<[string, (lines: string[]) => string[], RegExp]>([
    [
      'edited',
      ([a = '', b = '', c = '']) => [a, b.replace('dual-engine', 'off'), c],
      /^Line 2 does not follow/,
    ],
    ['left out', ([a = '', , c = '']) => [a, c], /^Line 2 does not follow/],
    ['swapped', ([a = '', b = '', c = '']) => [b, a, c], /^Line 1 does not follow/],
    ['something else', ([a = '', , c = '']) => [a, '{}', c], /^Line 2 is no line/],
    ['cut off the end', ([a = '', b = '']) => [a, b], /^Lines are missing behind line 2/],
    ['all gone', () => [], /^Lines are missing behind line 0/],
  ])('notices a line that is %s, says so, and no longer knows what is desired', async (_, change, detail) => {
    await threeOrders();
    writeFileSync(
      file,
      change(lines())
        .map((line) => `${line}\n`)
        .join(''),
    );
    const log = opened();
    expect(log.chain.breaks).toMatchObject([{ detail: expect.stringMatching(detail) }]);
    expect(log.orders.of('shop-1').order).toBeNull();
    expect(kinds(log).at(-1)).toBe('log_broken');
    const broken = log.chain.breaks[0]?.change ?? 0;
    await log.record(order(9));
    await log.flush();
    const again = opened();
    expect(again.chain).toMatchObject({ verifiedTo: broken + 1, breaks: [{ change: broken }] });
    expect(again.orders.of('shop-1').order?.generation).toBe(9);
  });

  it('keeps what it found broken, and numbers on behind it', async () => {
    await threeOrders();
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace('"number":1,', '"number":7,'));
    expect(opened().chain.breaks).toMatchObject([{ change: 8 }]);
    const aside = readdirSync(directory).filter((name) => name.includes('.broken-'));
    expect(aside).toHaveLength(1);
    expect(readFileSync(join(directory, aside[0] ?? ''), 'utf8')).toContain('"number":7,');
  });

  it('asks for nothing that it could not write down', async () => {
    await threeOrders();
    const log = opened();
    rmSync(file);
    mkdirSync(file);
    await expect(log.record(order(4))).rejects.toMatchObject({ code: 'change_not_written' });
    expect(log.orders.of('shop-1').generation).toBe(3);
    expect(kinds(log)).toHaveLength(3);
    chmodSync(directory, 0o700);
  });

  it('records what is asked for at once in the order in which it was asked', async () => {
    const log = opened();
    const all = await Promise.all([1, 2, 3, 4, 5].map((generation) => log.record(order(generation))));
    expect(all.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    await log.flush();
    expect([...opened().changes()].map(({ number }) => number)).toEqual([5, 4, 3, 2, 1]);
  });
});
