// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const here = fileURLToPath(new URL('..', import.meta.url));
const isSource = (name: string) => name.endsWith('.bpf.c') || /^(include|Makefile|manifest\.mjs)$/.test(name);
const filesOf = (directory: string) =>
  new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))]));

describe('what is built', () => {
  let work: string;
  let built: Map<string, Buffer>;

  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'undermesh-elsewhere-'));
    const elsewhere = join(work, 'of/another/name');
    mkdirSync(elsewhere, { recursive: true });
    for (const name of readdirSync(here).filter(isSource)) {
      cpSync(join(here, name), join(elsewhere, name), { recursive: true });
    }
    cpSync(join(here, '../kmod'), join(elsewhere, '../kmod'), { recursive: true });
    execFileSync('make', ['-C', elsewhere], { stdio: ['ignore', 'ignore', 'inherit'] });
    built = filesOf(join(elsewhere, 'dist'));
  }, 120_000);
  afterAll(() => rmSync(work, { recursive: true }));

  it('has the same bytes in another directory', () => {
    expect([...built.keys()]).toContain('manifest.json');
    for (const [name, content] of built) {
      expect(content.equals(readFileSync(join(here, 'dist', name))), name).toBe(true);
    }
  });

  it('is in the manifest with its hash', () => {
    const { objects } = JSON.parse(String(built.get('manifest.json')));
    built.delete('manifest.json');
    const hashes = [...built].map(([name, content]) => [
      name,
      createHash('sha256').update(content).digest('hex'),
    ]);
    expect(objects).toEqual(Object.fromEntries(hashes));
  });
});
