// SPDX-License-Identifier: Apache-2.0
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BpfMap, bpffs, isBpffs, mountBpffs } from '@undermesh/libbpf-ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAgentConfig, uninstall } from '../src/index.js';
import { InstanceLock } from '../src/kernel/index.js';

const root = process.getuid?.() === 0;

describe.skipIf(!root)('removal of an agent (needs root)', () => {
  let directory: string;
  let pins: string;
  let mounted = false;
  const path = (...names: string[]): string => join(directory, ...names);
  const config = () =>
    loadAgentConfig({
      flags: {
        node: 'n.1',
        pinDirectory: pins,
        runDirectory: path('run'),
        'spool.directory': path('spool'),
        'engine.directory': path('engine'),
        'tls.directory': path('tls'),
        'collector.credentialFile': path('credential'),
      },
    });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'undermesh-uninstall-'));
    pins = `/sys/fs/bpf/undermesh-uninstall-${process.pid}`;
    if (!isBpffs('/sys/fs/bpf')) {
      mountBpffs('/sys/fs/bpf');
      mounted = true;
    }
    for (const name of ['spool/n.1', 'spool/other', 'engine', 'tls/n.1'])
      mkdirSync(path(name), { recursive: true });
    for (const name of [
      'spool/n.1/frames',
      'engine/n.1.json',
      'engine/n.1.objects.json',
      'tls/n.1/key.pem',
      'credential',
    ])
      writeFileSync(path(name), 'x');
    const current = join(pins, 'n+1', '7', 'engine', 'current', 'maps');
    mkdirSync(current, { recursive: true, mode: 0o700 });
    using map = BpfMap.create({ type: 'array', name: 'some', keySize: 4, valueSize: 4, maxEntries: 1 });
    map.pin(join(current, 'some'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
    rmSync(pins, { recursive: true, force: true });
    if (mounted) bpffs.unmountBpffs('/sys/fs/bpf');
  });

  it('takes what it pinned, says so, and may be asked again', async () => {
    expect(await uninstall(config())).toEqual([`1 pinned maps and programs in ${join(pins, 'n+1')}`]);
    expect(existsSync(pins)).toBe(false);
    expect(existsSync(path('run'))).toBe(false);
    expect(existsSync(path('spool/n.1/frames'))).toBe(true);
    expect(await uninstall(config())).toEqual([]);
  });

  it('takes its files when told to, and no other ones', async () => {
    const removed = await uninstall(config(), { purge: true });
    expect(removed.slice(1).map((line) => line.split(':')[0])).toEqual([
      'records that were not sent',
      'the newest order',
      'what the kernel has taken',
      'key and certificate',
      'the credential',
    ]);
    expect(readdirSync(directory)).toEqual(['spool']);
    expect(readdirSync(path('spool'))).toEqual(['other']);
  });

  it('takes nothing while the agent runs', async () => {
    const lock = new InstanceLock(path('run'), 'n.1');
    await expect(uninstall(config(), { purge: true })).rejects.toMatchObject({ code: 'instance_running' });
    lock.release();
    expect(existsSync(join(pins, 'n+1'))).toBe(true);
    expect(existsSync(path('credential'))).toBe(true);
  });

  it('takes nothing when somebody else may have put it there', async () => {
    chmodSync(join(pins, 'n+1', '7'), 0o777);
    await expect(uninstall(config(), { purge: true })).rejects.toMatchObject({ code: 'pins_foreign' });
    expect(existsSync(join(pins, 'n+1/7/engine/current/maps/some'))).toBe(true);
    expect(existsSync(path('credential'))).toBe(true);
  });
});
