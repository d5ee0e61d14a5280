// SPDX-License-Identifier: Apache-2.0
// The test bed's C programs: built on demand.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const out = fileURLToPath(new URL('./out/', import.meta.url));

/** Builds a program from the C files of a directory when it is older than these. @returns {string} its path */
export function compile(directory, name) {
  const program = join(out, name);
  const files = readdirSync(directory).map((file) => join(directory, file));
  const newest = Math.max(...files.map((file) => statSync(file).mtimeMs));
  if ((statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= newest) return program;
  mkdirSync(out, { recursive: true });
  const fresh = `${program}.${process.pid}`; // tests build side by side: the last one in place wins
  const sources = files.filter((file) => file.endsWith('.c'));
  execFileSync('clang', ['-O2', '-Wall', '-Wextra', '-pthread', '-o', fresh, ...sources]);
  renameSync(fresh, program);
  return program;
}
