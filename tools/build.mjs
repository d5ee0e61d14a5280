// SPDX-License-Identifier: Apache-2.0
import { step } from './command.mjs';
import { ensureInstalled } from './install.mjs';
import { ensurePackages } from './packages.mjs';
import { binary } from './paths.mjs';
import { Failure } from './say.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);

/** Workspaces that a purpose needs built, as turbo filters them; all of them for any other purpose. */
const needed = {
  start: ['!@undermesh/bench'], // it leans on the inner parts of all others
  demo: [],
  kernels: ['@undermesh/agent...', '@undermesh/collector...'],
};

/** Builds what changed since the last build. */
export function build(purposes) {
  const all = purposes.some((purpose) => !(purpose in needed));
  const filter = all ? [] : purposes.flatMap((purpose) => needed[purpose].map((one) => `--filter=${one}`));
  const command = [
    binary('turbo'),
    'run',
    'build',
    '--concurrency=2',
    '--output-logs=errors-only',
    ...filter,
  ];
  return step('building', command, { log: 'build', mend: 'run "npm run build" to see all of it' });
}

/** From a fresh checkout to something that runs. @param {(keyof typeof import('./packages.mjs').needs)[]} purposes */
export async function prepare(purposes) {
  if (major < 20 || (major === 20 && minor < 15)) {
    throw new Failure(`Node.js ${process.versions.node} is too old`, {
      mend: 'install Node.js 20.15 or later',
    });
  }
  if (process.platform !== 'linux')
    throw new Failure('Undermesh runs on Linux only: it works inside its kernel');
  await ensurePackages(purposes);
  await ensureInstalled();
  await build(purposes);
}
