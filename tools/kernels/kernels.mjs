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

/** No package of the series, neither among those that apt knows nor unpacked here. */
export class UnknownKernel extends Failure {}

/**
 * The newest kernel of a series that this machine's apt knows, unpacked. It stays, under the name of its package, until
 * there is a newer one; what is unpacked is used when apt knows none any more.
 * @param {string} version `6.1`
 * @returns {Promise<{ version: string, release: string, image: string, modules: string }>} `image`: what QEMU boots;
 *   `modules`: the directory `lib/modules/RELEASE`
 * @throws {UnknownKernel}
 * @throws {Failure} apt cannot fetch it
 */
export async function fetchKernel(version) {
  let name = newestKnown(version);
  if (name === undefined || !(await unpack(name)).done) {
    // The lists are absent, or so old that what they name is gone.
    await aptGet(['update']);
    name = newestKnown(version) ?? newest(unpackedOf(version));
    if (name === undefined) throw unknown(version);
    const { done, log } = await unpack(name);
    if (!done)
      throw new Failure(`cannot download ${name}`, {
        log,
        mend: 'see what "apt-get update" says of the source of this package, then try again',
      });
  }
  for (const old of unpackedOf(version).filter((one) => one !== name))
    rmSync(join(cache, old), { recursive: true, force: true });
  const directory = join(cache, name);
  const [release] = readdirSync(join(directory, 'lib/modules'));
  return {
    version,
    release,
    image: join(directory, 'boot', `vmlinuz-${release}`),
    modules: join(directory, 'lib/modules', release),
  };
}

const unknown = (version) =>
  new UnknownKernel(`apt knows no Linux ${version} of the cloud flavour`, {
    mend: `add a Debian repository that has linux-image-${version}*-cloud-amd64 (bookworm has 6.1, bookworm-security and bookworm-backports have 6.12) and run apt-get update`,
  });

const nameOf = (version) => `^linux-image-${version.replaceAll('.', '\\.')}\\.[0-9].*-cloud-amd64$`;

function newestKnown(version) {
  const search = findCommand('apt-cache');
  if (search === undefined) return undefined;
  const lines = execFileSync(search, ['search', '--names-only', nameOf(version)], { encoding: 'utf8' });
  return newest(lines.split('\n').flatMap((line) => line.split(' ')[0] || []));
}

function unpackedOf(version) {
  if (!existsSync(cache)) return [];
  return readdirSync(cache).filter((name) => new RegExp(nameOf(version)).test(name));
}

const newest = (names) => names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);

/** All or nothing: a directory is there only when it is complete. */
async function unpack(name) {
  const directory = join(cache, name);
  if (existsSync(directory)) return { done: true };
  const fresh = `${directory}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  try {
    say(`fetching ${name} ...`);
    const { code, log } = await aptGet(['download', name], { cwd: fresh });
    if (code !== 0) return { done: false, log };
    const [archive] = readdirSync(fresh);
    execFileSync(findCommand('dpkg-deb'), ['--extract', archive, '.'], { cwd: fresh });
    rmSync(join(fresh, archive));
    renameSync(fresh, directory);
    return { done: true };
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
