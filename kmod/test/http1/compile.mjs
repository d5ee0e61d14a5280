// SPDX-License-Identifier: Apache-2.0
// Builds the reader of HTTP/1.1 into a program of user space, with a source of this directory.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const module_ = fileURLToPath(new URL('../..', import.meta.url));

const FLAGS = ['-std=gnu11', '-O2', '-g', '-Wall', '-Wextra', '-Werror'];

/**
 * @param {string} source `script.c`
 * @param {{ compiler?: 'gcc' | 'clang', flags?: string[] }} [options]
 * @returns {{ program: string, directory: string, remove(): void }} `directory`: holds the program, and may hold more
 */
export function compile(source, { compiler = 'clang', flags = [] } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-http1-'));
  const program = join(directory, source.replace(/\.c$/, ''));
  const parts = ['http1.c', 'http1_bytes.c', 'http1_body.c', 'http1_exchange.c', 'http1_names.c'].map(
    (name) => join(module_, name),
  );
  const own = [source, 'pieces.c'].map((name) => join(here, name));
  execFileSync(compiler, [...FLAGS, ...flags, '-o', program, ...parts, ...own], { stdio: 'inherit' });
  return { program, directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
