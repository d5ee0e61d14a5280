// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withoutAutogroups } from '../testbed/autogroups.mjs';

let directory;
let setting;
const now = () => readFileSync(setting, 'utf8');

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'undermesh-test-'));
  setting = join(directory, 'sched_autogroup_enabled');
});
afterEach(() => rmSync(directory, { recursive: true }));

it('is off while something is measured and on again afterwards, whatever comes of it', async () => {
  writeFileSync(setting, '1\n');
  expect(await withoutAutogroups(async () => now(), setting)).toBe('0');
  expect(now()).toBe('1');
  const failed = withoutAutogroups(async () => {
    throw new Error(now());
  }, setting);
  await expect(failed).rejects.toThrow(/^0$/);
  expect(now()).toBe('1');
});

it('is left alone where it is off, and where the kernel has none', async () => {
  writeFileSync(setting, '0\n');
  await withoutAutogroups(async () => expect(now()).toBe('0\n'), setting);
  expect(now()).toBe('0\n');
  expect(await withoutAutogroups(async () => 'done', join(directory, 'none'))).toBe('done');
});

it('is put back by a run that is interrupted', async () => {
  writeFileSync(setting, '1\n');
  const module = new URL('../testbed/autogroups.mjs', import.meta.url);
  const script = `import('${module}').then(({ withoutAutogroups }) => withoutAutogroups(
    () => new Promise((resolve) => { console.log('working'); setTimeout(resolve, 60_000); }), process.argv[1]))`;
  const child = spawn(process.execPath, ['-e', script, setting], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  expect(now()).toBe('0');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([130, null]);
  expect(now()).toBe('1');
});
