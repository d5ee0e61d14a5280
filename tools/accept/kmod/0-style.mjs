// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchSources } from '../../kernels/sources.mjs';
import { ensurePackages, findCommand } from '../../packages.mjs';
import { root } from '../../paths.mjs';

const VERSION = '6.12';

/** What checkpatch says of these is about sources of one kernel, or of what is written once. */
const LEFT_OUT = {
  LINUX_VERSION_CODE: 'a module of its own is built for many kernels: compat.h',
  CONSTANT_COMPARISON: 'the same lines: it takes the name in capitals for a constant',
  CONST_STRUCT:
    'operations are made from TCP’s when the module is loaded, and const for whom they are given to',
};

export const title = `The module's sources as the kernel wants them: checkpatch.pl of ${VERSION} finds nothing`;

export async function run() {
  await ensurePackages(['kernels', 'checked']);
  const { name, archive } = await fetchSources(VERSION);
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-style-'));
  try {
    const scripts = ['checkpatch.pl', 'spelling.txt', 'const_structs.checkpatch'];
    const members = scripts.map((script) => `${name}/scripts/${script}`);
    execFileSync(findCommand('tar'), ['-C', directory, '--strip-components=2', '-xf', archive, ...members]);
    const sources = readdirSync(join(root, 'kmod')).filter((file) => /\.[ch]$/.test(file));
    const ignore = `--ignore=${Object.keys(LEFT_OUT).join()}`;
    const { stdout, stderr } = spawnSync(
      findCommand('perl'),
      [join(directory, 'checkpatch.pl'), '--no-tree', '--show-types', ignore, '-f', ...sources],
      { cwd: join(root, 'kmod'), encoding: 'utf8' },
    );
    const clean = stdout.split('\n').filter((line) => line.includes('has no obvious style problems')).length;
    return {
      held: clean === sources.length,
      figures: { files: sources.length, 'files without a finding': clean, ...LEFT_OUT },
      note: clean === sources.length ? '' : `${stdout}${stderr}`,
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
