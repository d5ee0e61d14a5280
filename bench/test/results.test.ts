// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type SavedRun, save } from '../src/results.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'undermesh-bench-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const run = (at: string, model: string, ...names: string[]): SavedRun => ({
  at,
  quick: false,
  machine: { kernel: '6.18', cpus: 2, model, node: '20' },
  benchmarks: names.map((name) => ({ name, title: `${name} at ${at}`, rows: [] })),
});
const saved = (file: string) =>
  (JSON.parse(readFileSync(join(directory, file), 'utf8')) as SavedRun).benchmarks.map(({ title }) => title);

it('replaces what was measured anew on the same day, and keeps what was not', () => {
  save(run('2026-11-23T09:21:34.660Z', 'one', 'agent', 'collector'), directory);
  save(run('2026-11-23T15:09:51.026Z', 'one', 'collector', 'connect'), directory);
  expect(saved('2026-11-23.json')).toEqual([
    'agent at 2026-11-23T09:21:34.660Z',
    'collector at 2026-11-23T15:09:51.026Z',
    'connect at 2026-11-23T15:09:51.026Z',
  ]);
});

it('does not mix what two machines gave, and sorts the later one behind', () => {
  save(run('2026-11-23T09:21:34.660Z', 'one', 'agent'), directory);
  save(run('2026-11-23T15:09:51.026Z', 'other', 'connect'), directory);
  expect(readdirSync(directory).sort()).toEqual(['2026-11-23.json', '2026-11-23T1509.json']);
  expect(saved('2026-11-23.json')).toHaveLength(1);
  expect(saved('2026-11-23T1509.json')).toEqual(['connect at 2026-11-23T15:09:51.026Z']);
});
