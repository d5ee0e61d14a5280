// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCredential } from '../../src/uplink/credential.js';
import { isLoopback, portOf } from '../../src/uplink/endpoint.js';

describe('credential', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'undermesh-credential-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const file = (text: string, mode: number) => {
    const path = join(directory, 'credential');
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const code = (expected: string) => expect.objectContaining({ code: expected });

  it('is read, without the line end', () => {
    expect(readCredential(file('um_abc\n', 0o600))).toBe('um_abc');
  });

  it.each([0o640, 0o604, 0o777])('is refused when others may read it: %o', (mode) => {
    expect(() => readCredential(file('x', mode))).toThrow(code('credential_permissions'));
  });

  it('must be there and hold something', () => {
    expect(() => readCredential(join(directory, 'absent'))).toThrow(code('credential_unreadable'));
    expect(() => readCredential(file('\n', 0o600))).toThrow(code('credential_unreadable'));
  });
});

describe('the road to the collector', () => {
  it.each([
    ['ws://127.0.0.1:7070/x', true, 7070],
    ['ws://localhost/x', true, 80],
    ['wss://[::1]/x', true, 443],
    ['wss://collector.example:444/x', false, 444],
    ['ws://128.0.0.1:1/x', false, 1],
  ])('%s', (url, loopback, port) => {
    expect([isLoopback(url), portOf(url)]).toEqual([loopback, port]);
  });
});
