// SPDX-License-Identifier: Apache-2.0
// Builds the reader of HTTP/1.1 into a program of user space, with a source of this directory.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const module_ = fileURLToPath(new URL('../..', import.meta.url));

/** @returns {string} which reader it is: the front of a digest of its sources, in the order of their names */
export function readerDigest() {
  const names = readdirSync(module_).filter((name) => /^http1\w*\.[ch]$/.test(name));
  const digest = createHash('sha256');
  for (const name of names.sort()) digest.update(readFileSync(join(module_, name)));
  return digest.digest('hex').slice(0, 8);
}

const FLAGS = ['-std=gnu11', '-O2', '-g', '-Wall', '-Wextra', '-Werror'];

/**
 * @param {string} source `script.c`
 * @param {{ compiler?: 'gcc' | 'clang', flags?: string[], readerFlags?: string[] }} [options] `readerFlags`: of the
 *   reader only
 * @returns {{ program: string, directory: string, remove(): void }} `directory`: holds the program, and may hold more
 */
export function compile(source, { compiler = 'clang', flags = [], readerFlags = [] } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-http1-'));
  const program = join(directory, source.replace(/\.c$/, ''));
  const run = (...parameters) =>
    execFileSync(compiler, [...FLAGS, ...flags, ...parameters], { stdio: 'inherit', cwd: directory });
  const parts = readdirSync(module_)
    .filter((name) => /^http1\w*\.c$/.test(name))
    .map((name) => join(module_, name));
  run(...readerFlags, '-c', ...parts);
  const objects = parts.map((path) => path.replace(/.*\//, '').replace(/c$/, 'o'));
  run('-o', program, ...objects, ...[source, 'pieces.c'].map((name) => join(here, name)));
  return { program, directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
