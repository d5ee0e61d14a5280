// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { env, execPath } from 'node:process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { collectable, MemoryWatch } from '../testbed/memory.mjs';

vi.setConfig({ testTimeout: 300_000 });
const mebibyte = 1 << 20;

// 64 MiB that have lived long enough for V8 to leave them alone, `held` of them for good.
const program = (held) => `
  const kept = Array.from({ length: 64 }, () => Array.from({ length: 131072 }, (_, i) => i + 0.5));
  setTimeout(() => { kept.length = ${held}; console.log('ready'); }, 300);
  setInterval(() => kept, 1000);
`;

describe('the watch over the memory of a program', () => {
  let child;
  let watch;
  afterEach(() => {
    watch.stop();
    child.kill('SIGKILL');
  });

  const start = async (held) => {
    child = spawn(execPath, ['-e', program(held)], {
      env: { ...env, ...collectable },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    watch = new MemoryWatch(child.pid);
  };

  it('tells what is held from garbage that V8 has left lying about', async () => {
    await start(0);
    await watch.collect();
    expect(watch.peak - watch.held[0].bytes).toBeGreaterThan(48 * mebibyte);
  });

  it('counts what is held however often garbage is collected', async () => {
    await start(64);
    await watch.collect();
    await watch.collect();
    expect(watch.held[1].bytes).toBeGreaterThan(64 * mebibyte);
    expect(Math.abs(watch.heldSlope())).toBeLessThan(2 * mebibyte);
  });
});
