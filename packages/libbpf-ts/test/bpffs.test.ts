// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BpfMap, bpffs, isBpffs, mountBpffs, unmountBpffs } from '../src/index.js';
import { describeAsRoot, temporaryBpffs, thrownBy } from './support.js';

test('isBpffs is false elsewhere', () => {
  expect(isBpffs(tmpdir())).toBe(false);
  expect(isBpffs('/no/such/path')).toBe(false);
});

describeAsRoot('bpffs', () => {
  test('is mounted for root alone, found, and not mounted twice', () => {
    const path = temporaryBpffs();
    expect(isBpffs(path)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(bpffs.mountPoint()).toBeDefined();
    mountBpffs(path);
    mountBpffs(`${path}/below`);
    expect(isBpffs(`${path}/below`)).toBe(true);
  });

  test('takes its pins with it when it is unmounted', () => {
    const path = mkdtempSync(join(tmpdir(), 'libbpf-ts-'));
    mountBpffs(path);
    using map = BpfMap.create({ type: 'array', name: 'one', keySize: 4, valueSize: 4, maxEntries: 1 });
    map.pin(`${path}/one`);
    unmountBpffs(path);
    expect(existsSync(`${path}/one`)).toBe(false);
    expect(isBpffs(path)).toBe(false);
    rmdirSync(path);
  });

  test('says what cannot be unmounted', () => {
    expect(thrownBy(() => unmountBpffs('/no/such/path'))).toMatchObject({
      code: 'BPF_BPFFS',
      errnoName: 'ENOENT',
    });
  });
});
