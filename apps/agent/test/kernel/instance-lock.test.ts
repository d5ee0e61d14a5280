// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InstanceLock } from '../../src/kernel/instance-lock.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'instance-lock-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** The file that a process of this machine would have made. */
function holdAs(pid: number): void {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  writeFileSync(join(directory, 'test.lock'), JSON.stringify({ pid, start, bootId }));
}

describe('the lock of an instance', () => {
  it('is held by a process that runs, and told with its number', () => {
    holdAs(process.ppid);
    expect(InstanceLock.holderOf(directory, 'test')).toBe(process.ppid);
    expect(() => new InstanceLock(directory, 'test')).toThrow(`pid ${process.ppid}`);
  });

  it('is taken over from a process that ended, though nobody has waited for it yet', async () => {
    const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [line] = await once(parent.stdout, 'data');
      const child = Number(String(line));
      holdAs(child);
      expect(InstanceLock.holderOf(directory, 'test')).toBe(child);
      process.kill(child, 'SIGKILL');
      await vi.waitFor(() => expect(readFileSync(`/proc/${child}/stat`, 'utf8')).toContain(') Z '), 60_000);
      expect(InstanceLock.holderOf(directory, 'test')).toBeUndefined();
      const lock = new InstanceLock(directory, 'test');
      expect(lock.last).toBe(true);
      lock.release();
    } finally {
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    }
  });
});
