// SPDX-License-Identifier: Apache-2.0
// What a module is built with for one of the kernels of kernels.mjs: Debian's headers and build scripts of exactly that
// kernel, unpacked below the state directory. Nothing is installed.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../packages.mjs';
import { stateDirectory } from '../paths.mjs';
import { fetchPackages } from './unpacked.mjs';

const cache = join(stateDirectory, 'kernels');

/**
 * @param {{ version: string, release: string }} kernel see fetchKernel()
 * @returns {Promise<string>} the directory for `make -C`
 * @throws {import('../say.mjs').Failure} apt cannot fetch them
 */
export async function fetchHeaders({ release }) {
  const name = `linux-headers-${release}`;
  const directory = join(cache, name);
  if (!existsSync(directory)) {
    for (const old of readdirSync(cache).filter((one) => isOlder(one, release)))
      rmSync(join(cache, old), { recursive: true, force: true });
    await fetchPackages(directory, (known) => [name, ...known(name)], { prepare: relocate });
  }
  return join(directory, 'usr/src', name);
}

/** Headers of another kernel of the same series. */
function isOlder(name, release) {
  const series = release.split('.').slice(0, 2).join('.');
  return name.startsWith(`linux-headers-${series}.`) && name !== `linux-headers-${release}`;
}

/** The headers say where they would have been installed. `directory` is where they will be. */
function relocate(unpacked, directory) {
  const sources = join(unpacked, 'usr/src');
  for (const name of readdirSync(sources)) {
    const makefile = join(sources, name, 'Makefile');
    if (!existsSync(makefile)) continue;
    const text = readFileSync(makefile, 'utf8');
    if (text.startsWith('include /usr/src/'))
      writeFileSync(makefile, text.replace('/usr/src/', `${directory}/usr/src/`));
  }
}

/**
 * Builds the module in a directory with a Kbuild file.
 * @param {string} headers see fetchHeaders()
 * @param {string} directory the sources; the results go there as well
 */
export function buildModule(headers, directory) {
  const parameters = ['-C', headers, `M=${directory}`, '-j2', 'modules'];
  execFileSync(findCommand('make'), parameters, { stdio: ['ignore', 'ignore', 'inherit'] });
}
