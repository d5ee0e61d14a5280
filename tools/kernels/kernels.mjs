// SPDX-License-Identifier: Apache-2.0
// Debian's kernels, fetched by apt from wherever this machine gets its packages, and unpacked below the state
// directory: nothing is installed. The `cloud` flavour has few modules and boots fast.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { aptGet, findCommand } from '../packages.mjs';
import { stateDirectory } from '../paths.mjs';
import { Failure, say } from '../say.mjs';

/** The kernels that are verified beside the one that runs. */
export const versions = ['6.1', '6.12'];

const cache = join(stateDirectory, 'kernels');

/**
 * The newest kernel of a series that this machine's apt knows, unpacked.
 * @param {string} version `6.1`
 * @returns {Promise<{ version: string, release: string, image: string, modules: string }>} `image`: what QEMU boots;
 *   `modules`: the directory `lib/modules/RELEASE`
 * @throws {Failure} apt knows none, or cannot fetch it
 */
export async function fetchKernel(version) {
  const name = await newestPackage(version);
  const directory = join(cache, name);
  if (!existsSync(directory)) await unpack(name, directory);
  const [release] = readdirSync(join(directory, 'lib/modules'));
  return {
    version,
    release,
    image: join(directory, 'boot', `vmlinuz-${release}`),
    modules: join(directory, 'lib/modules', release),
  };
}

async function newestPackage(version) {
  const known = findPackage(version);
  if (known) return known;
  await aptGet(['update']);
  const found = findPackage(version);
  if (found) return found;
  throw new Failure(`apt knows no Linux ${version} of the cloud flavour`, {
    mend: `add a Debian repository that has linux-image-${version}*-cloud-amd64 (bookworm and bookworm-security do) and run apt-get update`,
  });
}

function findPackage(version) {
  const pattern = `^linux-image-${version.replaceAll('.', '\\.')}\\.[0-9].*-cloud-amd64$`;
  const lines = execFileSync('apt-cache', ['search', '--names-only', pattern], { encoding: 'utf8' });
  const names = lines.split('\n').flatMap((line) => line.split(' ')[0] || []);
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}

/** All or nothing: a directory is there only when it is complete. */
async function unpack(name, directory) {
  const fresh = `${directory}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  try {
    say(`fetching ${name} ...`);
    const { code, log } = await aptGet(['download', name], { cwd: fresh });
    if (code !== 0) {
      throw new Failure(`cannot download ${name}`, { log, mend: 'apt-get update, then try again' });
    }
    const [archive] = readdirSync(fresh);
    execFileSync(findCommand('dpkg-deb'), ['--extract', archive, '.'], { cwd: fresh });
    rmSync(join(fresh, archive));
    renameSync(fresh, directory);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
