// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceFile, replaceFileSync } from '../src/durable-file.js';

describe.each([
  ['replaceFile', replaceFile],
  ['replaceFileSync', replaceFileSync],
])('%s', (_, replace) => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'undermesh-durable-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('makes and replaces a file of its owner, and leaves no draft', async () => {
    const path = join(directory, 'file');
    await replace(path, 'a longer first content');
    await replace(path, 'second');
    expect(readFileSync(path, 'utf8')).toBe('second');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['file']);
  });

  it('tells when it cannot, and leaves what is there', async () => {
    await expect((async () => replace(join(directory, 'missing', 'file'), 'x'))()).rejects.toThrow('ENOENT');
    expect(readdirSync(directory)).toEqual([]);
  });
});
