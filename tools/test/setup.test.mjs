// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { isInstalled } from '../install.mjs';
import { nodeName } from '../mesh.mjs';
import { findCommand, missing, needs, purposesOfTests } from '../packages.mjs';
import { logEntry, plain } from '../say.mjs';

const lock = (packages) => ({ packages });
const installed = lock({
  'node_modules/ws': { version: '8.1.0' },
  'node_modules/@undermesh/core': { link: true, resolved: 'packages/core' },
});

describe('whether npm packages are installed', () => {
  it('holds when every package is there in its version', () => {
    const wanted = lock({
      '': { name: 'undermesh' },
      'packages/core': { version: '0.1.0' },
      'node_modules/ws': { version: '8.1.0' },
      'node_modules/@undermesh/core': { link: true, resolved: 'packages/core' },
      'node_modules/@next/swc-darwin-arm64': { version: '16.0.0', optional: true },
    });
    expect(isInstalled(wanted, installed)).toBe(true);
  });

  it('does not hold when one is absent, older, or nothing was ever installed', () => {
    expect(isInstalled(lock({ 'node_modules/ws': { version: '8.2.0' } }), installed)).toBe(false);
    expect(isInstalled(lock({ 'node_modules/pino': { version: '1.0.0' } }), installed)).toBe(false);
    expect(isInstalled(lock({ 'packages/core/node_modules/pino': { version: '1.0.0' } }), installed)).toBe(
      false,
    );
    expect(isInstalled(installed, undefined)).toBe(false);
  });
});

describe('Debian packages', () => {
  it('are missing when what is used of them is', () => {
    const list = [
      { package: 'a', present: () => true },
      { package: 'b', present: () => false },
    ];
    expect(missing(list).map((need) => need.package)).toEqual(['b']);
  });

  it('are all here where the tests run', () => {
    const needed = purposesOfTests.flatMap((purpose) => needs[purpose]);
    expect(missing(needed).map((need) => need.package)).toEqual([]);
  });

  it('each say what they are for', () => {
    for (const need of Object.values(needs).flat()) expect(need.use).toMatch(/\w/);
  });

  it('finds commands of root that are not on the PATH', () => {
    expect(findCommand('sh')).toMatch(/\/sh$/);
    expect(findCommand('no-such-command')).toBeUndefined();
  });
});

it('makes a node’s name out of any host name', () => {
  expect(nodeName('vm-1.example')).toBe('vm-1.example');
  expect(nodeName('my host')).toBe('my-host');
  expect(nodeName('')).toBe('host');
});

describe('log entries', () => {
  const entry = JSON.stringify({ level: 60, msg: 'cannot listen', err: { message: 'in use' } });

  it('are shown as what they say', () => {
    expect(plain(`${entry}\nnot JSON\n{"a":1}\n`)).toBe('cannot listen (in use)\nnot JSON\n{"a":1}');
    expect(logEntry(entry).level).toBe(60);
    expect(logEntry('{"a"')).toBeUndefined();
  });
});
