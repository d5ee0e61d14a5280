// SPDX-License-Identifier: Apache-2.0
// A libbpf that knows struct_ops of modules (1.4.6 or later). Debian 12 has one among its backports, which a machine need
// not have among its sources: they are asked for at the mirror that it has, and nothing is installed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../packages.mjs';
import { stateDirectory } from '../paths.mjs';
import { Failure } from '../say.mjs';
import { fetchPackages } from './unpacked.mjs';

const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * @returns {Promise<{ include: string, library: string }>} directories for a compiler and for LD_LIBRARY_PATH
 * @throws {Failure} there is no mirror of Debian 12, or it has no backports
 */
export async function fetchLibbpf() {
  const directory = join(stateDirectory, 'kernels', 'libbpf-backport');
  if (!existsSync(directory))
    await fetchPackages(directory, () => ['libbpf1', 'libbpf-dev'], { apt: backports() });
  const library = join(directory, 'usr/lib/x86_64-linux-gnu');
  return { include: join(directory, 'usr/include'), library };
}

/** Options that have apt see the backports only, with lists of its own. */
function backports() {
  const own = join(stateDirectory, 'apt');
  mkdirSync(join(own, 'lists/partial'), { recursive: true });
  const sources = join(own, 'sources.list');
  writeFileSync(sources, `deb [signed-by=${KEYS}] ${mirror()} bookworm-backports main\n`);
  return [
    ...['-o', `Dir::Etc::sourcelist=${sources}`, '-o', 'Dir::Etc::sourceparts=-'],
    ...['-o', `Dir::State::lists=${own}/lists`, '-o', `Dir::Cache=${own}`],
  ];
}

/** Where this machine gets Debian 12 from. */
function mirror() {
  const format = '$(CODENAME) $(REPO_URI)';
  const targets = execFileSync(
    findCommand('apt-get'),
    ['indextargets', '--format', format, 'Created-By: Packages'],
    { encoding: 'utf8' },
  );
  const line = targets.split('\n').find((one) => one.startsWith('bookworm '));
  if (line === undefined)
    throw new Failure('apt has no source of Debian 12 (bookworm), from which libbpf 1.4.6 would come', {
      mend: 'run this on Debian 12',
    });
  return line.split(' ')[1];
}
