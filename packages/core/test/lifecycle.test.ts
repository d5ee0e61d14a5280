// SPDX-License-Identifier: Apache-2.0
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createLogger, Lifecycle, setLogLevel } from '../src/index.js';

setLogLevel('silent');
const log = createLogger('test');

function script(): string {
  const path = join(mkdtempSync(join(tmpdir(), 'undermesh-lifecycle-')), 'child.mjs');
  const core = pathToFileURL(join(import.meta.dirname, '../dist/index.js')).href;
  writeFileSync(
    path,
    `import { createLogger, Lifecycle } from ${JSON.stringify(core)};
const lifecycle = new Lifecycle({ log: createLogger('child'), supervised: true });
const timer = setInterval(() => {}, 1000);
lifecycle.add({ name: 'part', start() { console.log('up'); }, stop() { clearInterval(timer); console.log('down'); } });
console.log(await lifecycle.run());`,
  );
  return path;
}

describe('Lifecycle', () => {
  it('stops in reverse what it started, once', async () => {
    const seen: string[] = [];
    const lifecycle = new Lifecycle({ log });
    for (const name of ['a', 'b']) {
      lifecycle.add({
        name,
        start: () => void seen.push(`+${name}`),
        stop: () => void seen.push(`-${name}`),
      });
    }
    await lifecycle.start();
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    expect(seen).toEqual(['+a', '+b', '-b', '-a']);
  });

  it('takes down what had started when a part fails', async () => {
    const seen: string[] = [];
    const lifecycle = new Lifecycle({ log });
    lifecycle.add({ name: 'a', stop: () => void seen.push('-a') });
    lifecycle.add({
      name: 'b',
      start: () => {
        throw new Error('no');
      },
    });
    await expect(lifecycle.start()).rejects.toThrow('no');
    expect(seen).toEqual(['-a']);
  });

  it('goes on when a part hangs', async () => {
    const seen: string[] = [];
    const lifecycle = new Lifecycle({ log, stopTimeoutMs: 20 });
    lifecycle.add({ name: 'a', stop: () => void seen.push('-a') });
    lifecycle.add({ name: 'b', stop: () => new Promise<void>(() => {}) });
    await lifecycle.start();
    await lifecycle.stop();
    expect(seen).toEqual(['-a']);
  });

  it('ends with its parent over IPC', async () => {
    const child = fork(script(), { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] });
    let output = '';
    child.stdout?.on('data', (data) => {
      output += data;
      if (output === 'up\n') child.disconnect();
    });
    await once(child, 'exit');
    expect(output).toBe('up\ndown\nparent gone\n');
  });

  it('ends with its parent when standard input ends', async () => {
    const child = spawn(process.execPath, [script()], { stdio: ['pipe', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
      if (output === 'up\n') child.stdin.end();
    });
    await once(child, 'exit');
    expect(output).toBe('up\ndown\nparent gone\n');
  });

  it('ends on SIGTERM', async () => {
    const child = spawn(process.execPath, [script()], { stdio: ['pipe', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
      if (output === 'up\n') child.kill('SIGTERM');
    });
    await once(child, 'exit');
    expect(output).toBe('up\ndown\nSIGTERM\n');
  });
});
