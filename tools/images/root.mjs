// SPDX-License-Identifier: Apache-2.0
// The root file system that an image's last stage describes, made without a container engine: Debian by debootstrap, from
// where this machine gets its packages, with the packages that the Containerfile installs; the rest is carried out as it
// stands there. Node.js is the one that runs this.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assemble } from '../../packaging/images/assemble.mjs';
import { run } from '../command.mjs';
import { findCommand } from '../packages.mjs';
import { root as checkout, stateDirectory } from '../paths.mjs';
import { Failure, say } from '../say.mjs';
import { readLastStage } from './containerfile.mjs';

const SUITE = 'bookworm';
const cache = join(stateDirectory, 'images');

/** What an image is made of. @param {'agent' | 'collector'} product */
export const stageOf = (product) =>
  readLastStage(join(checkout, `packaging/images/${product}.Containerfile`));

/**
 * Makes the root of an image.
 * @param {'agent' | 'collector'} product
 * @param {string} directory to be made
 */
export async function makeRoot(product, directory) {
  const stage = stageOf(product);
  copyTree(await debian(stage), directory);
  for (const { from, to } of stage.copied) built[from](product, join(directory, to));
  for (const command of stage.commands) execFileSync('chroot', [directory, '/bin/sh', '-c', command]);
}

/** What the stage `build` makes. */
const built = {
  '/usr/local/bin/node': (_, path) => {
    mkdirSync(dirname(path), { recursive: true });
    cpSync(process.execPath, path, { dereference: true });
  },
  '/product': assemble,
};

/**
 * Debian with these packages, unpacked below the state directory. It stays until the packages are others.
 * @throws {Failure} debootstrap fails
 */
async function debian({ from, packages }) {
  if (from !== `docker.io/library/debian:${SUITE}-slim`) throw new Error(`no test makes ${from}`);
  const list = [...packages].sort().join(',');
  const name = `${SUITE}-${createHash('sha256').update(list).digest('hex').slice(0, 12)}`;
  const directory = join(cache, name);
  if (existsSync(directory)) return directory;
  const fresh = `${directory}.${process.pid}`;
  mkdirSync(cache, { recursive: true });
  say(`making a root with ${list} ...`);
  const command = [
    findCommand('debootstrap') ?? 'debootstrap',
    '--variant=minbase',
    `--include=${list}`,
    SUITE,
    fresh,
    mirror(),
  ];
  try {
    const { code, log } = await run(command, { log: `debootstrap-${name}`, env: proxies() });
    if (code !== 0) throw new Failure('debootstrap failed', { log, mend: 'see the end of its log' });
    for (const rest of ['var/lib/apt/lists', 'var/cache/apt']) emptyOut(join(fresh, rest));
    renameSync(fresh, directory);
    return directory;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Where this machine's apt gets the suite from. */
function mirror() {
  const command = [
    'indextargets',
    '--format',
    '$(CODENAME) $(COMPONENT) $(REPO_URI)',
    'Created-By: Packages',
  ];
  const lines = execFileSync(findCommand('apt-get'), command, { encoding: 'utf8' }).split('\n');
  const line = lines.find((one) => one.startsWith(`${SUITE} main `));
  if (line !== undefined) return line.split(' ')[2];
  throw new Failure(`apt knows no Debian ${SUITE}`, {
    mend: `add a source of Debian ${SUITE} and run apt-get update`,
  });
}

/** The proxies that apt goes through, for the program that debootstrap downloads by. */
function proxies() {
  const text = execFileSync(findCommand('apt-config'), ['dump'], { encoding: 'utf8' });
  const found = [...text.matchAll(/^Acquire::(https?)::Proxy "(.+)";$/gim)];
  return Object.fromEntries(found.map(([, scheme, url]) => [`${scheme.toLowerCase()}_proxy`, url]));
}

function emptyOut(directory) {
  for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true });
}

/**
 * Owners, links and modes included. Files are the same ones where both are on one file system: an image's instructions
 * add files and change none.
 */
function copyTree(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  try {
    execFileSync('cp', ['--archive', '--link', from, to], { stdio: 'pipe' });
  } catch {
    rmSync(to, { recursive: true, force: true });
    execFileSync('cp', ['--archive', from, to]);
  }
}
