// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  MODULE_INTERFACE,
  moduleProblem,
  readModule,
  readModuleCounters,
} from '../../src/kernel/native-module.js';

let sys: string;
beforeEach(() => {
  sys = mkdtempSync(join(tmpdir(), 'undermesh-sys-'));
});
afterEach(() => rmSync(sys, { recursive: true }));

/** As the kernel shows a module that is loaded. */
function load(interfaceNumber: number, { btf = true } = {}): void {
  const directory = join(sys, 'module/undermesh');
  mkdirSync(join(directory, 'parameters'), { recursive: true });
  writeFileSync(join(directory, 'initstate'), 'live\n');
  writeFileSync(join(directory, 'version'), '0.1.0\n');
  writeFileSync(join(directory, 'srcversion'), 'C0FFEE\n');
  writeFileSync(join(directory, 'parameters/interface'), `${interfaceNumber}\n`);
  mkdirSync(join(sys, 'kernel/btf'), { recursive: true });
  if (btf) writeFileSync(join(sys, 'kernel/btf/undermesh'), '');
}

const problem = (release = '6.12.48-amd64', libbpf = 'v1.4'): string | null =>
  moduleProblem({ sys, release, libbpf });

describe('what keeps a node from the kernel-native engine', () => {
  it('is nothing where the module is there', () => {
    load(MODULE_INTERFACE);
    expect(problem()).toBeNull();
    const state = { loaded: true, version: '0.1.0', source: 'C0FFEE', interface: MODULE_INTERFACE };
    expect(readModule({ sys })).toEqual(state);
  });

  it('is the kernel, before the module', () => {
    expect(problem('5.15.0')).toBe(
      'this kernel is 5.15.0, and its module needs Linux 6.1 or later: boot a newer one, or use dual-engine',
    );
  });

  it('is neither BTF nor libbpf where modules have no struct_ops', () => {
    load(MODULE_INTERFACE, { btf: false });
    expect(problem('6.1.0-18-amd64', 'v1.1')).toBeNull();
  });

  it('is a module that is not loaded, with the command', () => {
    expect(readModule({ sys })).toEqual({ loaded: false, version: null, source: null, interface: null });
    expect(problem()).toMatch(/is not loaded: run `modprobe undermesh`.*undermesh-dkms/);
  });

  it('is a module of another release, with how it is let go', () => {
    load(MODULE_INTERFACE + 1);
    const said = `(0.1.0) has interface ${MODULE_INTERFACE + 1}, this agent ${MODULE_INTERFACE}: `;
    expect(problem()).toContain(said);
    expect(problem()).toMatch(/dual-engine.*modprobe -r undermesh/);
  });

  it('is a module without BTF', () => {
    load(MODULE_INTERFACE, { btf: false });
    expect(problem()).toMatch(/without BTF: install pahole/);
  });

  it('is an older libbpf', () => {
    load(MODULE_INTERFACE);
    expect(problem('6.12.48', 'v1.1')).toMatch(/libbpf is v1\.1: install 1\.4 or later/);
    expect(problem('7.0.0', 'v2.0')).toBeNull();
  });
});

it('the interface is that of the module', () => {
  const header = readFileSync(fileURLToPath(new URL('../../../../kmod/request.h', import.meta.url)), 'utf8');
  expect(Number(/#define UNDERMESH_INTERFACE (\d+)/.exec(header)?.[1])).toBe(MODULE_INTERFACE);
});

it('reads what the module counts', () => {
  const file = join(sys, 'undermesh');
  writeFileSync(file, 'deferred 12\nstays_foreign 3\ndeferrals 0\n');
  expect([...readModuleCounters(file)]).toEqual([
    ['deferred', 12],
    ['stays_foreign', 3],
    ['deferrals', 0],
  ]);
  expect(readModuleCounters(join(sys, 'none')).size).toBe(0);
});
