// SPDX-License-Identifier: Apache-2.0
// A kernel that checks what it does: memory (KASAN), locks (lockdep), sleeping where that is forbidden, lists, timers and
// work items. Debian has none, so it is built from Debian's sources of the series, with no more than a guest needs
// (checked.config): half an hour on two cores, the first time.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCommand } from '../packages.mjs';
import { environment } from '../paths.mjs';
import { Failure, say } from '../say.mjs';
import { cache, fetchSources } from './sources.mjs';

const settings = fileURLToPath(new URL('./checked.config', import.meta.url));

/**
 * Builds it, or finds what was built. It takes some 3 GB below the state directory.
 * @param {string} version `6.12`
 * @returns {Promise<{ version: string, release: string, image: string, modules: string, headers: string, slower: number }>}
 *   as fetchKernel() has it; `headers`: as fetchHeaders(); `slower`: how much longer things take there
 * @throws {Failure} apt cannot fetch the sources, or they cannot be built
 */
export async function buildCheckedKernel(version) {
  const { name, archive } = await fetchSources(version);
  const directory = join(cache, `${name}-checked`);
  const headers = join(directory, name);
  if (!existsSync(directory)) build(archive, directory, name);
  const [release] = readdirSync(join(directory, 'lib/modules'));
  return {
    version: `${version}-checked`,
    release,
    image: join(headers, 'arch/x86/boot/bzImage'),
    modules: join(directory, 'lib/modules', release),
    headers,
    slower: 5,
  };
}

/** What the tree's own files say of where they are is relative: it may be moved once it is whole. */
function build(archive, directory, name) {
  const fresh = `${directory}.${process.pid}`;
  const tree = join(fresh, name);
  const make = (...parameters) => run('make', ['-s', '-C', tree, `-j${cpus().length}`, ...parameters]);
  execFileSync('mkdir', ['-p', fresh]);
  try {
    say(`building ${name} with checks: half an hour on two cores ...`);
    run('tar', ['-C', fresh, '-xf', archive]);
    make(`KCONFIG_ALLCONFIG=${settings}`, 'allnoconfig');
    refuseLosses(join(tree, '.config'));
    make('bzImage', 'modules');
    make(`INSTALL_MOD_PATH=${fresh}`, 'modules_install');
    renameSync(fresh, directory);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** A setting whose own conditions are not met is left out by the kernel's own tools, without a word. */
function refuseLosses(config) {
  const set = new Set(readFileSync(config, 'utf8').split('\n'));
  const lost = readFileSync(settings, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('CONFIG_') && !set.has(line));
  if (lost.length > 0) throw new Failure(`this kernel's sources do not take ${lost.join(', ')}`);
}

function run(program, parameters) {
  execFileSync(findCommand(program), parameters, {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
