// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InstanceLock } from '../../src/kernel/instance-lock.js';
import { preflight } from '../../src/kernel/preflight.js';

const ROOT = 'CapEff:\t000001ffffffffff\n';
const good = { release: '6.1.0-18-amd64', status: ROOT, btf: '/proc/self/status' };
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('preflight', () => {
  it('is content with a good machine', () => {
    expect(() => preflight(good)).not.toThrow();
    const bits = (1n << 12n) | (1n << 38n) | (1n << 39n);
    expect(() => preflight({ ...good, status: `CapEff:\t${bits.toString(16)}\n` })).not.toThrow();
  });

  it.each(['4.19.0', '5.14.21-generic'])('refuses Linux %s', (release) => {
    expect(() => preflight({ ...good, release })).toThrow(code('kernel_too_old'));
  });

  it('names the capabilities that are missing', () => {
    const status = `CapEff:\t${(1n << 12n).toString(16)}\n`;
    expect(() => preflight({ ...good, status })).toThrow('The agent lacks CAP_PERFMON, CAP_BPF.');
    expect(() => preflight({ ...good, status: 'CapEff:\t0000000000000000\n' })).toThrow(code('not_root'));
  });

  it('needs BTF', () => {
    expect(() => preflight({ ...good, btf: '/nowhere' })).toThrow(code('btf_missing'));
  });
});

describe('instance lock', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'undermesh-lock-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is held by one', () => {
    const lock = new InstanceLock(directory, 'a');
    expect(() => new InstanceLock(directory, 'a')).toThrow(`is running (pid ${process.pid}`);
    expect(lock.last).toBe(true);
    const other = new InstanceLock(directory, 'b');
    expect(lock.last).toBe(false);
    other.release();
    lock.release();
    expect(readdirSync(directory)).toEqual([]);
    new InstanceLock(directory, 'a').release();
  });

  it.each([
    ['a process that is gone', { pid: 4_194_305, start: '1', bootId: 'x' }],
    ['another process with the same pid', { pid: process.pid, start: '1', bootId: 'x' }],
    ['nobody', 'garbage'],
  ])('is taken over from %s', (_, holder) => {
    writeFileSync(join(directory, 'a.lock'), JSON.stringify(holder));
    const lock = new InstanceLock(directory, 'a');
    expect(lock.last).toBe(true);
    lock.release();
    expect(existsSync(join(directory, 'a.lock'))).toBe(false);
  });
});
