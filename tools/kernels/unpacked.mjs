// SPDX-License-Identifier: Apache-2.0
// Debian packages that are unpacked somewhere and not installed. They come by apt from wherever this machine gets its
// packages.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { aptGet, findCommand } from '../packages.mjs';
import { Failure, say } from '../say.mjs';

/**
 * Unpacks packages into one directory, which is there only when it is complete.
 * @param {string} directory
 * @param {(parts: (name: string) => string[]) => string[]} choose gives their names; `parts` gives those that a package
 *   of a kernel's headers depends on, of the same kernel
 * @param {object} [options]
 * @param {(unpacked: string, directory: string) => void} [options.prepare] changes what was unpacked
 * @param {string[]} [options.apt] further options of apt
 */
export async function fetchPackages(directory, choose, { prepare = () => {}, apt = [] } = {}) {
  if (existsSync(directory)) return;
  const fresh = `${directory}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  try {
    say(`fetching ${basename(directory)} ...`);
    let { code, log, names } = await download(choose, fresh, apt);
    if (code !== 0) {
      // The lists are absent, or so old that what they name is gone.
      await aptGet([...apt, 'update']);
      ({ code, log, names } = await download(choose, fresh, apt));
    }
    if (code !== 0)
      throw new Failure(`cannot download ${names.join(', ')}`, {
        log,
        mend: 'see what "apt-get update" says of the source of these packages, then try again',
      });
    for (const archive of readdirSync(fresh).filter((name) => name.endsWith('.deb'))) {
      execFileSync(findCommand('dpkg-deb'), ['--extract', archive, '.'], { cwd: fresh });
      rmSync(join(fresh, archive));
    }
    prepare(fresh, directory);
    renameSync(fresh, directory);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function download(choose, cwd, apt) {
  const names = choose(partsOf);
  return { ...(await aptGet([...apt, 'download', ...names], { cwd })), names };
}

function partsOf(name) {
  try {
    const show = execFileSync(findCommand('apt-cache'), ['show', '--no-all-versions', name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const depends = /^Depends: (.*)$/m.exec(show)?.[1] ?? '';
    return depends
      .split(/, */)
      .map((one) => one.split(' ')[0])
      .filter((one) => /^linux-(kbuild|headers)-/.test(one));
  } catch {
    return []; // unknown: the download says so
  }
}
