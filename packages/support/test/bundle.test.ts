// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bundle, type BundleOptions, bundleSummary, logTail, type Manifest } from '../src/index.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'undermesh-bundle-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const make = (options: Partial<BundleOptions> = {}): Bundle =>
  new Bundle({ program: 'undermesh', version: '1.2.3', anonymise: false, ...options });

/** Unpacks it by the system's tar; files by name. */
function unpacked(file: string): Record<string, string> {
  execFileSync('tar', ['xzf', file, '-C', directory]);
  const [top = ''] = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  return Object.fromEntries(
    readdirSync(join(directory, top)).map((name) => [name, readFileSync(join(directory, top, name), 'utf8')]),
  );
}

describe('a bundle', () => {
  it('notes a part that fails, hangs or is too long, and has all others', async () => {
    const bundle = make({ patienceMs: 50, partBytes: 10 });
    await bundle.add('good.json', 'a number', () => ({ a: 1 }));
    await bundle.add('bad.json', 'nothing', () => Promise.reject(new Error('no such file Q7xPq9')));
    await bundle.add('slow.json', 'nothing', () => new Promise(() => {}));
    await bundle.add('long.txt', 'much', () => 'abcdefghijklmnop');
    const file = join(directory, 'x.tar.gz');
    const written = await bundle.write(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const files = unpacked(file);
    expect(Object.keys(files).sort()).toEqual(['README.md', 'good.json', 'long.txt', 'manifest.json']);
    expect(files['long.txt']).toBe('ghijklmnop');
    const { parts } = JSON.parse(files['manifest.json'] ?? '') as Manifest;
    expect(parts.map(({ error, cutBytes }) => error ?? cutBytes)).toEqual([
      3,
      'no such file <...>',
      'it took longer than 0.05 s',
      6,
    ]);
    expect(files['README.md']).toContain('bad.json` | nothing. **Missing: no such file <...>.**');
    expect(bundleSummary(written)).toHaveLength(3);
  });

  it('overwrites nothing, and leaves nothing where it cannot be written', async () => {
    const file = join(directory, 'there.tar.gz');
    writeFileSync(file, 'mine');
    await expect(make().write(file)).rejects.toThrow(/EEXIST/);
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await expect(make().write(join(directory, 'no', 'x.tar.gz'))).rejects.toThrow(/ENOENT/);
  });
});

it('log lines: those of the time, with what is known', async () => {
  const { redactor } = make();
  const log = join(directory, 'log');
  const line = (time: Date, more: object): string => JSON.stringify({ time, component: 'agent', ...more });
  writeFileSync(
    log,
    [
      line(new Date(Date.now() - 600_000), { msg: 'attached' }),
      line(new Date(), { level: 30, msg: 'attached', node: 'Q7xPq9', nested: { Q7xPq9: ['/etc/Q7xPq9'] } }),
      'Error: listen Q7xPq9',
    ].join('\n'),
  );
  const text = await logTail({ file: log, unit: 'undermesh-agent', minutes: 5 }, redactor);
  expect(text).not.toContain('Q7xPq9');
  const [first = '', second] = text.trimEnd().split('\n');
  expect(JSON.parse(first)).toMatchObject({ level: 30, component: 'agent', msg: 'attached', node: '<...>' });
  expect(second).toBe('Error: listen <...>');
});
