// SPDX-License-Identifier: Apache-2.0
import { existsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
    const path = temporaryBpffs();
    mountBpffs(`${tmpdir()}/libbpf-ts-second`);
    using map = BpfMap.create({ type: 'array', name: 'one', keySize: 4, valueSize: 4, maxEntries: 1 });
    map.pin(`${tmpdir()}/libbpf-ts-second/one`);
    unmountBpffs(`${tmpdir()}/libbpf-ts-second`);
    expect(existsSync(`${tmpdir()}/libbpf-ts-second/one`)).toBe(false);
    expect(isBpffs(path)).toBe(true);
  });

  test('says what cannot be unmounted', () => {
    expect(thrownBy(() => unmountBpffs('/no/such/path'))).toMatchObject({
      code: 'BPF_BPFFS',
      errnoName: 'ENOENT',
    });
  });
});
