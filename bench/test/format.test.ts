// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const style = join(root, '../bpf/.clang-format');

it('all C here is formatted like that of the product', () => {
  const files = ['bpf', 'faults', 'load'].flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[ch]$/.test(name))
      .map((name) => join(directory, name)),
  );
  expect(files.length).toBeGreaterThan(5);
  execFileSync('clang-format', ['--dry-run', '--Werror', `--style=file:${style}`, ...files], {
    cwd: root,
    stdio: 'pipe',
  });
});
